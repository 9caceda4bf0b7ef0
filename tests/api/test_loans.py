"""Small loans (W18, P10 D): different people recommend, stand for, decide, sign and pay; repaid money is lent again."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.audit.models import Event
from backend.funds import loan_fund, loans
from backend.funds.models import Loan
from backend.ledger.accounts import account
from backend.ledger.balances import balance, trial_balance
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from backend.org.models import User
from backend.payments.models import Payable
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.funds.bank import first_returned, given_up, paid_by_bank
from tests.kept import kept
from tests.steps.office import Office
from workflows import deployment, services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db

CAPITAL = Decimal(30000)
RECOMMENDED = {
    "recommended": "yes", "training_done": True, "trained_on": "2026-02-01", "existing_debt": 0, "no_conflict": True,
}  # fmt: skip
GUARANTEED = {
    "guarantee": "yes", "guarantor_kind": "villager", "guarantor_name": "赵大山", "village_rating": "A",
    "votes_for": 5, "votes_against": 0, "recused": 1, "no_conflict": True,
}  # fmt: skip
FIRST_VERSION = {"payout == 'paid'": "is_paid", "payout == 'called_off'": "1 == 2"}
DECIDED = {"loan_decision": "approve", "principal": 10000, "term_months": 24, "instalments": 3, "no_conflict": True}


class Town:
    """A township whose county lends."""

    def __init__(self) -> None:
        load_codes()
        self.office = Office(timezone.now())
        self.now: datetime = self.office.now
        self.village, self.caseworker = self.office.village, self.office.caseworker
        self.county_unit = factories.region("120114000000")
        self.committee = factories.user("committee", role="committee", unit=factories.village(), name="孙长顺")
        self.county = factories.user("county", role="county", unit=self.county_unit, name="冯审核")
        self.finance = factories.user("finance", role="finance", unit=self.county_unit, name="杜会计")
        self.family = factories.family()
        said = {"unit": str(self.county_unit.pk), "amount": str(CAPITAL), "basis": "县财社〔2026〕3号"}
        assert Caller(self.finance).post("loan-funds/", said).status_code == 201

    def post(self, by: User | None = None, **changes: Any) -> Any:
        said = {
            "family": str(self.family.pk), "borrower": str(self.family.persons.get().pk), "project": "breeding",
            "purpose": "养二十只羊", "asked": "10000.00", **changes,
        }  # fmt: skip
        return Caller(by or self.village).post("loans/", said)

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = next(iter(results(Caller(user).get("work-items/", doable="true", step=step))))
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def guaranteed(self, **changes: Any) -> Loan:
        response = self.post(**changes)
        assert response.status_code == 201, response.content
        assert self.do(self.village, "recommend_loan", RECOMMENDED).status_code == 200
        assert self.do(self.committee, "guarantee_loan", GUARANTEED).status_code == 200
        return Loan.objects.get(pk=response.json()["id"])

    def signed(self) -> Loan:
        loan = self.guaranteed()
        assert self.do(self.county, "decide_loan", DECIDED).status_code == 200
        today = timezone.localdate(self.now)
        contract = {
            "contract": "signed", "contract_number": "协议1号", "signed_on": today.isoformat(),
            "first_due_on": (today + timedelta(days=200)).isoformat(), "account_number": "622700001234567",
            "terms_read": True,
        }  # fmt: skip
        response = self.do(self.caseworker, "sign_contract", contract)
        assert response.status_code == 200, response.content
        loan.refresh_from_db()
        return loan

    def running(self) -> Loan:
        loan = self.signed()
        paid_by_bank([self.payable(loan)], self.now)
        self.wake(loan, days=2)
        loan.refresh_from_db()
        assert loan.state == "running"
        return loan

    def payable(self, loan: Loan) -> Payable:
        """What the payment desk was asked for."""
        return Payable.objects.select_related("standing").get(reference_kind="loan", reference_id=str(loan.pk))

    def give_up(self, loan: Loan) -> None:
        """The bank returns it, and the borrower does not want it any more."""
        owed = self.payable(loan)
        first_returned([owed], self.now)
        given_up(owed, self.now)

    def fund(self) -> tuple[str, str]:
        """What it holds, and what is lent."""
        return str(loan_fund.holds(self.county_unit)), str(loan_fund.lent(self.county_unit))

    def outcome(self, loan: Loan) -> str:
        """How its process ended."""
        return Instance.objects.get(process__key="micro_loan", pk=str(loan.instance_id)).outcome

    def wake(self, loan: Loan, days: int) -> None:
        """So many days after the beginning."""
        assert loan.instance_id is not None
        services.wake(instance_id=loan.instance_id, now=self.now + timedelta(days=days))

    def waiting(self, loan: Loan) -> list[str]:
        return list(WorkItem.objects.filter(instance=loan.instance_id, state="open").values_list("step", flat=True))

    def repay(self, loan: Loan, amount: str, receipt: str, by: User | None = None) -> Any:
        said = {"amount": amount, "on": timezone.localdate(self.now).isoformat(), "receipt_number": receipt}
        return Caller(by or self.finance).post(f"loans/{loan.pk}/repay/", said)


@kept
def town() -> Town:
    return Town()


def test_lent_checked_repaid_and_lent_again(town: Town) -> None:
    loan = town.running()
    parts = list(loan.instalments.order_by("number").values_list("principal", flat=True))
    assert parts == [Decimal("3333.33"), Decimal("3333.33"), Decimal("3333.34")]
    assert town.fund() == ("20000.00", "10000.00")
    town.wake(loan, days=96)
    seen = {"checked_on": timezone.localdate().isoformat(), "use": "as_agreed"}
    assert town.do(town.caseworker, "check_use", seen).status_code == 200
    assert town.repay(loan, "4000.00", "S-1").status_code == 200
    assert_problem(town.repay(loan, "1.00", "S-1"), 409, "receipt_taken")
    assert_problem(town.repay(loan, "6000.01", "S-2"), 422, "overpaid", "/amount")
    told = Caller(town.caseworker).get(f"loans/{loan.pk}/").json()
    assert (told["outstanding"], [part["paid_principal"] for part in told["instalments"]]) == (
        "6000.00", ["3333.33", "666.67", "0.00"],
    )  # fmt: skip
    assert town.repay(loan, "6000.00", "S-2").json()["state"] == "repaid"
    assert town.outcome(loan) == "repaid"
    assert town.fund() == ("30000.00", "0.00")
    assert trial_balance(town.county_unit).is_balanced
    assert_problem(town.repay(loan, "1.00", "S-3"), 409, "loan_not_running")
    assert town.post().status_code == 201


def test_powers_apart(town: Town) -> None:
    """domain.md 3.0: nobody does two of recommend, stand for, decide, sign; the database holds it too."""
    for user, role, unit in (
        (town.village, "committee", factories.village()), (town.committee, "county", town.county_unit),
        (town.county, "caseworker", factories.town()),
    ):  # fmt: skip
        factories.member(user, role, unit)
    assert town.post().status_code == 201
    town.do(town.village, "recommend_loan", RECOMMENDED)
    assert_problem(town.do(town.village, "guarantee_loan", GUARANTEED), 403, "four_eyes")
    town.do(town.committee, "guarantee_loan", GUARANTEED)
    assert_problem(town.do(town.committee, "decide_loan", DECIDED), 403, "four_eyes")
    town.do(town.county, "decide_loan", DECIDED)
    assert_problem(town.do(town.county, "sign_contract", {"contract": "withdrawn"}), 403, "four_eyes")
    for twice in ({"guaranteed_by": town.village}, {"decided_by": town.committee}, {"signed_by": town.county}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Loan.objects.update(**twice)


def test_who_confirmed_cannot_pay(town: Town) -> None:
    loan = town.signed()
    confirmed = set(town.payable(loan).confirmed_by)
    assert confirmed == {town.village.pk, town.committee.pk, town.county.pk, town.caseworker.pk}


def test_the_guarantor_has_no_say(town: Town) -> None:
    """E19: who stands for it, and a relative in the offices, decide nothing."""
    User.objects.filter(pk=town.county.pk).update(name=GUARANTEED["guarantor_name"])
    town.guaranteed()
    assert_problem(town.do(town.county, "decide_loan", DECIDED), 403, "guarantor_decides")
    assert_problem(town.do(factories.deputy(town.county), "decide_loan", DECIDED), 403, "guarantor_decides")
    town.family = factories.family(label="周家")
    loan = town.post(town.caseworker, kin=str(town.village.pk)).json()
    assert results(Caller(town.village).get("work-items/", step="recommend_loan")) == []
    assert Caller(town.village).get(f"loans/{loan['id']}/").status_code == 404


def test_what_the_table_advises_is_followed_or_explained(town: Town) -> None:
    town.post()
    town.do(town.village, "recommend_loan", {**RECOMMENDED, "existing_debt": 8000})
    town.do(town.committee, "guarantee_loan", GUARANTEED)
    loan = Loan.objects.get()
    assert (loan.advice, loan.advice_reason) == ("smaller", "some_debt")
    assert (str(loan.advised), loan.advised_months) == ("5000.00", 24)
    assert "8000" not in "".join(event.body for event in Event.objects.filter(object_kind="loan"))
    assert_problem(town.do(town.county, "decide_loan", DECIDED), 422, "reason_needed", "/answers/reason")
    smaller = {**DECIDED, "principal": 5000}
    assert town.do(town.county, "decide_loan", smaller).status_code == 200


def test_limits_and_an_empty_fund(town: Town) -> None:
    assert_problem(town.post(asked="2999.99"), 422, "bad_loan", "/asked")
    assert_problem(town.post(project="lottery"), 422, "bad_loan", "/project")
    town.guaranteed()
    assert_problem(town.post(), 409, "loan_running")
    too_much = town.do(town.county, "decide_loan", {**DECIDED, "principal": 10001})
    assert_problem(too_much, 422, "bad_terms", "/answers/principal")
    loan_fund.set_aside(
        loan=Loan(principal=Decimal(25000), contract_number="x"), unit=town.county_unit, actor=factories.actor(),
        now=town.now,
    )  # fmt: skip
    assert_problem(town.do(town.county, "decide_loan", DECIDED), 409, "fund_empty")


def test_overdue_is_a_quiet_word_and_then_another_plan(town: Town) -> None:
    """P10: 1, 15 and 30 days; nobody but the office hears of it, and the plan changes instead of the tone."""
    loan = town.running()
    loan.checks.update(done_on=timezone.localdate())
    before = Reminder.objects.count()
    for day in (96, 202):  # wakes for the first check's day, then a day after the instalment's
        town.wake(loan, days=day)
    assert town.waiting(loan) == ["talk_with_borrower"]
    quiet = {"talk": "needs_time", "talked_on": timezone.localdate().isoformat(), "channel": "in_person"}
    assert_problem(town.do(town.caseworker, "talk_with_borrower", {**quiet, "alone": False}), 422, "bad_answers")
    town.do(town.caseworker, "talk_with_borrower", {**quiet, "alone": True})
    town.wake(loan, days=217)
    town.do(town.caseworker, "talk_with_borrower", {**quiet, "alone": True})
    town.wake(loan, days=232)
    first_due = (timezone.localdate() + timedelta(days=400)).isoformat()
    plan = {"proposal": "smaller", "first_due_on": first_due, "instalments": 7, "reason": "母羊病死"}
    town.do(town.caseworker, "propose_restructuring", plan)
    factories.member(town.caseworker, "county", town.county_unit)
    agreed = {"restructuring": "approve", "no_conflict": True}
    assert_problem(town.do(town.caseworker, "decide_restructuring", agreed), 403, "four_eyes")
    assert town.do(town.county, "decide_restructuring", agreed).status_code == 200
    loan.refresh_from_db()
    assert loans.outstanding(loan) == 10000
    assert loan.instalments.filter(state="open").count() == 7
    assert Reminder.objects.count() == before
    assert "母羊" not in "".join(event.body for event in Event.objects.filter(object_kind="loan"))


def test_given_up_after_a_disaster(town: Town) -> None:
    loan = town.running()
    loan.checks.update(done_on=timezone.localdate())
    town.repay(loan, "1000.00", "S-1")
    Loan.objects.update(hardship=True)
    town.wake(loan, days=202)
    town.do(town.caseworker, "propose_restructuring", {"proposal": "write_off", "reason": "洪水冲走羊圈"})
    town.do(town.county, "decide_restructuring", {"restructuring": "approve", "no_conflict": True})
    loan.refresh_from_db()
    assert (loan.state, town.outcome(loan)) == ("written_off", "written_off")
    assert town.fund() == ("21000.00", "0.00")
    assert trial_balance(town.county_unit).is_balanced


def test_what_is_not_paid_out_any_more_is_in_the_fund_and_bars_nobody(town: Town) -> None:
    """The bank returned it, the borrower does not want it any more: the fund lends it again, to this family, too."""
    loan = town.signed()
    assert town.fund() == ("20000.00", "0.00")
    town.wake(loan, days=2)
    assert (town.outcome(loan), town.waiting(loan)) == ("", []), "it still waits"
    town.give_up(loan)
    town.wake(loan, days=4)
    loan.refresh_from_db()
    assert (loan.state, town.outcome(loan), loans.outstanding(loan)) == ("withdrawn", "withdrawn", Decimal(0))
    assert town.fund() == ("30000.00", "0.00")
    assert balance(account(kind="budget_line", unit=town.county_unit, code="micro_loan")) == 0
    assert trial_balance(town.county_unit).is_balanced
    assert Event.objects.filter(action="loan.called_off", object_id=str(loan.pk)).count() == 1
    assert town.post().status_code == 201


def test_a_loan_of_the_diagrams_first_version_ends_too(town: Town) -> None:
    """Loans that run keep the version they began with: it asks for `is_paid` and knows no other way."""
    files = deployment.bundle(settings.BPMN_FOLDER, "micro_loan")
    (diagram,) = (name for name in files if name.endswith(".bpmn"))
    for now, first in FIRST_VERSION.items():
        assert now in files[diagram]
        files[diagram] = files[diagram].replace(now, first)
    deployment.deploy(key="micro_loan", files=files, actor=SYSTEM, now=town.now)
    loan = town.signed()
    town.give_up(loan)
    town.wake(loan, days=2)
    loan.refresh_from_db()
    assert (loan.state, town.outcome(loan), town.fund()) == ("withdrawn", "repaid", ("30000.00", "0.00"))


def test_only_finance_takes_money(town: Town) -> None:
    loan = town.running()
    assert town.repay(loan, "100.00", "S-1", by=town.caseworker).status_code == 403
    assert town.repay(loan, "100.005", "S-1").status_code == 400
    said = {"unit": str(town.county_unit.pk), "amount": "1.00", "basis": "县财社〔2026〕3号"}
    assert_problem(Caller(town.finance).post("loan-funds/", said), 409, "entry_key_taken")
    assert Caller(town.county).post("loan-funds/", said).status_code == 403
    (fund,) = Caller(town.county).get("loan-funds/").json()
    assert (fund["holds"], fund["lent"]) == ("20000.00", "10000.00")
