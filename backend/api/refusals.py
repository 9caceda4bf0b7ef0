"""Who is refused a person's health services is noted: a refused request is rolled back, its event is written after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from backend.audit.history import record
from backend.org.access import actor_of, grants

if TYPE_CHECKING:
    from backend.org.models import User

REFUSED = 403


class Refusals:
    """One event for every 403 of a view, of the API or a page, that says `refusals_are_kept`.

    It tells who, in which role and place, and the address without its parameters: whose services were wanted is told to
    nobody, for the question alone would make a name a health matter.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Outside of the view's transaction."""
        response = self.get_response(request)
        if response.status_code == REFUSED and _is_kept(request):
            _tell(request)
        return response


def _is_kept(request: HttpRequest) -> bool:
    match = request.resolver_match
    called: Any = match.func if match else None
    view = getattr(called, "cls", None) or getattr(called, "view_class", None)
    return bool(getattr(view, "refusals_are_kept", False)) and request.user.is_authenticated


def _tell(request: HttpRequest) -> None:
    user: User = request.user  # type: ignore[assignment]
    held = next(iter(grants(user)), None)
    match = request.resolver_match
    address = f"{request.method} {match.view_name if match else ''}"
    path = held.path if held else ""
    record(
        action="health_file.refused",
        actor=actor_of(user),
        now=timezone.now(),
        unit_path=path,
        data={"address": address},
    )
