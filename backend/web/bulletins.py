"""Bulletins of the leading group: the list, one of them, its file."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.bulletins import Bulletins as Resource
from backend.org.access import granting
from backend.web.door import Refused, command, cursor_of, download, read
from backend.web.pages import Page
from backend.web.templatetags.when import month
from backend.web.waiting import waiting


class Bulletins(Page):
    """Newest first; the office can begin one before its day."""

    needs = ("bulletin.read",)
    template = "web/group/bulletins.html"
    title = gettext_lazy("Bulletins")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Begin a month's bulletin: it waits in the office's inbox."""
        office = next(iter(granting(self.user, "bulletin.write")), None)
        month = request.POST.get("month", "")
        try:
            day = date.fromisoformat(f"{month}-01").isoformat()
        except ValueError:
            day = month
        body = {"office": str(office.unit_id) if office else "", "month": day}
        try:
            row = command(request, Resource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(refused)
        messages.success(request, _("Begun. The draft waits in your inbox."))
        return redirect("web:bulletin", pk=row["id"])

    def _page(self, refused: Refused | None = None) -> HttpResponse:
        query = {"page_size": 50, "cursor": self.request.GET.get("cursor", "")}
        found = read(self.request, Resource, query=query)
        told: dict[str, Any] = {"rows": found["results"], "next": cursor_of(found["next"]), "refused": refused}
        told |= {"may_write": bool(granting(self.user, "bulletin.write")), "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)


class Bulletin(Page):
    """Who reported, sums, what the office says."""

    needs = ("bulletin.read",)
    template = "web/group/bulletin.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """As it stands, or as it was published."""
        row = read(request, Resource, "retrieve", pk=pk)
        title = _("Bulletin of %(month)s") % {"month": month(row["month"])}
        about = f"{row['office']['name']} {row['month'][:7]}"
        items = [] if row["state"] == "published" else waiting(request, process="bulletin", about=about)
        return self.show({"row": row, "title": title, "items": items})


class BulletinFile(Page):
    """The .docx."""

    needs = ("bulletin.read",)

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """As published."""
        return download(request, Resource, "file", pk=pk)
