"""Workload: who has how much, who is absent, and handing somebody's items to colleagues after looking at who can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.work_item_shapes import BULK
from backend.api.work_items import WorkItems
from backend.api.workload import Workload as WorkloadResource
from backend.web.door import Refused, command_each, read
from backend.web.pages import Page

NOBODY = "none"
"""In place of a person: the items that nobody has taken."""


class Workload(Page):
    """Everybody of the office with their work."""

    needs = ("work_item.assign",)
    template = "web/workload/page.html"
    title = gettext_lazy("Workload")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Those with the most overdue work first."""
        found = read(request, WorkloadResource)
        longest = max((each["open"] for each in [*found["people"], found["unclaimed"]]), default=0)
        return self.show(found | {"longest": max(longest, 1)})


class Reassign(Page):
    """One person's items: choose some, see who could take them and what would change, then hand them over."""

    needs = ("work_item.assign",)
    template = "web/workload/person.html"
    title = gettext_lazy("Workload")

    def get(self, request: HttpRequest, person: str) -> HttpResponse:
        """The items; with `ids` in the address also who could take these, with `to` what would change."""
        return self.page(person, request.GET.getlist("ids"), request.GET.get("to", ""))

    def page(
        self, person: str, chosen: Sequence[str], to: str, more: Mapping[str, Any] | None = None, status: int = 200
    ) -> HttpResponse:
        """The page with this choice."""
        load = self._load(person)
        listed = read(self.request, WorkItems, query={"assignee": person, "page_size": BULK})
        items = [item for item in listed["results"] if item["role"] not in {"helper", "liaison"}]
        taking = [item for item in items if item["id"] in chosen]
        takers = self._takers(taking)
        taker = next((each for each in takers if each["user"]["id"] == to), None)
        for item in items:
            item["chosen"] = item in taking
            item["fate"] = _fate(item, taker) if item in taking and taker else None
        told = {
            "person": person,
            "load": load,
            "title": load["user"]["name"] if load else _("Nobody has taken"),
            "items": items,
            "further": bool(listed["next"]),
            "taking": taking,
            "takers": takers,
            "taker": taker,
            "gets": sum(item["id"] in taker["able"] for item in taking) if taker else 0,
        }
        return self.show(told | dict(more or {}), status=status)

    def _load(self, person: str) -> dict[str, Any] | None:
        """The person's work; None for nobody. Raises Http404."""
        if person == NOBODY:
            return None
        people = read(self.request, WorkloadResource)["people"]
        found = next((each for each in people if each["user"]["id"] == person), None)
        if found is None:
            raise Http404
        return dict(found)

    def _takers(self, taking: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if not taking:
            return []
        ids = ",".join(item["id"] for item in taking)
        found: list[dict[str, Any]] = read(self.request, WorkloadResource, "takers", query={"ids": ids})
        return found


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class ReassignNow(Reassign):
    """Hand the chosen items over: each has a transaction and a result of its own."""

    def post(self, request: HttpRequest, person: str) -> HttpResponse:
        """What became of each row; after a refusal of the whole the choice and the reason stand there again."""
        chosen, to = request.POST.getlist("ids"), request.POST.get("to", "")
        reason = request.POST.get("reason", "")
        before = {item["id"]: item for item in self._chosen(person, chosen)}
        body = {"action": "delegate", "ids": chosen, "to": to, "reason": reason}
        try:
            answer = command_each(request, WorkItems, "bulk", body)
        except Refused as refused:
            return self.page(person, chosen, to, {"refused": refused, "reason": reason}, refused.status)
        results = [{"item": before.get(each["id"]), **each} for each in answer["results"]]
        done = sum(each["ok"] for each in results)
        return self.page(person, [], "", {"results": results, "done": done, "left": len(results) - done})

    def _chosen(self, person: str, chosen: Sequence[str]) -> list[dict[str, Any]]:
        """The chosen rows as they were, to be named beside what became of them."""
        listed = read(self.request, WorkItems, query={"assignee": person, "page_size": BULK})["results"]
        return [item for item in listed if item["id"] in chosen]


def _fate(item: Mapping[str, Any], taker: Mapping[str, Any]) -> str:
    """What would become of the item: goes, four_eyes or not_theirs."""
    if item["id"] in taker["able"]:
        return "goes"
    return "four_eyes" if item["id"] in taker["excluded"] else "not_theirs"
