"""A family's pause: why nothing is due for a while, until when, and that everything goes on again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.families import Families
from backend.api.pauses import Pauses
from backend.web import forms, schemas
from backend.web.door import Refused, command, read
from backend.web.pages import Page

WRITERS = ("pause.write",)
VERBS: Mapping[str, str | Promise] = {
    "end": gettext_lazy("The family is back"),
    "change": gettext_lazy("Another end"),
}


class PausePage(Page):
    """The form of one verb, for one family."""

    needs = WRITERS
    template = "web/families/pause.html"

    def form(
        self,
        family: Mapping[str, Any],
        schema: schemas.Schema,
        known: Mapping[str, Any],
        refused: Refused | None = None,
        **more: Any,
    ) -> HttpResponse:
        """The questions with what was answered, and what was refused."""
        told = {
            "family": family,
            "title": _("Pause visits and deadlines"),
            "fields": forms.fields(schema, known, refused),
            "refused": refused,
            "key": uuid4(),
            **more,
        }
        return self.show(told, status=refused.status if refused else 200)


class NewPause(PausePage):
    """Nothing is due for a family while it is away, in hospital or struck by a disaster."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Why, since when, until when."""
        family = read(request, Families, "retrieve", pk=pk)
        return self.form(family, self._schema(), {"from_date": timezone.localdate(self.now).isoformat()})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Back to the family, or the form again with everything typed."""
        family = read(request, Families, "retrieve", pk=pk)
        given = forms.answers(self._schema(), request.POST)
        try:
            command(request, Pauses, "create", body={"family": str(pk), **given}, key=request.POST.get("key", ""))
        except Refused as refused:
            return self.form(family, self._schema(), given, refused)
        messages.success(request, _("Visits and deadlines of %(name)s are paused.") % {"name": family["label"]})
        return redirect("web:family", pk=pk)

    def _schema(self) -> schemas.Schema:
        return schemas.asked(
            ("reason", "from_date"),
            reason=schemas.coded(_("Why"), "family_pause_reason", timezone.localdate(self.now)),
            from_date=schemas.day_of(_("Since")),
            expected_on=schemas.day_of(_("Goes on from (empty: not known yet)")),
        )


class PauseVerb(PausePage):
    """The family is back, or will be on another day than thought."""

    def get(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """From which day on."""
        pause, schema = self._find(pk, verb)
        known = {"ended_on": timezone.localdate(self.now).isoformat(), "expected_on": pause["expected_on"]}
        return self._form(pause, verb, schema, known)

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Back to the family, or the form again."""
        pause, schema = self._find(pk, verb)
        given: dict[str, Any] = {"expected_on": None} if verb == "change" else {}
        given |= forms.answers(schema, request.POST)
        sent, key = request.POST.get("version", ""), request.POST.get("key", "")
        version = int(sent) if sent.isdecimal() else pause["version"]
        try:
            command(request, Pauses, verb, pk=pk, body=given, version=version, key=key)
        except Refused as refused:
            return self._form(pause, verb, schema, given, refused)
        messages.success(request, _("Done: %(what)s.") % {"what": VERBS[verb]})
        return redirect("web:family", pk=pause["family"]["id"])

    def _find(self, pk: UUID, verb: str) -> tuple[dict[str, Any], schemas.Schema]:
        """The pause, and what the verb asks. Raises Http404."""
        if verb == "end":
            schema = schemas.asked(("ended_on",), ended_on=schemas.day_of(_("Goes on from")))
        elif verb == "change":
            schema = schemas.asked((), expected_on=schemas.day_of(_("Goes on from (empty: not known yet)")))
        else:
            raise Http404
        return read(self.request, Pauses, "retrieve", pk=pk), schema

    def _form(
        self,
        pause: Mapping[str, Any],
        verb: str,
        schema: schemas.Schema,
        known: Mapping[str, Any],
        refused: Refused | None = None,
    ) -> HttpResponse:
        return self.form(pause["family"], schema, known, refused, pause=pause, verb=verb, title=VERBS[verb])
