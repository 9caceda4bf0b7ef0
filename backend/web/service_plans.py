"""Service plans, cards and referrals: what a family is given and what came of it; a department's own list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.cards import Cards as CardsResource
from backend.api.cases import Cases
from backend.api.referrals import Referrals as ReferralsResource
from backend.api.resource import Resource
from backend.api.service_plans import ServicePlans as PlansResource
from backend.org import codes
from backend.org.access import granting
from backend.services.models import Card as CardRow
from backend.services.models import Plan as PlanRow
from backend.services.models import Referral as ReferralRow
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

READ_REFERRALS = ("referral.read", "own.referral.read")
WORDS: dict[str, str | Promise] = {
    "state": gettext_lazy("State"),
    "late": gettext_lazy("Answer"),
    "listed": gettext_lazy("Meeting list"),
    "department": gettext_lazy("Department"),
    "valid": gettext_lazy("Valid"),
}


class Listing(Page):
    """Rows of a resource, narrowed by filters; for htmx only the rows."""

    resource: ClassVar[type[Resource]]
    filters: ClassVar[tuple[str, ...]]
    ordering = ""
    found: ClassVar[str]
    """The template of the rows alone."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The rows found."""
        asked = {name: request.GET.get(name, "").strip() for name in (*self.filters, "cursor")}
        refused = None
        try:
            found = read(request, self.resource, query={"page_size": 50, "ordering": self.ordering, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        told |= {"words": WORDS, **self.choices()}
        return self.show(told, template=self.found if self.htmx else None)

    def choices(self) -> Mapping[str, Any]:
        """What the filters offer."""
        return {}


class ServicePlans(Listing):
    """Every family's plans, the newest first."""

    needs = ("plan.read",)
    template, found = "web/service_plans/list.html", "web/service_plans/found.html"
    title = gettext_lazy("Service plans")
    resource, ordering = PlansResource, "-opened_at"
    filters = ("state", "listed", "family", "case")

    def choices(self) -> Mapping[str, Any]:
        """The states."""
        return {"states": PlanRow.State.values}


class ServicePlan(Page):
    """One plan: needs, items one by one with what came of them, cards, referrals."""

    needs = ("plan.read",)
    template = "web/service_plans/plan.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole of it."""
        plan = read(request, PlansResource, "retrieve", pk=pk)
        family = plan["family"]["id"]
        cards = read(request, CardsResource, query={"family": family, "page_size": 20})["results"]
        asked = read(request, ReferralsResource, query={"case": plan["case"]["id"], "page_size": 50})["results"]
        return self.show({"title": plan["number"], "plan": plan, "cards": cards, "referrals": asked})


class NewServicePlan(Page):
    """Begin a plan for a family by hand: what it needs."""

    needs = ("plan.write",)
    template = "web/service_plans/new.html"
    title = gettext_lazy("Begin a service plan")

    def get(self, request: HttpRequest) -> HttpResponse:
        """What is needed."""
        return self._form({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the plan, or the form again with everything typed."""
        given = forms.answers(self._schema(), request.POST)
        body = {"needs": [], **given, "case": self._case["id"]}
        try:
            made = command(request, PlansResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("The caseworker finds it in the inbox: the needs are looked at first."))
        return redirect("web:service_plan", pk=made["id"])

    @property
    def _case(self) -> dict[str, Any]:
        """The case of the address, as the reader may know it."""
        try:
            pk = UUID(self.request.GET.get("case", ""))
        except ValueError:
            raise Http404 from None
        case: dict[str, Any] = read(self.request, Cases, "retrieve", pk=pk)
        return case

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        fields = forms.fields(self._schema(), known, refused)
        told = {"fields": fields, "refused": refused, "key": uuid4(), "case": self._case}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        today = timezone.localdate(self.now)
        return schemas.asked(("needs",), needs=schemas.several(_("Needs"), "service_need", today))


class Cards(Listing):
    """Every family's cards, the newest first."""

    needs = ("card.read",)
    template, found = "web/service_plans/cards.html", "web/service_plans/cards_found.html"
    title = gettext_lazy("Cards")
    resource, ordering = CardsResource, "-issued_on"
    filters = ("state", "valid", "number", "family")

    def choices(self) -> Mapping[str, Any]:
        """The states."""
        return {"states": CardRow.State.values}


class Card(Page):
    """One card: as it is printed, whether it opens doors, and what to do when it is lost."""

    needs = ("card.read",)
    template = "web/service_plans/card.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The card and its verbs."""
        return self._card(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Freeze it, or renew it; a refusal shows the page again."""
        verb, key = request.POST.get("verb", ""), request.POST.get("key", "")
        if verb not in {"freeze", "renew"}:
            raise Http404
        body = forms.answers(self._schema(), request.POST) if verb == "freeze" else {}
        try:
            card = command(request, CardsResource, verb, pk=pk, body=body, key=key)
        except Refused as refused:
            return self._card(pk, body, refused)
        said = _("From now on this card opens no door.") if verb == "freeze" else _("This is the new card.")
        messages.success(request, said)
        return redirect("web:card", pk=card["id"])

    def _card(self, pk: UUID, known: dict[str, Any] | None = None, refused: Refused | None = None) -> HttpResponse:
        card = read(self.request, CardsResource, "retrieve", pk=pk)
        told = {"title": card["number"], "card": card, "key": uuid4(), "refused": refused}
        told["fields"] = forms.fields(self._schema(), known or {"reason": "lost"}, refused)
        told["may_freeze"] = card["state"] == "issued" and bool(granting(self.user, "card.freeze"))
        told["may_renew"] = card["state"] != "replaced" and bool(granting(self.user, "card.write"))
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        today = timezone.localdate(self.now)
        return schemas.asked(("reason",), reason=schemas.coded(_("What happened"), "card_freeze_reason", today))


class Referrals(Listing):
    """What departments were asked for; a liaison sees only what the own department was asked."""

    needs = READ_REFERRALS
    template, found = "web/service_plans/referrals.html", "web/service_plans/referrals_found.html"
    title = gettext_lazy("Referrals")
    resource, ordering = ReferralsResource, "-sent_at"
    filters = ("state", "department", "late", "listed", "case")

    def choices(self) -> Mapping[str, Any]:
        """States, and the departments for whoever sees more than one."""
        told: dict[str, Any] = {"states": ReferralRow.State.values, "is_office": self._is_office}
        return told | {"departments": list(codes.entries("department")) if self._is_office else []}

    @property
    def _is_office(self) -> bool:
        return bool(granting(self.user, "referral.read"))


class Referral(Page):
    """One referral; a department opens here what it may know, and history tells that it did."""

    needs = READ_REFERRALS
    template = "web/service_plans/referral.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What was asked and answered."""
        return self._referral(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Open the share package; it is shown once, and stays nowhere on the page."""
        try:
            package = command(request, ReferralsResource, "package", pk=pk)
        except Refused as refused:
            return self._referral(pk, refused=refused)
        return self._referral(pk, package=package)

    def _referral(
        self, pk: UUID, *, package: dict[str, Any] | None = None, refused: Refused | None = None
    ) -> HttpResponse:
        row = read(self.request, ReferralsResource, "retrieve", pk=pk)
        told = {"title": row["number"], "referral": row, "package": package, "refused": refused}
        told["may_open"] = row["shared"] and "family" not in row
        return self.show(told, status=refused.status if refused else 200)


def plans_of(page: Page, case: str) -> list[dict[str, Any]]:
    """The plans of a case that its reader may see."""
    if not granting(page.user, "plan.read"):
        return []
    found: list[dict[str, Any]] = read(page.request, PlansResource, query={"case": case, "page_size": 5})["results"]
    return found
