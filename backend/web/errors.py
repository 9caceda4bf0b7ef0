"""Plain pages for what went wrong. What was typed into a form is shown again, to be copied: nobody types twice.

The page for an error of ours needs neither the database nor anything that could fail once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from structlog.contextvars import get_contextvars

from backend.api.errors import PROBLEM_JSON, describe, problem

NEVER_SHOWN = frozenset({"csrfmiddlewaretoken", "key", "version", "next", "old", "new", "code", "credential"})
"""Fields of forms that a person did not type, or that must not stand on a page; with those named …password…."""


@dataclass(frozen=True)
class Told:
    """What the page says."""

    status: int
    title: str | Promise
    text: str | Promise


MALFORMED = Told(400, _("This could not be understood"), _("The browser sent something that no page here asks for."))
NOT_ALLOWED = Told(
    403,
    _("This page is not open to you"),
    _("None of your roles leads here. If your work needs it, ask the security administrator."),
)
NOT_FOUND = Told(404, _("There is nothing here"), _("There is no such page, or it does not concern you."))
TOO_LARGE = Told(
    413, _("This is too large"), _("What was sent is larger than the system takes. Send less, or a smaller file.")
)
EXPIRED = Told(
    403,
    _("The form was not accepted"),
    _("It was open too long, or you logged in again in the meantime. Nothing was changed. Open the page once more."),
)
LOGGED_OUT = Told(401, _("You are logged out"), _("Nothing was changed. Log in, then open the page once more."))
BROKEN = Told(
    500,
    _("Something went wrong here"),
    _("It is not your fault. The error has been noted and nothing was changed. Please try again later."),
)


def malformed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: also what is too large."""
    return _page(request, TOO_LARGE if isinstance(exception, RequestDataTooBig) else MALFORMED, exception)


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return _page(request, NOT_ALLOWED, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return _page(request, NOT_FOUND, exception)


def expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: what was typed stands below."""
    return _page(request, EXPIRED)


def logged_out(request: HttpRequest, log_in: str) -> HttpResponse:
    """A form was sent after the session had ended; `log_in`: the address that leads back to the form's page."""
    return _page(request, LOGGED_OUT, back=log_in)


def broken(request: HttpRequest) -> HttpResponse:
    """handler500: without the database, the session, or the frame around other pages."""
    if request.path.startswith("/api/"):
        return JsonResponse(problem(500, "internal"), status=500, content_type=PROBLEM_JSON)
    told = {"told": BROKEN, "number": get_contextvars().get("request_id", "")}
    return _never_kept(HttpResponse(render_to_string("web/errors/broken.html", told), status=BROKEN.status))


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """Names and values of the form that was sent from a page of ours; not passwords and codes."""
    if request.method != "POST" or request.headers.get("Origin") not in {None, _site(request)}:
        return []
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NEVER_SHOWN and "password" not in name
        for value in values
        if value.strip()
    ]


def _page(request: HttpRequest, told: Told, exception: Exception | None = None, back: str = "") -> HttpResponse:
    if request.path.startswith("/api/") and exception is not None:
        document, headers = describe(exception)
        return JsonResponse(document, status=document["status"], headers=headers, content_type=PROBLEM_JSON)
    context: dict[str, Any] = {
        "told": told,
        "title": told.title,
        "typed": typed(request),
        "files": [file.name for _name, files in request.FILES.lists() for file in files],
        "back": back or _from(request),
    }
    part = "HX-Request" in request.headers  # it stands in the middle of a page
    template = "web/errors/part.html" if part else "web/errors/page.html"
    return _never_kept(render(request, template, context, status=told.status))


def _from(request: HttpRequest) -> str:
    """The page of ours from which somebody came, if it is known and another one."""
    address = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours else ""


def _site(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def _never_kept(response: HttpResponse) -> HttpResponse:
    add_never_cache_headers(response)
    return response
