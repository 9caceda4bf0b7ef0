"""Small loans: what is lent, each with its plan, checks and repayments; asked for, repaid, the fund endowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.families import Families
from backend.api.loans import LoanFunds
from backend.api.loans import Loans as LoansResource
from backend.api.work_items import WorkItems
from backend.funds.models import Loan as Row
from backend.org.access import granting
from backend.web import schemas
from backend.web.administration.section import Choices, Chooser, Question
from backend.web.aid_forms import AidForm, over_budget, yuan
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

FAMILY = Chooser("family", gettext_lazy("Family"), "web:loan_choices", Families)


class Loans(Page):
    """Loans of the reader's place, and what the fund holds."""

    needs = ("loan.read",)
    template = "web/loans/list.html"
    title = gettext_lazy("Small loans")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The loans found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "overdue", "cursor")}
        refused = None
        try:
            found = read(request, LoansResource, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        told |= {"states": Row.State.values, "may_ask": bool(granting(self.user, "loan.write"))}
        told["funds"] = read(request, LoanFunds) if granting(self.user, "loan_fund.read") else []
        told["may_endow"] = bool(granting(self.user, "loan_fund.write"))
        return self.show(told, template="web/loans/found.html" if self.htmx else None)


class Loan(Page):
    """One loan: who signed what, its plan, what came back, what waits for somebody."""

    needs = ("loan.read",)
    template = "web/loans/loan.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All of it."""
        row = read(request, LoansResource, "retrieve", pk=pk)
        waiting = read(request, WorkItems, query={"q": row["number"], "state": "open", "process": "micro_loan"})
        running = row["state"] == Row.State.RUNNING
        told = {
            "title": row["number"],
            "row": row,
            "items": waiting["results"],
            "parts": [each for each in row["instalments"] if each["state"] != "replaced"],
            "replaced": [each for each in row["instalments"] if each["state"] == "replaced"],
            "may_repay": running and bool(granting(self.user, "loan.repay")),
        }
        return self.show(told)


class NewLoan(AidForm):
    """Take in a family's request: first which family, then what it asks for."""

    needs = ("loan.write",)
    title = gettext_lazy("Ask for a loan")
    intro = gettext_lazy(
        "The village says what it thinks of it, the committee stands for it, the county decides. "
        "How many children somebody has plays no part."
    )

    def question(self) -> Question:
        """The family, or what it asks for."""
        if not self.family:
            return Question(schemas.asked(()), (FAMILY,))
        schema = schemas.asked(
            ("borrower", "project", "purpose", "asked"),
            borrower=schemas.chosen(_("Borrower"), self.members()),
            project=schemas.coded(_("Project"), "loan_project", self.today),
            purpose=schemas.text(_("What for"), 1000),
            asked=yuan(_("Asked for (yuan)")),
        )
        return Question(schema)

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """On to the questions, or to the request."""
        if not self.family:
            return redirect(f"{reverse('web:loan_new')}?family={given.get('family', '')}")
        row = command(self.request, LoansResource, "create", body={"family": self.family, **given}, key=key)
        messages.success(self.request, _("Taken in. The village looks at it first."))
        return redirect("web:loan", pk=row["id"])

    def back(self) -> str:
        """The list."""
        return reverse("web:loans")


class LoanChoices(Choices):
    """Families to choose from, while somebody types."""

    needs = ("loan.write",)
    choosers = (FAMILY,)


class Repay(AidForm):
    """Record what came back."""

    needs = ("loan.repay",)
    title = gettext_lazy("Record a repayment")
    intro = gettext_lazy("It goes to the oldest instalment first, and into the fund, which can lend it again.")

    def question(self) -> Question:
        """How much, when, by which receipt."""
        schema = schemas.asked(
            ("amount", "on", "receipt_number"),
            amount=yuan(_("Amount (yuan)")),
            on=schemas.day_of(_("Received on")),
            receipt_number=schemas.text(_("Number of the receipt"), 40),
        )
        return Question(schema)

    def known(self) -> Mapping[str, Any]:
        """Today."""
        return {"on": self.today.isoformat()}

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the loan."""
        command(self.request, LoansResource, "repay", pk=self.kwargs["pk"], body=given, key=key)
        messages.success(self.request, _("Recorded."))
        return redirect(self.back())

    def back(self) -> str:
        """The loan."""
        return reverse("web:loan", args=[self.kwargs["pk"]])


class Endow(AidForm):
    """Put money into a county's fund."""

    needs = ("loan_fund.write",)
    title = gettext_lazy("Endow the fund")
    intro = gettext_lazy("By a decision; entered twice, the same decision counts once.")

    def question(self) -> Question:
        """Whose fund, how much, by which decision."""
        units = {str(fund["unit"]["id"]): fund["unit"]["name"] for fund in read(self.request, LoanFunds)}
        schema = schemas.asked(
            ("unit", "amount", "basis"),
            unit=schemas.chosen(_("Unit"), units),
            amount=yuan(_("Amount (yuan)")),
            basis=schemas.text(_("Number of the decision"), 200),
            over_reason=schemas.text(_("Why more than the budget"), 400, description=over_budget()),
        )
        return Question(schema)

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the fund."""
        command(self.request, LoanFunds, "create", body=given, key=key)
        messages.success(self.request, _("Recorded."))
        return redirect(self.back())

    def back(self) -> str:
        """The list."""
        return reverse("web:loans")
