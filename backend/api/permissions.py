"""What a call needs: a table on the viewset, read here.

`required_actions` maps the viewset's method to an action of backend.org.roles, to several of which one suffices, or to
LOGGED_IN. Whoever holds none anywhere gets 403; whoever holds it elsewhere never finds the row: 404, for rows are
reached through `visible_to` only. For a row that one may see but not change, the action must be held at its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission

from backend.core.errors import NotAllowed
from backend.org.access import granting

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

LOGGED_IN: tuple[str, ...] = ()
"""Needs an account and nothing more."""
ANYONE = ("*",)
"""Needs not even an account: logging in, the description of the interface."""

Needed = str | tuple[str, ...]


def needed(view: Any, method: str) -> tuple[str, ...]:
    """The actions of which one lets a caller in. Raises ImproperlyConfigured when the table forgot the method."""
    table: Mapping[str, Needed] = getattr(view, "required_actions", {})
    try:
        entry = table[method]
    except KeyError:
        raise ImproperlyConfigured(f"{type(view).__name__}.required_actions says nothing about {method!r}") from None
    return (entry,) if isinstance(entry, str) else entry


class PasswordChangeNeeded(NotAllowed):
    """A one-time password opens nothing but the way to an own one."""

    code = "password_change_needed"
    message = _("Choose your own password first.")


class RequiredActions(BasePermission):
    """Lets in who holds one of the required actions somewhere."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller may come in at all; an unknown method goes on to its 405."""
        method = getattr(view, "action", None)
        if method is None or method == "metadata":  # its 405 follows
            return bool(request.user.is_authenticated)
        actions = needed(view, method)
        if actions == ANYONE:
            return True
        if not request.user.is_authenticated:
            return False
        if request.user.must_change_password and method not in getattr(view, "open_before_password_change", ()):
            raise PasswordChangeNeeded
        return not actions or any(granting(request.user, action) for action in actions)
