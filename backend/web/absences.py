"""Absences: which helper is away, who goes to which family meanwhile, and which family has still to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.absences import Absences as AbsencesResource
from backend.api.helpers import Helpers
from backend.org.access import granting
from backend.web import schemas
from backend.web.administration.section import Choices, Chooser, Question
from backend.web.door import Refused, command, cursor_of, read
from backend.web.matching import PairingPage
from backend.web.pages import Page

READERS = ("absence.read", "own.absence.read")
WRITERS = ("absence.write", "own.absence.write")
IN_FORCE, OTHERS = 200, 50
"""Rows of one page: those of today and to come all together, past ones page by page."""
HELPER = Chooser(
    "helper", gettext_lazy("Who is away"), "web:absence_choices", Helpers, {"status": "active"}, required=True
)
VERBS: Mapping[str, str | Promise] = {
    "change": gettext_lazy("Other days"),
    "withdraw": gettext_lazy("Take it back"),
}


class Absences(PairingPage):
    """Who is away today, who will be, and who was."""

    needs = READERS
    template = "web/absences/page.html"
    tab = "web:absences"
    title = gettext_lazy("Absences")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Today's rows with the families concerned; what is still to be told stands first."""
        cursor = request.GET.get("cursor", "")
        past = {"current": "false", "coming": "false", "page_size": OTHERS, "ordering": "-from_date", "cursor": cursor}
        earlier = read(request, AbsencesResource, query=past)
        told: dict[str, Any] = {
            "now_away": self._rows({"current": "true"}),
            "coming": self._rows({"coming": "true"}),
            "past": earlier["results"],
            "next": cursor_of(earlier["next"]),
            "may_record": any(granting(self.user, action) for action in WRITERS),
            "is_office": bool(granting(self.user, "absence.read")),
        }
        if granting(self.user, "absence.tell"):
            told["untold"] = untold(request)
        return self.show(told)

    def _rows(self, query: dict[str, str]) -> list[dict[str, Any]]:
        query |= {"page_size": str(IN_FORCE), "ordering": "from_date"}
        rows: list[dict[str, Any]] = read(self.request, AbsencesResource, query=query)["results"]
        return rows


class NewAbsence(Page):
    """Record days away: a helper the own ones, the office anybody's."""

    needs = WRITERS
    template = "web/absences/form.html"
    title = gettext_lazy("Record days away")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; with `helper` in the address for that helper."""
        return self._form({"from_date": timezone.localdate(self.now).isoformat()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Recorded, or the form again with everything typed."""
        given = self._question().answers(request)
        try:
            made = command(request, AbsencesResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("Recorded: %(name)s is away.") % {"name": made["helper"]["name"]})
        return redirect("web:absence", pk=made["id"])

    def _question(self) -> Question:
        schema = schemas.asked(
            ("from_date", "reason"),
            from_date=schemas.day_of(_("First day away")),
            to_date=schemas.day_of(_("First day back (empty: not known yet)")),
            reason=schemas.coded(_("Why"), "absence_reason", timezone.localdate(self.now)),
        )
        return Question(schema, () if self.is_own else (HELPER,))

    @property
    def is_own(self) -> bool:
        """Whether the reader can only mean the own days."""
        return not granting(self.user, "helper.read") and not granting(self.user, "own.helper.read")

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {**self._question().shown(self.request, known, refused), "key": uuid4(), "is_own": self.is_own}
        return self.show(told, status=refused.status if refused else 200)


