"""Donations: what was given, where it stands, which families get a share, how it was brought, what was told of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.donations import Allocations, UseReports
from backend.api.donations import Donations as DonationsResource
from backend.api.families import Families
from backend.funds.models import Donation as Row
from backend.org import codes
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page
from backend.web.waiting import waiting

AT_ONCE = 50
ASKED = ("q", "state", "kind", "purpose")
GOODS = ("item", "measure", "quantity", "lot_number", "expires_on")
"""Asked for goods only."""
OPEN = (Row.State.OFFERED, Row.State.PROMISED, Row.State.RECEIVED)
"""States in which the donor may still change their mind."""


class Donations(Page):
    """What was given to the reader's place, and the reports on it."""

    needs = ("donation.read",)
    template = "web/donations/list.html"
    title = gettext_lazy("Donations")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The latest first."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Publish a report."""
        try:
            command(request, UseReports, "publish", pk=request.POST.get("report", ""), key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(refused)
        messages.success(request, _("Published."))
        return redirect("web:donations")

    def _page(self, refused: Refused | None = None) -> HttpResponse:
        asked = {name: self.request.GET.get(name, "").strip()[:60] for name in ASKED}
        query = {"page_size": AT_ONCE, "cursor": self.request.GET.get("cursor", ""), **asked}
        try:
            found = read(self.request, DonationsResource, query=query)
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {
            "donations": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "is_narrowed": any(asked.values()),
            "states": Row.State.values,
            "kinds": Row.Kind.values,
            "purposes": list(codes.entries("donation_purpose")),
            "sum": read(self.request, DonationsResource, "sum", query=asked) if found["results"] else None,
            "reports": read(self.request, UseReports, query={"page_size": 12})["results"],
            "may_write": bool(granting(self.user, "donation.write")),
            "today": timezone.localdate(self.now),
            "key": uuid4(),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)


class NewDonation(Page):
    """What is offered, by whom, for what."""

    needs = ("donation.write",)
    template = "web/donations/new.html"
    title = gettext_lazy("Note a donation")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({"kind": "money"})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the new donation, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        try:
            row = command(request, DonationsResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("Noted: checking the terms is in the inbox."))
        return redirect("web:donation", pk=row["id"])

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        fields = forms.fields(self._schema(), known, refused)
        told = {"fields": fields, "key": uuid4(), "refused": refused}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        day = timezone.localdate(self.now)
        units = {str(grant.unit_id): grant.unit_name for grant in granting(self.user, "donation.write")}
        required = ("unit", "kind", "amount", "purpose", "share", "donor_kind")
        form = schemas.asked(
            required,
            unit=schemas.chosen(_("Unit"), units),
            kind=schemas.chosen(_("Money or goods"), dict(Row.Kind.choices)),
            item=schemas.text(_("Article"), 60),
            measure=schemas.coded(_("Counted in"), "measure", day),
            quantity={"type": "integer", "title": _("Number of pieces"), "minimum": 1, "maximum": 10_000_000},
            lot_number=schemas.text(_("Lot"), 40),
            expires_on=schemas.day_of(_("Good until")),
            amount=schemas.text(_("Yuan; of goods their value"), 12),
            purpose=schemas.coded(_("Purpose"), "donation_purpose", day),
            share=schemas.text(_("What one family gets: yuan, or pieces"), 12),
            ends_on=schemas.day_of(_("The project ends on")),
            donor_kind=schemas.coded(_("Donor"), "donor_kind", day),
            donor_name=schemas.text(_("Name of the donor"), 60),
            donor_contact=schemas.text(_("How to reach the donor"), 60),
            is_anonymous={"type": "boolean", "title": _("Wants to be named nowhere")},
            terms=schemas.text(_("What the donor asks, in their words"), 400),
        )
        goods = {"properties": {"kind": {"const": "goods"}}, "required": ["kind"]}
        form["allOf"] = [{"if": goods, "then": {"required": ["item", "measure", "quantity", "lot_number"]},
                          "x-shows": list(GOODS)}]  # fmt: skip
        return form


class Donation(Page):
    """One donation: how it stands, its families, and what the reader may do next."""

    needs = ("donation.read",)
    template = "web/donations/donation.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole of it."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Put a family forward, record how shares were brought, ask for another use, withdraw."""
        try:
            self._do(request, pk)
        except Refused as refused:
            return self._page(pk, refused)
        messages.success(request, _("Recorded."))
        return redirect("web:donation", pk=pk)

    def _do(self, request: HttpRequest, pk: UUID) -> None:
        posted, key = request.POST, request.POST.get("key", "")
        verb = posted.get("verb", "")
        if verb == "record":
            command(request, Allocations, "record", body={"rows": _handovers(posted)}, key=key)
        elif verb in {"families", "other_use", "consent", "withdraw"}:
            command(request, DonationsResource, verb, pk=pk, body=_asked(verb, posted), key=key)

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        row = read(self.request, DonationsResource, "retrieve", pk=pk)
        query = {"donation": str(pk), "page_size": 200, "ordering": "rank"}
        text = self.request.GET.get("q", "").strip()
        may_write = bool(granting(self.user, "donation.write"))
        search = may_write and row["state"] == Row.State.RECEIVED and text
        day = timezone.localdate(self.now)
        told = {
            "title": row["number"],
            "donation": row,
            "items": waiting(self.request, process="donation", about=row["number"]),
            "allocations": [
                {**each, "typed": _typed(self.request.POST, each["id"]) if refused else {}}
                for each in read(self.request, Allocations, query=query)["results"]
            ],
            "typed": self.request.POST if refused else {},
            "may_write": may_write,
            "is_open": row["state"] in OPEN,
            "may_name": may_write and row["state"] == Row.State.RECEIVED,
            "may_deliver": row["state"] == Row.State.ALLOCATED and bool(granting(self.user, "donation.deliver")),
            "asked_use": next((each for each in row["purpose_changes"] if each["answer"] == "asked"), None),
            "purposes": list(codes.choices("donation_purpose", day=day)),
            "receivers": list(codes.entries("gift_receiver")),
            "receipts": list(codes.entries("gift_receipt")),
            "reasons": list(codes.choices("gift_undelivered", day=day)),
            "q": text,
            "families": read(self.request, Families, query={"q": text, "page_size": 20})["results"] if search else [],
            "today": day,
            "key": uuid4(),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)


def _typed(posted: QueryDict, allocation: str) -> dict[str, str]:
    """What was chosen for one family, to be shown again."""
    return {name: posted.get(f"{name}-{allocation}", "") for name in ("result", "received_by", "receipt", "reason")}


def _asked(verb: str, posted: QueryDict) -> dict[str, Any]:
    if verb == "families":
        return {"family": posted.get("family", ""), "conflict": "conflict" in posted}
    if verb == "other_use":
        return {"purpose": posted.get("purpose", ""), "reason": posted.get("reason", "")}
    if verb == "consent":
        return {"agreed": posted.get("agreed") == "yes", "evidence": posted.get("evidence", "")}
    return {}


def _handovers(posted: QueryDict) -> list[dict[str, Any]]:
    """What was recorded for the families of the page; those without a result are left alone."""
    rows = []
    for pk in posted.getlist("allocation"):
        if result := posted.get(f"result-{pk}", ""):
            told = {name: posted.get(f"{name}-{pk}", "") for name in ("received_by", "receipt", "reason")}
            rows.append({"allocation": pk, "result": result, "delivered_on": posted.get("day") or None, **told})
    return rows
