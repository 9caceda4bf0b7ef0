"""A unit's month at a glance: one table with a picture, what each number means, and all of it on one sheet of paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backend.api.reports import Reports
from backend.web.door import Refused, read
from backend.web.pages import Page

LISTS = {
    "families": ("web:families", "unit", {}),
    "cases": ("web:cases", "unit", {}),
    "overdue": ("web:inbox", "village", {"overdue": "true"}),
}
"""Numbers of this very day → the page that lists what they count: address, its filter by unit, what else is asked."""


class Month(Page):
    """The numbers of a unit and of every unit below it."""

    needs = ("event.read",)
    template = "web/month.html"
    title = _("A month at a glance")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Unit and month stand in the address; without them one's own and this one."""
        asked = {name: request.GET.get(name, "").strip() for name in ("unit", "month")}
        refused = None
        try:
            found = read(request, Reports, "month", query=asked)
        except Refused as error:
            refused, asked = error, {**asked, "month": ""}
            found = read(request, Reports, "month", query=asked)
        first, definitions = date.fromisoformat(found["first"]), found["definitions"]
        told = {
            **found,
            "first": first,
            "asked": asked,
            "refused": refused,
            "groups": _groups(definitions),
            "lines": [_line(row, definitions, found) for row in found["rows"]],
            "sum": _cells(found["total"], definitions, None),
            "reasons": [each for each in ("closed_by", "unpaired_by") if found["total"][each]],
            "previous": _address(asked["unit"], first - timedelta(days=1)),
            "following": _address(asked["unit"], date.fromisoformat(found["next_first"])) if found["is_over"] else "",
        }
        return self.show(told, status=refused.status if refused else 200)


def _address(unit: str, day: date) -> str:
    return "?" + urlencode({"unit": unit, "month": f"{day:%Y-%m}"} if unit else {"month": f"{day:%Y-%m}"})


def _groups(definitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The headings above the headings."""
    grouped = groupby(definitions, key=lambda each: each["group_label"])
    return [{"label": label, "numbers": list(numbers)} for label, numbers in grouped]


def _line(row: Mapping[str, Any], definitions: Sequence[Mapping[str, Any]], found: Mapping[str, Any]) -> dict[str, Any]:
    """A unit with its numbers; the numbers of a month that lasts lead to what they count."""
    unit = row["unit"]
    is_below = unit["id"] != found["unit"]["id"]
    return {
        "unit": unit,
        "link": "?" + urlencode({"unit": unit["id"], "month": found["month"]}) if is_below else "",
        "cells": _cells(row, definitions, None if found["is_over"] or not is_below else unit["id"]),
    }


def _cells(
    numbers: Mapping[str, Any], definitions: Sequence[Mapping[str, Any]], unit: str | None
) -> list[dict[str, Any]]:
    cells = []
    for each in definitions:
        name = each["name"]
        page, narrowed_by, more = LISTS.get(name, ("", "", {}))
        leads = bool(unit and page and numbers[name])
        link = f"{reverse(page)}?{urlencode({narrowed_by: unit, **more})}" if leads else ""
        cells.append({"name": name, "label": each["label"], "value": numbers[name], "link": link})
    return cells
