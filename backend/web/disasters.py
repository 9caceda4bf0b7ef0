"""Disasters (E30): declared by a supervisor; one list of the families, each ticked where it stands; figures by hour."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.disasters import Disasters as DisastersResource
from backend.api.disasters import RollEntries
from backend.emergencies.models import RollEntry
from backend.emergencies.models.disasters import FOUND
from backend.org.access import granting, grants
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

PAGE = 200
"""Families on one screen: a village, or the first of a town."""


class Disasters(Page):
    """All that concern the reader's place; a supervisor declares another one."""

    needs = ("disaster.read",)
    template = "web/disasters/list.html"
    title = gettext_lazy("Disasters")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list, and the form for who may declare."""
        return self._shown({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the roll, or the form again with everything typed."""
        given = forms.answers(self._schema(), request.POST)
        try:
            row = command(request, DisastersResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._shown(given, refused)
        messages.success(request, _("Declared. Every family on file stands in the list."))
        return redirect("web:disaster", pk=row["id"])

    def _shown(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        rows = read(self.request, DisastersResource, query={"page_size": 50})["results"]
        told: dict[str, Any] = {"rows": rows, "refused": refused, "key": uuid4()}
        if granting(self.user, "disaster.declare"):
            told["fields"] = forms.fields(self._schema(), known, refused)
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        held = [grant for grant in grants(self.user) if grant.role == "supervisor"]
        until = {"type": "string", "format": "date-time", "title": _("Expected to last until")}
        return schemas.asked(
            ("unit", "kind", "until_at"),
            unit=schemas.chosen(_("Unit"), {str(grant.unit_id): grant.unit_name for grant in held}),
            kind=schemas.coded(_("Kind"), "disaster_kind", timezone.localdate(self.now)),
            until_at=until,
        )


class Disaster(Page):
    """The roll: who has not been reached stands out; a tick is one touch."""

    needs = ("disaster.read",)
    template = "web/disasters/disaster.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Figures and families, narrowed as asked."""
        return self._shown(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """One family ticked; for htmx only its row."""
        given = {name: request.POST.get(name, "") for name in ("state", "note", "version")}
        try:
            row = command(request, RollEntries, "tick", pk=_id(request.POST.get("entry", "")), body=given)
        except Refused as refused:
            return self._shown(pk, refused)
        if self.htmx:
            return self.show({"row": row, **self._rights()}, template="web/disasters/row.html")
        return redirect(f"{request.path}?{request.GET.urlencode()}#family-{row['id']}")

    def _shown(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        disaster = read(self.request, DisastersResource, "retrieve", pk=pk)
        asked = {name: self.request.GET.get(name, "") for name in ("state", "tier", "cursor")}
        query = {"disaster": str(pk), "page_size": PAGE, **{name: said for name, said in asked.items() if said}}
        found = read(self.request, RollEntries, query=query)
        told = {"title": disaster["number"], "disaster": disaster, "rows": found["results"], "asked": asked}
        told |= {"next": cursor_of(found["next"]), "refused": refused, "states": RollEntry.State.choices}
        return self.show({**told, **self._rights(disaster)}, status=refused.status if refused else 200)

    def _rights(self, disaster: dict[str, Any] | None = None) -> dict[str, Any]:
        runs = disaster is None or disaster["ended_at"] is None
        return {"may_tick": runs and bool(granting(self.user, "disaster.tick")), "ticks": FOUND}


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