class Absence(Page):
    """One absence: its days, the families with who comes instead, and what can be done."""

    needs: ClassVar[tuple[str, ...]] = READERS
    template = "web/absences/absence.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """For the office also whom one could ask, for the family that the address names."""
        return self.page(read(request, AbsencesResource, "retrieve", pk=pk))

    def page(self, row: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        """The page, with what was refused."""
        sent = self.request.POST or self.request.GET
        today = timezone.localdate(self.now).isoformat()
        over = row["withdrawn"] or (row["to_date"] is not None and row["to_date"] <= today)
        asked = sent.get("pairing", "")
        told: dict[str, Any] = {
            "row": row,
            "title": row["helper"]["name"],
            "today": today,
            "is_over": over,
            "may_write": not over and any(granting(self.user, action) for action in WRITERS),
            "may_choose": not over and bool(granting(self.user, "absence.write")),
            "may_tell": not row["withdrawn"] and bool(granting(self.user, "absence.tell")),
            "key": uuid4(),
            "refused": refused,
            "sent": sent,
        }
        families = {each["pairing"]: each["family"] for each in row.get("stand_ins", ())}
        if asked in families and told["may_choose"]:
            told["asked"] = {"pairing": asked, "family": families[asked]}
            told["pool"] = read(self.request, AbsencesResource, "pool", pk=row["id"], query={"pairing": asked})
        return self.show(told, status=refused.status if refused else 200)


class StandInChoice(Absence):
    """Choose who stands in for a family."""

    needs = ("absence.write",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Chosen, or the page again with the choice and why not."""
        body = {"pairing": request.POST.get("pairing", ""), "agreed": request.POST.get("agreed") == "on"}
        if request.POST.get("helper"):
            body["helper"] = request.POST["helper"]
        try:
            command(request, AbsencesResource, "stand_in", pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self.page(read(request, AbsencesResource, "retrieve", pk=pk), refused)
        messages.success(request, _("Chosen. Now the family has to be told."))
        return redirect("web:absence", pk=pk)


class Told(Page):
    """A family has been told who comes instead."""

    needs = ("absence.tell",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Noted; back to where it was said."""
        body = {"stand_in": request.POST.get("stand_in", "")}
        try:
            command(request, AbsencesResource, "told", pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
            return redirect("web:absences")
        messages.success(request, _("Noted: the family knows."))
        return redirect("web:today" if request.POST.get("back") == "today" else "web:absences")


class AbsenceVerb(Page):
    """Other days, or taken back."""

    needs = WRITERS
    template = "web/absences/form.html"

    def get(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """The form with the days as they are."""
        row = read(request, AbsencesResource, "retrieve", pk=pk)
        return self._form(row, verb, {"from_date": row["from_date"], "to_date": row["to_date"]})

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Done, or the form again."""
        row = read(request, AbsencesResource, "retrieve", pk=pk)
        given: dict[str, Any] = self._question(verb).answers(request)
        body = {"to_date": None, **given} if verb == "change" else given
        sent = request.POST.get("version", "")
        version = int(sent) if sent.isdecimal() else row["version"]
        try:
            key = request.POST.get("key", "")
            command(request, AbsencesResource, verb, pk=pk, body=body, version=version, key=key)
        except Refused as refused:
            return self._form(row, verb, given, refused)
        messages.success(request, _("Done: %(what)s.") % {"what": VERBS[verb]})
        return redirect("web:absence", pk=pk)

    def _question(self, verb: str) -> Question:
        if verb == "withdraw":
            return Question(schemas.asked(("reason",), reason=schemas.text(_("Why"), 400)))
        if verb != "change":
            raise Http404
        return Question(
            schemas.asked(
                ("from_date",),
                from_date=schemas.day_of(_("First day away")),
                to_date=schemas.day_of(_("First day back (empty: not known yet)")),
            )
        )

    def _form(
        self, row: dict[str, Any], verb: str, known: dict[str, Any], refused: Refused | None = None
    ) -> HttpResponse:
        told = {
            **self._question(verb).shown(self.request, known, refused),
            "row": row,
            "title": VERBS[verb],
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


class HelperChoices(Choices):
    """Helpers to choose from."""

    needs = WRITERS
    choosers = (HELPER,)


def untold(request: HttpRequest) -> list[dict[str, Any]]:
    """Families that the reader is to tell who comes instead: {absence, stand_in} each, the soonest first."""
    query = {"untold": "true", "page_size": OTHERS, "ordering": "from_date"}
    today = timezone.localdate().isoformat()
    return [
        {"absence": absence, "stand_in": row}
        for absence in read(request, AbsencesResource, query=query)["results"]
        for row in absence.get("stand_ins", ())
        if row["told_at"] is None and (row["to_date"] is None or row["to_date"] > today)
    ]
