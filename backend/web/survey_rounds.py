"""The yearly survey: villages with their progress, and a village's list, from which families are asked one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.programmes import Programmes
from backend.api.survey_rounds import SurveyRounds as RoundsResource
from backend.api.survey_rounds import SurveyTargets
from backend.api.units import Units
from backend.api.users import Users
from backend.org import codes
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

AT_ONCE = 50
"""Rows on a page."""
MOST_UNITS = 200
TABS: tuple[tuple[str, str | Promise], ...] = (
    ("", gettext_lazy("All")),
    ("todo", gettext_lazy("To do")),
    ("surveyed", gettext_lazy("Surveyed")),
    ("not_reached", gettext_lazy("Not reached")),
    ("refused", gettext_lazy("Refused")),
    ("moved", gettext_lazy("Moved away")),
    ("not_found", gettext_lazy("Not found")),
    ("reselect", gettext_lazy("Helper to be chosen anew")),
)


class SurveyRounds(Page):
    """Villages and years, the newest first, each with how far it has come."""

    needs = ("survey_round.read",)
    template = "web/survey_rounds/list.html"
    title = gettext_lazy("Yearly survey")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Narrowed by state."""
        asked = {name: request.GET.get(name, "") for name in ("state", "cursor")}
        found = read(request, RoundsResource, query={"page_size": AT_ONCE, **asked})
        may_write = bool(granting(self.user, "survey_round.write"))
        told = {"rounds": found["results"], "next": cursor_of(found["next"]), "asked": asked}
        return self.show({**told, "may_write": may_write})


class NewSurveyRound(Page):
    """Which village, until when; most begin by themselves."""

    needs = ("survey_round.write",)
    template = "web/survey_rounds/new.html"
    title = gettext_lazy("Begin a village's survey")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the round, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        body = {**given, "closes_on": given.get("closes_on") or None}
        try:
            row = command(request, RoundsResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("The survey has begun: the village has it in the inbox."))
        return redirect("web:survey_round", pk=row["id"])

    def _form(self, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "refused": refused, "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        villages: dict[str, str] = {}
        for grant in granting(self.user, "survey_round.write"):
            query = {"unit": str(grant.unit_id), "kind": "village", "page_size": MOST_UNITS}
            villages |= {unit["id"]: unit["name"] for unit in read(self.request, Units, query=query)["results"]}
        return schemas.asked(
            ("unit",), unit=schemas.chosen(_("Village"), villages), closes_on=schemas.day_of(_("Last day, if another"))
        )


class SurveyRound(Page):
    """A village's families: who is to be asked, what came of it, and why somebody was not reached."""

    needs = ("survey_round.read",)
    template = "web/survey_rounds/round.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The list."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Begin to ask a family, name its contact, or say why some were not reached."""
        verbs = {"begin": self._begin, "contact": self._contact}
        try:
            return verbs.get(request.POST.get("verb", ""), self._missed)(pk)
        except Refused as refused:
            return self._page(pk, refused)

    def _begin(self, pk: UUID) -> HttpResponse:
        body = {"programme": self.request.POST.get("programme") or None}
        target = self.request.POST.get("target", "")
        row = command(self.request, SurveyTargets, "begin", pk=target, body=body)
        if row["work_item"]:
            return redirect("web:work_item", pk=row["work_item"])
        messages.success(self.request, _("It has begun: the survey comes to the inbox in a moment."))
        return self._again(pk)

    def _contact(self, pk: UUID) -> HttpResponse:
        body = {name: self.request.POST.get(name, "") for name in ("contact", "reason")}
        command(self.request, SurveyTargets, "contact", pk=self.request.POST.get("target", ""), body=body)
        messages.success(self.request, _("The contact asks this family; nobody else sees it here any more."))
        return self._again(pk)

    def _missed(self, pk: UUID) -> HttpResponse:
        chosen = self.request.POST.getlist("targets")
        if not chosen:
            messages.error(self.request, _("Choose the families first."))
            return self._again(pk)
        body = {"targets": chosen} | {name: self.request.POST.get(name, "") for name in ("reason", "note")}
        told = command(self.request, SurveyTargets, "missed", body=body)
        messages.success(self.request, _("Noted for %(recorded)s families. A later survey still counts.") % told)
        return self._again(pk)

    def _again(self, pk: UUID) -> HttpResponse:
        return redirect(f"{reverse('web:survey_round', args=[pk])}?{self.request.GET.urlencode()}")

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        asked = {name: self.request.GET.get(name, "").strip() for name in ("show", "cursor")}
        round = read(self.request, RoundsResource, "retrieve", pk=pk)
        query = {"round": str(pk), "page_size": AT_ONCE, "cursor": asked["cursor"], **_narrowed(asked["show"])}
        found = read(self.request, SurveyTargets, query=query)
        told = {
            "title": f"{round['unit']['name']} {round['year']}",
            "round": round,
            "targets": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "tabs": TABS,
            "may_ask": bool(granting(self.user, "survey_round.ask")),
            "may_name": bool(granting(self.user, "survey_contact.write")),
            "reasons": list(codes.choices("survey_missed", day=timezone.localdate(self.now))),
            "refused": refused,
            "typed": self.request.POST if refused else {},
            **self._choices(round, found["results"]),
        }
        return self.show(told, status=refused.status if refused else 200)

    def _choices(self, round: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
        """What a family without a case or contact needs, read only where there is one."""
        told: dict[str, Any] = {"programmes": [], "workers": []}
        if any(row["state"] in {"todo", "not_reached"} and not row["case"] for row in rows):
            told["programmes"] = read(self.request, Programmes, query={"page_size": AT_ONCE})["results"]
        if granting(self.user, "survey_contact.write") and any(row["by_contact"] for row in rows):
            query = {"role": "village", "unit": round["unit"]["id"], "page_size": AT_ONCE}
            told["workers"] = read(self.request, Users, query=query)["results"]
        return told


def _narrowed(show: str) -> dict[str, str]:
    """What a tab shows."""
    if show == "reselect":
        return {"reselect": "true"}
    return {"state": show} if show else {}
