"""A work item: its form, what it is about, why it is here, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from backend.api.cases import Cases
from backend.api.events import TECHNICAL
from backend.api.work_items import WorkItems
from backend.org.access import granting
from backend.web import forms
from backend.web.door import Refused, command, read
from backend.web.inbox import READ, inbox_address, inbox_query
from backend.web.pages import Page

LISTS = {
    "festival_condolence": "web:condolences",
    "condolence_delivery": "web:condolences",
    "honours_selection": "web:honours",
    "survey_round": "web:survey_rounds",
    "payment_batch": "web:payments",
    "returned_payment": "web:payables",
    "subsidy_annual_review": "web:annual_reviews",
    "subsidy_exit": "web:subsidy_exits",
    "recovery": "web:recoveries",
}
"""Process → where the rows are that its items are about."""
TOLD = 15
"""Events of the timeline beside a work item; the case's page has all of them."""
LOOKED_AT = 40
"""Events among which these are found: what the engine tells of itself is left out."""


class WorkItemPage(Page):
    """What the addresses of a work item share."""

    needs = READ
    template = "web/work_item/page.html"

    def page(self, pk: UUID, given: dict[str, Any] | None = None, refused: Refused | None = None) -> HttpResponse:
        """The whole page; after a refusal with everything that was typed. For htmx the form alone."""
        item = read(self.request, WorkItems, "retrieve", pk=pk)
        told = self._item(item) | self._form(item, given, refused) | {"refused": refused}
        part = "web/work_item/form.html" if self.htmx else None
        return self.show(told, template=part, status=refused.status if refused else 200)

    def back(self, pk: UUID) -> HttpResponse:
        """To the item's page, as it was reached."""
        origin = self.request.GET.get("inbox", "")
        address = reverse("web:work_item", args=[pk]) + (f"?{urlencode({'inbox': origin})}" if origin else "")
        return HttpResponseClientRedirect(address) if self.htmx else redirect(address)

    def _item(self, item: dict[str, Any]) -> dict[str, Any]:
        course = read(self.request, WorkItems, "course", pk=item["id"])
        origin = self.request.GET.get("inbox", "")
        may_delegate = "delegate" in course["verbs"]
        return {
            "item": item,
            "list_address": self._list_address(item["process"]),
            "title": item["title"],
            "course": course,
            "verbs": course["verbs"],
            "origin": f"?{urlencode({'inbox': origin})}" if origin else "",
            "inbox": inbox_address(origin),
            "inbox_query": inbox_query(dict(parse_qsl(origin))),
            "colleagues": read(self.request, WorkItems, "colleagues", pk=item["id"]) if may_delegate else [],
        }

    def _list_address(self, process: str) -> str:
        """Where the rows are that the process's items are about, for whoever may look there."""
        address = reverse(LISTS[process]) if process in LISTS else ""
        return address if address and self.may_open(address) else ""

    def _form(self, item: dict[str, Any], given: dict[str, Any] | None, refused: Refused | None) -> dict[str, Any]:
        if item["state"] != "open":
            return {"events": self._events(item)}
        form = read(self.request, WorkItems, "form", pk=item["id"])
        typed = given if given is not None else form["draft"] or None
        known = forms.begun(form["schema"], typed, form["values"])
        return {
            "form": form,
            "may_see_pairing": bool(granting(self.user, "proposal.read")),
            "fields": forms.fields(form["schema"], known, refused, form["offered"]),
            "general": forms.general_errors(form["schema"], refused),
            "key": uuid4(),
            "events": [] if self.htmx else self._events(item),
        }

    def _events(self, item: dict[str, Any]) -> list[dict[str, Any]]:
        """The latest of the case's history, for whoever may read it."""
        if not item["case"] or not item["case"]["id"]:
            return []
        try:
            history = read(self.request, Cases, "history", pk=item["case"]["id"], query={"page_size": LOOKED_AT})
        except (Http404, PermissionDenied, Refused):
            return []
        return [event for event in history["results"] if event["action"] not in TECHNICAL][:TOLD]


class WorkItem(WorkItemPage):
    """One step that waits for a person."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form, filled with what was typed so far; of an item that is done, what came of it."""
        return self.page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Complete it; a refusal shows the form again, with everything that was typed."""
        form = read(request, WorkItems, "form", pk=pk)
        given = forms.answers(form["schema"], request.POST)
        key = request.POST.get("key", "")[:80]
        try:
            command(request, WorkItems, "complete", pk=pk, body={"answers": given}, key=key)
        except Refused as refused:
            return self.page(pk, given, refused)
        return self.back(pk)


class WorkItemTyped(Page):
    """What is being typed: kept as a draft, and told how the form stands with it."""

    needs = READ

    def post(self, request: HttpRequest, pk: UUID) -> JsonResponse:
        """Which fields are asked for and needed now, what is wrong with which, and when it was saved (or why not)."""
        form = read(request, WorkItems, "form", pk=pk)
        given = forms.answers(form["schema"], request.POST)
        state = command(request, WorkItems, "check", pk=pk, body={"answers": given})
        errors: dict[str, list[str]] = {}
        for problem in state["errors"]:
            name = problem["pointer"].removeprefix("/answers/").split("/")[0]
            errors.setdefault(name, []).append(str(problem["message"]))
        told = {"shown": state["shown"], "required": state["required"], "errors": errors}
        return JsonResponse({**told, **self._saved(pk, given)})

    def _saved(self, pk: UUID, given: Mapping[str, Any]) -> dict[str, str]:
        try:
            command(self.request, WorkItems, "draft", pk=pk, body={"answers": given}, method="PUT")
        except Refused as refused:
            return {"problem": refused.problem["detail"]}
        return {"saved_at": f"{timezone.localtime(self.now):%H:%M}"}


class WorkItemVerb(WorkItemPage):
    """Claim, release, delegate, postpone."""

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Done, and back to the item; a refusal is told there."""
        body, done = VERBS[verb]
        try:
            command(request, WorkItems, verb, pk=pk, body=body(request))
        except Refused as refused:
            texts = [refused.problem["detail"], *(text for found in refused.errors.values() for text in found)]
            messages.error(request, " ".join(dict.fromkeys(texts)))
        else:
            messages.success(request, done())
        return self.back(pk)


def _nothing(request: HttpRequest) -> dict[str, Any]:
    return {}


def _to_whom(request: HttpRequest) -> dict[str, Any]:
    return {"to": request.POST.get("to", ""), "reason": request.POST.get("reason", "")}


def _until(request: HttpRequest) -> dict[str, Any]:
    return {"until": forms.aware(request.POST.get("until", "")), "reason": request.POST.get("reason", "")}


VERBS: Mapping[str, tuple[Callable[[HttpRequest], dict[str, Any]], Callable[[], str]]] = {
    "claim": (_nothing, lambda: _("Taken: nobody else is offered it now.")),
    "release": (_nothing, lambda: _("Given back: others can take it. What was typed is kept.")),
    "delegate": (_to_whom, lambda: _("Handed over.")),
    "postpone": (_until, lambda: _("Put off. It stays due when it was due.")),
}
"""Verb → what its form says, and what is told when it is done."""
