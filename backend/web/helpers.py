"""Helpers: who is there, who has room, whose service ends, and everything about one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from backend.api.helpers import Helpers as HelpersResource
from backend.api.pairings import Pairings
from backend.api.visits import Visits
from backend.org.access import granting
from backend.web.door import Refused, cursor_of, read
from backend.web.families import villages
from backend.web.pages import Page
from backend.web.spells import axis

READERS = ("helper.read", "own.helper.read")
FILTERS = ("kind", "status", "unit", "free")
SOON = timedelta(days=90)
"""Service that ends within so many days is about to end: time to look for somebody else."""


class Helpers(Page):
    """The list of helpers."""

    needs = READERS
    template = "web/helpers/list.html"
    title = gettext_lazy("Helpers")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The helpers found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("q", *FILTERS, "ending", "cursor")}
        soon = (timezone.localdate(self.now) + SOON).isoformat()
        query = {name: asked[name] for name in ("q", *FILTERS, "cursor")} | {"page_size": 50, "ordering": "number"}
        if asked["ending"]:
            query |= {
                "ends_before": (timezone.localdate(self.now) + SOON).isoformat(),
                "status": query["status"] or "active",
            }
        refused = None
        try:
            found = read(request, HelpersResource, query=query)
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"helpers": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        told["soon"] = soon
        if self.htmx:
            return self.show(told, template="web/helpers/found.html")
        kinds = read(request, HelpersResource, "kinds")
        status = ("active", "away", "suspended", "ended")
        return self.show(told | {"kinds": kinds, "status": status, "villages": villages(request)})


@dataclass(frozen=True)
class Gate:
    """Something that has to be in force before this helper is paired. `state`: met, soon, open, over,
    free (not demanded); `ends_on`: the day from which it holds no more."""

    label: str | Promise
    day: str | None
    state: str
    ends_on: str | None = None


class Helper(Page):
    """One helper."""

    needs = READERS
    template = "web/helpers/helper.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Who it is, gates, pairings over time, visits."""
        helper = read(request, HelpersResource, "retrieve", pk=pk)
        told: dict[str, Any] = {"helper": helper, "title": helper["name"]}
        if "unit" not in helper:
            return self.show(told)
        today = timezone.localdate(self.now)
        query = {"helper": helper["id"], "ordering": "-from_date", "page_size": 200}
        pairings = read(request, Pairings, query=query)["results"]
        visits = read(request, Visits, query={"helper": helper["id"], "ordering": "-due_at", "page_size": 20})
        told |= {
            "gates": gates(helper, self._demanded(helper), today),
            "pairings": pairings,
            "axis": axis(pairings, today=today, whose="family"),
            "visits": visits["results"],
            "today": today.isoformat(),
            "soon": (today + SOON).isoformat(),
            "may_suspend": bool(granting(self.user, "pairing.write")),
            "may_announce": helper["status"] != "ended" and bool(granting(self.user, "helper.write")),
        }
        return self.show(told)

    def _demanded(self, helper: Mapping[str, Any]) -> Mapping[str, Any]:
        kinds = read(self.request, HelpersResource, "kinds")
        demanded: Mapping[str, Any] = next(kind["gates"] for kind in kinds if kind["code"] == helper["kind"]["code"])
        return demanded


def gates(helper: Mapping[str, Any], demanded: Mapping[str, Any], today: date) -> list[Gate]:
    """Training, insurance and background check, each with its day and whether it holds."""
    trained, checked, insured = helper["trained_on"], helper["checked_on"], helper["insured_until"]
    return [
        Gate(gettext_lazy("Training"), trained, _state(bool(trained), bool(demanded.get("training")))),
        Gate(gettext_lazy("Insured until"), insured, _insurance(insured, bool(demanded.get("insurance")), today)),
        _check(checked, helper["check_until"], bool(demanded.get("background_check")), today),
    ]


def _check(checked_on: str | None, until: str | None, is_demanded: bool, today: date) -> Gate:
    """The background check; one that is over is told as such also where the kind demands none: families with minors
    do."""
    end = date.fromisoformat(until) if until else None
    if end is not None and end <= today:
        return Gate(gettext_lazy("Background check"), checked_on, "over", until)
    state = _state(end is not None, is_demanded)
    state = "soon" if end is not None and end <= today + SOON else state
    return Gate(gettext_lazy("Background check"), checked_on, state, until)


def _state(is_met: bool, is_demanded: bool) -> str:
    if is_met:
        return "met"
    return "open" if is_demanded else "free"


def _insurance(until: str | None, is_demanded: bool, today: date) -> str:
    day = date.fromisoformat(until) if until else None
    state = _state(day is not None and day >= today, is_demanded)
    return "soon" if state == "met" and day is not None and day <= today + SOON else state
