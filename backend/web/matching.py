"""Pairing: the waiting list, proposals for many families at once, and what became of pairings by their score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.partner_units import PartnerUnits
from backend.api.proposals import Proposals as ProposalsResource
from backend.api.units import Units
from backend.api.waiting_list import WaitingList as WaitingListResource
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

MOST_UNITS = 200
PAGE = 50


@dataclass(frozen=True)
class Tab:
    """One page of the section: its text, the name of its address, and the action by which one is led there."""

    label: str | Promise
    address: str
    action: str = "proposal.read"


TABS = (
    Tab(gettext_lazy("Waiting list"), "web:waiting_list"),
    Tab(gettext_lazy("Proposals"), "web:batches"),
    Tab(gettext_lazy("Score and outcome"), "web:outcomes"),
    Tab(gettext_lazy("Reconciliation"), "web:rounds", "round.read"),
    Tab(gettext_lazy("Rotations"), "web:rotations", "rotation.read"),
    Tab(gettext_lazy("Absences"), "web:absences", "absence.read"),
)


class PairingPage(Page):
    """A page of the section, with its tabs."""

    needs: ClassVar[tuple[str, ...]] = ("proposal.read",)
    tab: ClassVar[str]
    """The name of the address of the tab that it belongs to."""

    def show(
        self, context: dict[str, Any] | None = None, *, template: str | None = None, status: int = 200
    ) -> HttpResponse:
        """See Page.show. Without the section's own entry there are no tabs: its pages are entries then."""
        is_led_here = bool(granting(self.user, "proposal.read"))
        tabs = [tab for tab in TABS if is_led_here and granting(self.user, tab.action)]
        told = {"tabs": tabs, "tab": self.tab, "may_write": bool(granting(self.user, "proposal.write"))}
        return super().show({**told, **(context or {})}, template=template, status=status)


class WaitingList(PairingPage):
    """Who waits for a helper, whose turn it is first."""

    template = "web/pairing/waiting.html"
    title = gettext_lazy("Waiting list")
    tab = "web:waiting_list"

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of it."""
        query = {"page_size": PAGE, "cursor": request.GET.get("cursor", "")}
        found = read(request, WaitingListResource, query=query)
        return self.show({"rows": found["results"], "next": cursor_of(found["next"])})


class Batches(PairingPage):
    """What was worked out, the newest first."""

    template = "web/pairing/batches.html"
    title = gettext_lazy("Proposals")
    tab = "web:batches"

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of them."""
        query = {"page_size": PAGE, "cursor": request.GET.get("cursor", "")}
        found = read(request, ProposalsResource, query=query)
        return self.show({"batches": found["results"], "next": cursor_of(found["next"])})


class NewBatch(PairingPage):
    """For whose families, and whose helpers."""

    needs = ("proposal.write",)
    template = "web/pairing/new.html"
    title = gettext_lazy("Work out proposals")
    tab = "web:batches"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To what was worked out, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        try:
            batch = command(request, ProposalsResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        return redirect("web:batch", pk=batch["id"])

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "refused": refused, "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        places: dict[str, str] = {}
        for grant in granting(self.user, "proposal.write"):
            query = {"unit": str(grant.unit_id), "page_size": MOST_UNITS}
            found = read(self.request, Units, query=query)["results"]
            places |= {unit["id"]: unit["name"] for unit in found if unit["kind"] != "partner"}
        partners = read(self.request, PartnerUnits, query={"page_size": MOST_UNITS})["results"]
        return schemas.asked(
            ("unit",),
            unit=schemas.chosen(_("Families of"), places),
            partner_unit=schemas.chosen(
                _("Only helpers of this unit"), {each["id"]: each["name"] for each in partners}
            ),
        )


class Batch(PairingPage):
    """One batch: for each family the helper proposed, with points and reasons, or why there is nobody."""

    template = "web/pairing/batch.html"
    tab = "web:batches"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The families in the order of need."""
        return self.page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Have the chosen helpers asked; what became of each is told beside it."""
        chosen = request.POST.getlist("ids")
        try:
            answer = command(request, ProposalsResource, "take_up", pk=pk, body={"ids": chosen})
        except Refused as refused:
            return self.page(pk, {"refused": refused}, refused.status)
        results = answer["results"]
        told = {"done": sum(each["ok"] for each in results), "problems": [each for each in results if not each["ok"]]}
        return self.page(pk, {"told": told})

    def page(self, pk: UUID, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        """The page with what was said about it."""
        batch = read(self.request, ProposalsResource, "retrieve", pk=pk)
        asked = {name: self.request.GET.get(name, "") for name in ("found", "cursor")}
        rows = read(self.request, ProposalsResource, "rows", pk=pk, query={"page_size": PAGE, **asked})
        shown = {"batch": batch, "title": batch["unit"]["name"], "rows": rows["results"], "found": asked["found"]}
        return self.show({**shown, "next": cursor_of(rows["next"]), **(more or {})}, status=status)


class BatchAgain(PairingPage):
    """The batch worked out once more: part of its page."""

    template = "web/pairing/again.html"
    tab = "web:batches"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Whether the same came out, and what the register says differently today."""
        try:
            return self.show({"again": read(request, ProposalsResource, "recompute", pk=pk)})
        except Refused as refused:
            return self.show({"refused": refused}, template="web/parts/refused.html", status=refused.status)


class Outcomes(PairingPage):
    """Whether the points foretold anything."""

    template = "web/pairing/outcomes.html"
    title = gettext_lazy("Score and outcome")
    tab = "web:outcomes"

    def get(self, request: HttpRequest) -> HttpResponse:
        """By bands of the score."""
        bands = read(request, ProposalsResource, "outcomes")
        upper: int | None = None
        for band in bands:
            band["most"], upper = (100 if upper is None else upper - 1), band["least"]
        return self.show({"bands": bands})
