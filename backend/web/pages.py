"""What every page shares: who may open it, the frame around it, and what a refused command looks like."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import resolve
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.utils.functional import Promise, SimpleLazyObject
from django.views import View
from django.views.decorators.gzip import gzip_page
from django_htmx.http import reswap, retarget
from django_htmx.middleware import HtmxDetails

from backend.org.access import granting
from backend.org.models import User
from backend.reminders.sending import unread
from backend.web import errors
from backend.web.navigation import menus
from backend.web.second_factor import is_missing

TEXT_SIZES = ("normal", "large", "largest")
TEXT_SIZE_COOKIE = "jieqin_text_size"


@method_decorator(gzip_page, name="dispatch")  # networks out here are slow
class Page(View):
    """A page for somebody who is logged in. Rows come from backend.web.door only."""

    needs: ClassVar[tuple[str, ...]] = ()
    """Actions of which one is needed somewhere; none: an account is enough."""
    template: ClassVar[str]
    title: ClassVar[str | Promise] = ""
    open_before_password_change: ClassVar[bool] = False
    """Whether it opens before one has an own password, and the second factor that one's role asks for."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may come in; everybody else logs in first, or gets 403."""
        if not request.user.is_authenticated:
            return self._log_in_first(request)
        if self.user.must_change_password and not self.open_before_password_change:
            return redirect("web:password")
        if not self.open_before_password_change and is_missing(request):
            return redirect("mfa_index")
        if self.needs and not any(granting(self.user, action) for action in self.needs):
            raise PermissionDenied
        response = super().dispatch(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    def show(
        self, context: dict[str, Any] | None = None, *, template: str | None = None, status: int = 200
    ) -> HttpResponse:
        """The page, or for htmx one of its parts (`template="web/inbox.html#rows"` is not needed: a file a part)."""
        told = {"page": self, "title": self.title, "now": self.now, **(context or {})}
        return render(self.request, template or self.template, told, status=status)

    @property
    def user(self) -> User:
        """Who reads."""
        return cast(User, self.request.user)

    @property
    def htmx(self) -> HtmxDetails:
        """What asked for a part of the page instead of the whole."""
        return cast(HtmxDetails, self.request.htmx)  # type: ignore[attr-defined]

    def may_open(self, address: str) -> bool:
        """Whether the reader's roles open the page at that address: no link leads to one that they do not."""
        needs = cast(type[Page], cast(Any, resolve(address).func).view_class).needs
        return not needs or any(granting(self.user, action) for action in needs)

    @cached_property
    def now(self) -> datetime:
        """The time of this request: read once."""
        return timezone.now()

    def _log_in_first(self, request: HttpRequest) -> HttpResponse:
        """A page is sent to the log-in; a part of one gets 401, so that what was typed stays; a form is given back."""
        if self.htmx:
            response = render(request, "web/parts/logged_out.html", status=401)
            return retarget(reswap(response, "innerHTML"), "#logged-out")
        if request.method in {"GET", "HEAD"}:
            return redirect_to_login(request.get_full_path())
        to_log_in = redirect_to_login(request.headers.get("Referer", "/"))
        return errors.logged_out(request, to_log_in.url) if errors.typed(request) else to_log_in


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of every template: the navigation, and how large the reader wants the text."""
    size = request.COOKIES.get(TEXT_SIZE_COOKIE, "")
    user = getattr(request, "user", None)
    known = user if user is not None and user.is_authenticated else None
    return {
        "navigation": menus(known) if known else [],
        "unread_reminders": SimpleLazyObject(lambda: _unread(known)) if known else 0,
        "may_take_days": user is not None and bool(granting(user, "own.deputy.write")),
        "text_size": size if size in TEXT_SIZES else TEXT_SIZES[0],
        "text_sizes": TEXT_SIZES,
        "is_demo": settings.DEMO,
    }


def _unread(user: User) -> int:
    """The number beside the bell. On a page that tells of a refusal nothing can be asked of the database any more."""
    return 0 if connection.needs_rollback else unread(user)
