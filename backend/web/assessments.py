"""Assessments: the list, one year with its lines, and what is entered line by line beside the work items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.assessments import Assessments as AssessmentsResource
from backend.api.assessments import EvidenceFiles
from backend.api.units import Units
from backend.api.work_items import WorkItems
from backend.assessment.indicators import INDICATORS
from backend.assessment.models import Assessment as Row
from backend.assessment.models import CallBack, PolicyGrade
from backend.org import codes
from backend.org.access import granting
from backend.web.door import Refused, command, cursor_of, download, read, upload
from backend.web.pages import Page

State = Row.State
TOLD = (State.TOLD, State.APPEALED, State.ARCHIVED)


@dataclass(frozen=True)
class Act:
    """Something that is entered on the page of an assessment."""

    action: str
    needs: str
    said: str | Promise


ACTS: Mapping[str, Act] = {
    "targets": Act("targets", "assessment.write", gettext_lazy("The target is set.")),
    "policies": Act("policies", "assessment.write", gettext_lazy("The grade is entered.")),
    "call-back": Act("call_back", "assessment.call", gettext_lazy("The call is entered.")),
    "self-score": Act("self_score", "assessment.self_score", gettext_lazy("The points are entered.")),
    "check": Act("check", "assessment.check", gettext_lazy("The points are entered.")),
}
FIELDS = ("indicator", "target", "weight", "policy", "hundredths", "place", "answer", "satisfied", "points", "note")
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "targets": {"target": "target", "weight": "weight"},
    "self_score": {"points": "self_points"},
    "check": {"points": "check_points", "note": "check_note"},
}
"""Field of a form → column of the line that it is about."""
SATISFIED = {"yes": True, "no": False}


class Assessments(Page):
    """Years of one's own unit and below, the latest first."""

    needs = ("assessment.read", "assessment.check")
    template = "web/assessments/list.html"
    title = gettext_lazy("Assessments")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The assessments found."""
        asked = {"cursor": request.GET.get("cursor", "")}
        found = read(request, AssessmentsResource, query={"page_size": 50, **asked})
        told = {"rows": found["results"], "next": cursor_of(found["next"])}
        return self.show(told | {"may_begin": bool(granting(self.user, "assessment.write"))})


class NewAssessment(Page):
    """Begin a township's year."""

    needs = ("assessment.write",)
    template = "web/assessments/new.html"
    title = gettext_lazy("Begin an assessment")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Which township, which year."""
        return self._form()

    def post(self, request: HttpRequest) -> HttpResponse:
        """To its targets, or the form again."""
        body = {"unit": request.POST.get("unit", ""), "year": request.POST.get("year", "")}
        try:
            made = command(request, AssessmentsResource, "create", body=body)
        except Refused as refused:
            return self._form(refused)
        messages.success(request, _("Check the targets; the agreement waits in the inbox."))
        return redirect("web:assessment", pk=made["id"])

    def _form(self, refused: Refused | None = None) -> HttpResponse:
        towns = read(self.request, Units, query={"kind": "town", "page_size": 200})["results"]
        year = self.request.POST.get("year") or timezone.localdate(self.now).year
        told = {"towns": towns, "year": year, "refused": refused, "picked": self.request.POST.get("unit", "")}
        return self.show(told, status=refused.status if refused else 200)


class Assessment(Page):
    """One year: how far it is, its lines, who signed what."""

    needs: ClassVar[tuple[str, ...]] = ("assessment.read", "assessment.check")
    template = "web/assessments/assessment.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The assessment with what can be entered now."""
        return self.show_assessment(pk)

    def show_assessment(self, pk: UUID, refused: Refused | None = None, act: str = "") -> HttpResponse:
        """The page; with what was refused, and what had been typed in the form of that act."""
        row = read(self.request, AssessmentsResource, "retrieve", pk=pk)
        typed = self.request.POST
        for line in row["lines"]:
            line["form"] = _form(line, act if line["indicator"] == typed.get("indicator") else "", typed)
        told = {
            "row": row,
            "title": f"{row['unit']['name']} {row['year']}",
            "refused": refused,
            "typed": typed if act == "targets" else {},
            "steps": [(state, label) for state, label in State.choices],
            "items": self._items(row),
            "may": {act.action: self._may(act, row) for act in ACTS.values()},
            "may_open": bool(granting(self.user, "assessment.evidence")),
            "others": self._others(row),
            "policies": codes.choices("assessed_policy", day=timezone.localdate(self.now)),
            "grades": PolicyGrade.GRADES,
            "answers": CallBack.Answer.choices,
            "weights": sum(line["weight"] for line in row["lines"]),
        }
        return self.show(told, status=refused.status if refused else 200)

    def _may(self, act: Act, row: Mapping[str, Any]) -> bool:
        """Whether it is the time for it, and the reader's to do."""
        now = {
            "targets": row["state"] == State.AGREEING and not row["drawn_up_by"],
            "policies": row["state"] not in TOLD,
            "call_back": row["state"] == State.INSPECTING,
            "self_score": row["state"] == State.SELF_SCORING,
            "check": row["state"] == State.CHECKING,
        }
        return now[act.action] and bool(granting(self.user, act.needs))

    def _items(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Work about it that waits in the reader's inbox."""
        if not granting(self.user, "work_item.read") and not granting(self.user, "own.work_item.read"):
            return []
        query = {"process": "target_assessment", "state": "open", "q": row["number"], "page_size": 10}
        found: list[dict[str, Any]] = read(self.request, WorkItems, query=query)["results"]
        return found

    def _others(self, row: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Indicators that could be added to a draft."""
        there = {line["indicator"] for line in row["lines"]}
        return [(name, str(each.label)) for name, each in INDICATORS.items() if each.is_scored and name not in there]


class EnterAssessment(Assessment):
    """Enter something line by line."""

    def get(self, request: HttpRequest, pk: UUID, act: str = "") -> HttpResponse:
        """What is entered here is not read here."""
        return redirect("web:assessment", pk=pk)

    def post(self, request: HttpRequest, pk: UUID, act: str) -> HttpResponse:
        """Back to the page, or the page with what was refused."""
        entered = ACTS[act]
        body: dict[str, Any] = {name: request.POST[name] for name in FIELDS if request.POST.get(name)}
        if "satisfied" in body:
            body["satisfied"] = SATISFIED.get(body["satisfied"])
        try:
            command(request, AssessmentsResource, entered.action, pk=pk, body=body)
        except Refused as refused:
            return self.show_assessment(pk, refused, entered.action)
        messages.success(request, str(entered.said))
        return redirect("web:assessment", pk=pk)


def _form(line: Mapping[str, Any], act: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """What stands in a line's forms: what is kept or, in the one that was refused, what had been typed."""
    kept = {column: line[column] for columns in COLUMNS.values() for column in columns.values()}
    return kept | {column: typed.get(name, "") for name, column in COLUMNS.get(act, {}).items()}


class AddEvidence(Assessment):
    """A file that shows what a unit says of itself."""

    needs = ("assessment.self_score",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Back to the page, or the page with what was refused."""
        try:
            upload(request, AssessmentsResource, "add_evidence", pk=pk)
        except Refused as refused:
            return self.show_assessment(pk, refused)
        messages.success(request, _("The file is kept, encrypted and with its digest."))
        return redirect("web:assessment", pk=pk)


class OpenEvidence(Page):
    """The file itself; that somebody opened it is an event."""

    needs = ("assessment.evidence",)

    def get(self, request: HttpRequest, pk: UUID, file: UUID) -> HttpResponseBase:
        """As it came in."""
        return download(request, EvidenceFiles, "retrieve", pk=file)
