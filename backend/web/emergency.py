"""Whom to call when somebody is in danger: before logging in, without network, before anything else.

The page is the same for everybody and tells nothing about anybody, so that a telephone may keep it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from backend.api.public_reports import PublicReports
from backend.web.door import Refused, command, read
from backend.web.phone_words import report_words


@dataclass(frozen=True)
class Number:
    """A telephone number, who answers it, and when to call it."""

    digits: str
    who: Promise
    when: Promise
    icon: str


NUMBERS = (
    Number("120", _("Ambulance"), _("Ill, injured, unconscious, poisoned"), "heart-pulse"),
    Number("110", _("Police"), _("Violence, threats, a child alone, somebody missing"), "shield-exclamation"),
    Number("119", _("Fire brigade"), _("Fire, smell of gas, somebody trapped"), "fire"),
    Number("12345", _("Government hotline"), _("Anything else that cannot wait"), "telephone"),
)
"""National numbers, the same ones that the list emergency_call has."""


class Emergency(View):
    """Large numbers to call, what to do first, and the way to tell the office."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; no account is needed."""
        return render(request, "web/phone/emergency.html", {"numbers": NUMBERS})


ASKED = ("place", "kind", "where", "what", "callback")


@method_decorator(csrf_exempt, name="dispatch")
class PublicReport(View):
    """Tell whoever is on duty, without an account. A telephone keeps the page; its script (web/phone/report.js) keeps
    what was written while there is no network, and sends it to the API.

    The page is the same for everybody, so it holds no token against forgery: a form that comes without the script is
    taken from this very site only, and no session is looked at.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        """The numbers first, then the form."""
        return self._shown(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Without scripts: the receipt, or the form again with everything typed. Raises PermissionDenied."""
        if not _is_from_here(request):
            raise PermissionDenied
        request.is_unnamed = True  # type: ignore[attr-defined]  # see backend.core.requests
        given = {name: request.POST.get(name, "").strip() for name in ASKED}
        body = {name: value for name, value in given.items() if value}
        try:
            told = command(request, PublicReports, "create", body={**body, "id": request.POST.get("key", "")})
        except Refused as refused:
            return self._shown(request, status=refused.status, refused=refused, given=given)
        return self._shown(request, receipt=told["receipt"])

    def _shown(self, request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
        found = read(request, PublicReports)
        told = {"numbers": NUMBERS, "words": report_words(), "key": uuid4(), **found}
        return render(request, "web/phone/report.html", {**told, **more}, status=status)


def _is_from_here(request: HttpRequest) -> bool:
    """Whether the browser says that the form stood on this site; all of today's browsers say so."""
    return urlsplit(request.headers.get("Origin", "")).netloc == request.get_host()
