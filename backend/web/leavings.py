"""Somebody of the office leaves: what depends on the person, who gets it, and the list that the successor opens."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.leavings import Leavings as LeavingsResource
from backend.api.users import Users
from backend.org.access import granting
from backend.web import schemas
from backend.web.administration.section import Choices, Chooser, Question
from backend.web.deputies import COLLEAGUES
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

SUCCESSOR = Chooser(
    "successor", gettext_lazy("Who takes over"), "web:successor_choices", Users, COLLEAGUES, required=False
)
KINDS = {
    "work_item": gettext_lazy("open work"),
    "place": gettext_lazy("role at a place"),
    "helper": gettext_lazy("family helped"),
    "deputy": gettext_lazy("standing in for"),
    "filter": gettext_lazy("shared filter"),
    "membership": gettext_lazy("role"),
}
FATES = {
    "successor": gettext_lazy("goes to the successor"),
    "queue": gettext_lazy("goes back to the queue"),
    "end": gettext_lazy("ends"),
    "orphan": gettext_lazy("nobody would have it"),
}
PLAN = ("successor", "work", "deputies")


class Leaving(Page):
    """One person's leaving: a plan, what it makes of everything, and carrying it out."""

    needs = ("leaving.write",)
    template = "web/leavings/plan.html"
    title = gettext_lazy("Leaves the office")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Everything that depends on the person under the plan in the address. Changes nothing."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Carried out, or the page again with the plan and what is in the way."""
        body = {**self._plan(pk), "reason": request.POST.get("reason", "")}
        try:
            made = command(request, LeavingsResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(pk, refused)
        messages.success(request, _("%(name)s has handed everything over.") % {"name": made["user"]["name"]})
        return redirect("web:leaving", pk=made["id"])

    def _plan(self, pk: UUID) -> dict[str, Any]:
        sent = self.request.POST or self.request.GET
        given = {name: sent.get(name, "") for name in PLAN}
        return {"user": str(pk), **{name: value for name, value in given.items() if value}}

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        person, plan = read(self.request, Users, "retrieve", pk=pk), self._plan(pk)
        found: dict[str, Any] | None = None
        try:
            found = command(self.request, LeavingsResource, "dry_run", body=plan)
        except Refused as error:
            refused = refused or error
        told = {
            **self._question().shown(self.request, {"work": "successor", "deputies": "successor", **plan}, None),
            "person": person,
            "plan": plan,
            "found": found,
            "rows": [_in_words(row) for row in found["moved"]] if found else [],
            "reason": self.request.POST.get("reason", ""),
            "key": uuid4(),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)

    def _question(self) -> Question:
        work = {"successor": _("to the successor, what they may not do to the queue"), "queue": _("all to the queues")}
        deputies = {"successor": _("the successor stands in"), "end": _("it ends")}
        schema = schemas.asked(
            ("work", "deputies"),
            work=schemas.chosen(_("Open work goes"), work),
            deputies=schemas.chosen(_("Standing in for absent colleagues"), deputies),
        )
        return Question(schema, (SUCCESSOR,))


class Leavings(Page):
    """Who left, and who has seen the list."""

    needs = ("leaving.read", "own.leaving.read")
    template = "web/leavings/list.html"
    title = gettext_lazy("Handed over")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The latest first."""
        found = read(request, LeavingsResource, query={"cursor": request.GET.get("cursor", ""), "page_size": 50})
        return self.show({"rows": found["results"], "next": cursor_of(found["next"])})


class Handovers(Page):
    """The list of what one person handed over."""

    needs = ("leaving.read", "own.leaving.read")
    template = "web/leavings/leaving.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Each line with where it went."""
        row = read(request, LeavingsResource, "retrieve", pk=pk)
        mine = [each for each in row["handovers"] if each["to"] and each["to"]["id"] == str(self.user.pk)]
        told = {
            "row": row,
            "title": row["user"]["name"],
            "rows": [_in_words(each) for each in row["handovers"]],
            "unread": sum(each["read_at"] is None for each in mine),
        }
        return self.show(told)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Seen."""
        command(request, LeavingsResource, "read", pk=pk)
        messages.success(request, _("Noted: you have seen the list."))
        return redirect("web:leaving", pk=pk)


class SuccessorChoices(Choices):
    """Colleagues to choose from."""

    needs = ("leaving.write",)
    choosers = (SUCCESSOR,)


def handed_to(page: Page) -> list[dict[str, Any]]:
    """Leavings with lines for the reader that are not confirmed yet."""
    if not granting(page.user, "own.leaving.read") or granting(page.user, "leaving.read"):
        return []
    rows = read(page.request, LeavingsResource, query={"page_size": 20})["results"]
    return [row for row in rows if row["unread"]]


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    """A line with its kind and fate in words."""
    return {**row, "kind_name": KINDS[row["kind"]], "fate_name": FATES[row["fate"]]}
