"""The indicator board: each figure with its target, a picture above the table, and the families behind a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backend.api.indicators import Indicators as IndicatorsResource
from backend.api.processes import Processes
from backend.assessment.indicators import INDICATORS
from backend.org import codes
from backend.org.access import granting
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

PROJECTS: Mapping[str, str] = {
    "growth": "talent", "wealth": "prosperity", "health": "health", "elder": "elder_care",
}  # fmt: skip
"""Project of the list benefit_policy → its entry in assessed_policy, which has its name."""


class Indicators(Page):
    """All indicators of a unit in a month or year, with the units below it."""

    needs = ("indicator.read",)
    template = "web/indicators/board.html"
    title = _("Indicators")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Unit, period and the indicator that is looked at closely stand in the address."""
        asked = {name: request.GET.get(name, "").strip() for name in ("unit", "period")}
        refused = None
        try:
            found = read(request, IndicatorsResource, "board", query=asked)
        except Refused as error:
            refused, asked = error, {**asked, "period": ""}
            found = read(request, IndicatorsResource, "board", query=asked)
        for each in found["indicators"]:
            each["page"] = each["page"] if each["page"] and self.may_open(each["page"]) else ""
        first = date.fromisoformat(found["first"])
        chosen = _chosen(found["indicators"], request.GET.get("look", ""))
        told = {
            **found,
            "first": first,
            "asked": asked,
            "refused": refused,
            "is_year": len(found["period"]) == 4,
            "chosen": chosen,
            "groups": _groups(found["indicators"]),
            "year_link": _address(found, period=f"{first.year}"),
            "month_link": _address(found, period=""),
            "previous": _address(found, period=f"{first - timedelta(days=1):%Y-%m}"),
            "following": _address(found, period=found["next_first"][:7]) if found["is_over"] else "",
            "look_link": _address(found, period=found["period"]),
        }
        return self.show(told, status=refused.status if refused else 200)


class FamiliesBehind(Page):
    """The families that a figure counts, or does not, as far as the reader may see them."""

    needs = ("indicator.read",)
    template = "web/indicators/families.html"
    title = _("Families behind the figure")

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """Unit, period and side stand in the address."""
        asked = {each: request.GET.get(each, "").strip() for each in ("unit", "period", "hit", "cursor")}
        found = read(request, IndicatorsResource, "families", query={"page_size": 50, "indicator": name, **asked})
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked}
        return self.show(told | {"indicator": INDICATORS[name]})


class Policies(Page):
    """The policies that benefit families: the four projects, where a family meets each, how far each landed."""

    needs = ("indicator.read",)
    template = "web/indicators/policies.html"
    title = _("Policies that benefit families")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Unit and period stand in the address, as on the board."""
        asked = {name: request.GET.get(name, "").strip() for name in ("unit", "period")}
        refused = None
        try:
            rows = read(request, IndicatorsResource, "policies", query=asked)
        except Refused as error:
            rows, refused = read(request, IndicatorsResource, "policies", query={"unit": asked["unit"]}), error
        names = {each["id"]: each["name"] for each in read(request, Processes)["results"]}
        rows = [{**row, "process_title": names.get(row["process"], row["process"])} for row in rows]
        projects = [
            {"label": codes.name("assessed_policy", PROJECTS[name]), "rows": list(found)}
            for name, found in groupby(rows, key=lambda row: str(row["project"]))
        ]
        told = {"projects": projects, "asked": asked, "number": len(rows), "refused": refused}
        return self.show(told, status=refused.status if refused else 200)


class Supplements(Page):
    """What was corrected of figures that had been reported; the next supplement."""

    needs = ("indicator.read",)
    template = "web/indicators/supplements.html"
    title = _("Supplements to reported figures")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Of the unit and year of the address."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """One more: what was reported stays."""
        body = {"unit": request.GET.get("unit", ""), "month": request.POST.get("month", "")}
        body["reason"] = request.POST.get("reason", "")
        try:
            told = command(request, IndicatorsResource, "supplement", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(refused)
        messages.success(request, gettext("Supplemented. What was reported stays as it is."))
        return redirect(f"{reverse('web:supplements')}?unit={told['unit']['id']}&year={told['year']}")

    def _page(self, refused: Refused | None = None) -> HttpResponse:
        asked = {name: self.request.GET.get(name, "").strip() for name in ("unit", "year")}
        try:
            found = read(self.request, IndicatorsResource, "supplements", query=asked)
        except Refused as error:
            found = read(self.request, IndicatorsResource, "supplements", query={"unit": asked["unit"]})
            refused = refused or error
        told = {
            "found": found,
            "months": [{"value": f"{found['year']}-{month:02}-01", "number": month} for month in found["reported"]],
            "may_write": bool(granting(self.user, "figure.supplement")),
            "typed": self.request.POST if refused else {},
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


def _chosen(indicators: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """The indicator that is shown by unit and month: the one asked for, else the visits."""
    known = {each["name"]: each for each in indicators}
    return known.get(name) or known["visit_rate"]


def _groups(indicators: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(indicators, key=lambda each: list(_order(indicators)).index(each["group"]))
    grouped = groupby(ordered, key=lambda each: each["group_label"])
    return [{"label": label, "indicators": list(rows)} for label, rows in grouped]


def _order(indicators: Sequence[Mapping[str, Any]]) -> Mapping[str, None]:
    """The groups in the order in which they first appear."""
    return dict.fromkeys(each["group"] for each in indicators)


def _address(found: Mapping[str, Any], *, period: str) -> str:
    return "?" + urlencode({"unit": found["unit"]["id"], "period": period})
