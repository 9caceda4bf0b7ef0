"""Where we are late and why: counts as pictures and tables, each leading to its items; heat maps of the processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backend.api.overview import Overview as OverviewResource
from backend.api.processes import Processes
from backend.web.door import Refused, read
from backend.web.families import villages
from backend.web.pages import Page

FILTERS = ("village", "process")


class Overview(Page):
    """Open and overdue work by village, step and person, and on whom it hangs."""

    needs = ("work_item.read",)
    template = "web/overview/page.html"
    title = _("Overview")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The counts, narrowed by what stands in the address."""
        asked = {name: request.GET.get(name, "").strip() for name in FILTERS}
        refused = None
        try:
            found = read(request, OverviewResource, query=asked)
        except Refused as error:
            refused, asked = error, dict.fromkeys(FILTERS, "")
            found = read(request, OverviewResource)
        told = {
            "totals": found["totals"] | {"links": links(asked)},
            **_panels(found, asked),
            "waiting": [row | {"links": links(asked, role=row["role"], unit=row["unit"]["id"])}
                        for row in found["waiting"]],
            "postponed": found["postponed"],
            "asked": asked,
            "refused": refused,
            "villages": villages(request),
            "processes": read(request, Processes)["results"],
        }  # fmt: skip
        return self.show(told, status=refused.status if refused else 200)


class ProcessOverview(Page):
    """One process's diagram with how much waits at each of its nodes."""

    needs = ("work_item.read",)
    template = "web/overview/diagram.html"
    title = _("Overview")

    def get(self, request: HttpRequest, process: str) -> HttpResponse:
        """The diagram and the same numbers as a table."""
        tokens = read(request, OverviewResource, "tokens", query={"process": process})
        for node in tokens["nodes"]:
            node |= {"name": node["title"], "links": links({}, process=process, step=node["node"])}
        marks = [
            {name: node[name] for name in ("node", "title", "open", "overdue")} | {"link": node["links"]["open"]}
            for node in tokens["nodes"]
        ]
        told = {
            "title": tokens["name"],
            "tokens": tokens,
            "drawn": {"bpmn": tokens["bpmn"], "marks": marks},
            "processes": read(request, Processes)["results"],
        }
        return self.show(told)


def links(asked: Mapping[str, str], **narrower: str) -> dict[str, str]:
    """The addresses of the inbox with exactly the items that a row counts: all open ones, the overdue ones, and those
    that nobody has taken."""
    query = {name: value for name, value in {**asked, **narrower}.items() if value} or {"state": "open"}
    inbox = reverse("web:inbox")
    return {
        "open": f"{inbox}?{urlencode(query)}",
        "overdue": f"{inbox}?{urlencode({**query, 'overdue': 'true'})}",
        "unclaimed": f"{inbox}?{urlencode({**query, 'assignee': 'none'})}",
    }


def _panels(found: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, Any]:
    """One picture with its table for each way of counting."""
    return {
        "villages_late": {"code": "village", "title": _("By village"), "heading": _("Village"), "rows": [
            row | {"name": row["unit"]["name"], "links": links(asked, village=row["unit"]["id"])}
            for row in found["villages"]
        ]},
        "steps_late": {"code": "step", "title": _("By step"), "heading": _("Step"), "rows": [
            row | {"name": row["title"], "links": links(asked, process=row["process"], step=row["step"])}
            for row in found["steps"]
        ]},
        "people_late": {"code": "person", "title": _("By person"), "heading": _("Person"), "rows": [
            row | {"name": row["user"]["name"] if row["user"] else _("nobody yet"),
                   "links": links(asked, assignee=row["user"]["id"] if row["user"] else "none")}
            for row in found["people"]
        ]},
    }  # fmt: skip
