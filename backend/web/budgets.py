"""The year's budget by its five uses: appropriated, spent, left; proposals, decisions and expenses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.budgets import Budgets as Resource
from backend.org.access import granting
from backend.org.models import Unit
from backend.web import schemas
from backend.web.administration.section import Question
from backend.web.aid_forms import AidForm, over_budget, yuan
from backend.web.door import Refused, command, read
from backend.web.pages import Page


class Budget(Page):
    """One unit's year."""

    needs = ("budget.read",)
    template = "web/payments/budget.html"
    title = gettext_lazy("Budget")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Of this year, or of the one asked for; with the lines of one use."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Agree to a proposal, or refuse it."""
        body = {"agreed": request.POST.get("agreed") == "yes", "reason": request.POST.get("reason", "")}
        try:
            pk = UUID(request.POST.get("row", ""))
            row = command(request, Resource, "decide", pk=pk, body=body, key=request.POST.get("key", ""))
        except ValueError:
            return self._page(status=400)
        except Refused as refused:
            return self._page(refused)
        agreed = row["state"] == "agreed"
        messages.success(request, _("It is in the budget.") if agreed else _("It was refused."))
        return redirect(f"{reverse('web:budget')}?unit={row['unit']['id']}&year={row['year']}")

    def _page(self, refused: Refused | None = None, status: int = 200) -> HttpResponse:
        asked = {name: self.request.GET.get(name, "")[:40] for name in ("unit", "year")}
        query = {name: value for name, value in asked.items() if value}
        try:
            budget = read(self.request, Resource, "overview", query=query)
        except Refused as error:
            budget, refused = read(self.request, Resource, "overview"), error
        unit, year, use = budget["unit"]["id"], budget["year"], self.request.GET.get("use", "")[:20]
        rows = read(self.request, Resource, query={"unit": unit, "year": year, "page_size": 100})["results"]
        lines = read(self.request, Resource, "lines", query={"unit": unit, "year": year, "use": use}) if use else []
        told = {
            "budget": budget,
            "rows": [row for row in rows if row["unit"]["id"] == unit],
            "below": [row for row in rows if row["unit"]["id"] != unit],
            "use": next((each for each in budget["uses"] if each["code"] == use), None),
            "lines": lines,
            "years": (year - 1, year, year + 1),
            "may_write": bool(granting(self.user, "budget.write")),
            "may_decide": bool(granting(self.user, "budget.decide")),
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else status)


class BudgetForm(AidForm):
    """What finance officers enter."""

    needs = ("budget.write",)

    def units(self) -> Mapping[str, str]:
        """Counties and townships whose budgets the reader writes."""
        paths = [grant.path for grant in granting(self.user, "budget.write")]
        kinds = (Unit.Kind.COUNTY, Unit.Kind.TOWN)
        found = Unit.objects.visible_to(self.user).filter(kind__in=kinds).order_by("path")
        return {str(unit.pk): unit.name for unit in found if any(unit.path.startswith(path) for path in paths)}

    def back(self) -> str:
        """The budget."""
        return reverse("web:budget")


class Propose(BudgetForm):
    """More, or less, for one use."""

    title = gettext_lazy("Propose an appropriation")
    intro = gettext_lazy("It counts when somebody else has agreed. To take some back, enter it with a minus.")

    def question(self) -> Question:
        """Whose budget, how much, by which document."""
        schema = schemas.asked(
            ("unit", "year", "use", "amount", "document"),
            unit=schemas.chosen(_("Unit"), self.units()),
            year={"type": "integer", "title": _("Year"), "minimum": 2000, "maximum": 2100},
            use=schemas.coded(_("Use"), "budget_use", self.today),
            amount=yuan(_("Amount (yuan)"), pattern=r"^-?\d{1,10}(\.\d{1,2})?$", maxLength=14),
            document=schemas.text(_("Number of the document"), 100),
            reason=schemas.text(_("Reason"), 400),
        )
        return Question(schema)

    def known(self) -> Mapping[str, Any]:
        """This year."""
        return {"year": self.today.year}

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the budget."""
        row = command(self.request, Resource, "create", body=given, key=key)
        messages.success(self.request, _("Proposed. Somebody else decides on it."))
        return redirect(f"{self.back()}?unit={row['unit']['id']}&year={row['year']}")


class Expense(BudgetForm):
    """What was paid for one use."""

    title = gettext_lazy("Book an expense")
    intro = gettext_lazy("What batches, activities and goods cost is booked by themselves; here comes everything else.")

    def question(self) -> Question:
        """How much, for what, by which voucher."""
        schema = schemas.asked(
            ("unit", "use", "amount", "on", "voucher", "reason"),
            unit=schemas.chosen(_("Unit"), self.units()),
            use=schemas.coded(_("Use"), "budget_use", self.today),
            amount=yuan(_("Amount (yuan)")),
            on=schemas.day_of(_("Paid on")),
            voucher=schemas.text(_("Number of the voucher"), 100),
            reason=schemas.text(_("What for"), 400),
            over_reason=schemas.text(_("Why more than the budget"), 400, description=over_budget()),
        )
        return Question(schema)

    def known(self) -> Mapping[str, Any]:
        """Today."""
        return {"on": self.today.isoformat()}

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the budget."""
        told = command(self.request, Resource, "expense", body=given, key=key)
        messages.success(self.request, _("Recorded."))
        return redirect(f"{self.back()}?unit={told['unit']['id']}&year={told['year']}")
