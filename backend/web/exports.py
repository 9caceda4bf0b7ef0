"""Exports: which register, what for; how far it has come; the file for a day."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.exports import Exports as ExportsResource
from backend.documents.exports import REGISTERS, WORKING
from backend.org.access import granting
from backend.web import schemas
from backend.web.administration.section import Question
from backend.web.door import Refused, command, download, read
from backend.web.pages import Page

VERBS = ("stop", "repeat")


class Exports(Page):
    """Own exports, and the form for another one."""

    needs = ("export.write",)
    template = "web/exports/list.html"
    title = gettext_lazy("Exports")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, and what was asked for before."""
        return self._shown({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """One more, or one stopped or repeated; the form again with everything typed when it is refused."""
        verb, given = request.POST.get("verb", ""), self._question().answers(request)
        try:
            if verb in VERBS:
                command(request, ExportsResource, verb, pk=request.POST.get("export", ""))
            else:
                command(request, ExportsResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._shown(given, refused)
        messages.success(
            request, _("Stopped.") if verb == "stop" else _("It is being written; you may leave this page.")
        )
        return redirect("web:exports")

    def _question(self) -> Question:
        names = {"families": _("Families"), "visits": _("Visits"), "pairings": _("Pairings")}
        units = {str(grant.unit_id): grant.unit_name for grant in granting(self.user, "export.write")}
        return Question(
            schemas.asked(
                ("register", "unit", "purpose"),
                register=schemas.chosen(_("Register"), {name: names[name] for name in REGISTERS}),
                unit=schemas.chosen(_("Unit"), units),
                purpose=schemas.text(_("What it is for"), 200, description=_("It becomes part of the history.")),
            )
        )

    def _shown(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        shown = self._question().shown(self.request, known, refused)
        told = {**shown, "key": uuid4(), **rows(self.request)}
        return self.show(told, status=refused.status if refused else 200)


class ExportRows(Page):
    """The rows alone, asked for again while something is being written."""

    needs = ("export.write",)
    template = "web/exports/rows.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """As far as each has come."""
        return self.show(rows(request))


class ExportFile(Page):
    """The file."""

    needs = ("export.write",)

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The .xlsx, or back with the reason why there is none."""
        try:
            return download(request, ExportsResource, "file", pk=pk)
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
            return redirect("web:exports")


def rows(request: HttpRequest) -> dict[str, Any]:
    """The latest exports, and whether one is under way."""
    found = read(request, ExportsResource, query={"page_size": 20})["results"]
    return {"rows": found, "is_working": any(row["state"] in WORKING for row in found)}
