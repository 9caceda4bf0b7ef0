"""The public board: what is public today, for everybody, without logging in; and whether a paper is genuine."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from backend.api.public_notices import NOT_KEPT, PublicNotices
from backend.web.door import Refused, command, cursor_of, read


class PublicPage(View):
    """A page that everybody may read and no search engine keeps."""

    def answer(self, template: str, told: dict[str, Any], status: int = 200) -> HttpResponse:
        """The page."""
        response = render(self.request, template, told, status=status)
        response["X-Robots-Tag"] = NOT_KEPT
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "no-store"
        return response


class Board(PublicPage):
    """Notices that are up, those of one unit together."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """All of them, or those of one unit (`?unit=`: its code)."""
        asked = {name: request.GET.get(name, "")[:200] for name in ("unit", "cursor")}
        try:
            found = read(request, PublicNotices, query={"page_size": 100, **asked})
        except Refused as refused:
            return self.answer("web/notices/board.html", {"refused": refused}, refused.status)
        rows = sorted(found["results"], key=lambda row: (row["within"], row["unit"]))
        units = [(name, list(group)) for name, group in groupby(rows, key=lambda row: (row["within"], row["unit"]))]
        told = {"units": units, "asked": asked, "next": cursor_of(found["next"])}
        return self.answer("web/notices/board.html", told)


class BoardNotice(PublicPage):
    """One notice; when it is over, that it is."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """As it is on the web."""
        try:
            row = read(request, PublicNotices, "retrieve", pk=pk)
        except Refused as refused:
            return self.answer("web/notices/public.html", {"refused": refused}, refused.status)
        shown = [name for name in ("locality", "amount") if any(line[name] for line in row["lines"])]
        return self.answer("web/notices/public.html", {"row": row, "columns": shown}, 200 if row["is_public"] else 410)


class BoardCheck(PublicPage):
    """Whether a paper, or what somebody copied, is word for word what was made public."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The question."""
        return self.answer("web/notices/check.html", {"given": {"number": request.GET.get("number", "")[:40]}})

    def post(self, request: HttpRequest) -> HttpResponse:
        """The answer, below what was typed."""
        given = {name: request.POST.get(name, "") for name in ("number", "text")}
        try:
            told = command(request, PublicNotices, "check", body=given)
        except Refused as refused:
            return self.answer("web/notices/check.html", {"given": given, "refused": refused}, refused.status)
        return self.answer("web/notices/check.html", {"given": given, "genuine": told["genuine"], "answered": True})


class BoardText(PublicPage):
    """A notice's text word for word, as a file whose SHA-256 is the notice's digest."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Plain text. Raises Http404 when it is over."""
        row = read(request, PublicNotices, "retrieve", pk=pk)
        if not row["is_public"]:
            raise Http404
        response = HttpResponse(row["text"], content_type="text/plain; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{row["number"]}.txt"'
        response["X-Robots-Tag"] = NOT_KEPT
        return response
