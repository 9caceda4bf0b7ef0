"""The yearly budget by its five uses (W26): made by two, spent as the ledger tells, looked at before more is spent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from backend.audit.models import Event
from backend.ledger import budgets
from backend.ledger.models import Appropriation
from backend.org import codes, parameters
from backend.org.codes import load_codes
from backend.org.models import Unit
from backend.payments import payables
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.payments.owing import CONFIRMER, county, owed
from tests.payments.test_desk import Desk
from tests.web.visitor import visitor

pytestmark = pytest.mark.django_db
YEAR = timezone.localdate().year


class Office:
    """A county's finance office and its head."""

    def __init__(self) -> None:
        load_codes()
        self.county = county()
        self.finance = Caller(factories.user(role="finance", unit=self.county, name="杜会计"))
        self.head = Caller(factories.user(role="head", unit=self.county, name="罗主任"))

    def propose(self, use: str, amount: str, unit: Unit | None = None, **changes: Any) -> Any:
        body = {"unit": str((unit or self.county).pk), "year": YEAR, "use": use, "amount": amount,
                "document": "县财社〔2026〕1号", **changes}  # fmt: skip
        return self.finance.post("budgets/", body)

    def appropriate(self, use: str, amount: str, unit: Unit | None = None) -> None:
        made = self.propose(use, amount, unit)
        assert made.status_code == 201, made.content
        assert self.head.post(f"budgets/{made.json()['id']}/decide/", {"agreed": True}).status_code == 200

    def spend(self, use: str, amount: str, voucher: str = "记-1", **changes: Any) -> Any:
        body = {"unit": str(self.county.pk), "use": use, "amount": amount, "on": timezone.localdate().isoformat(),
                "voucher": voucher, "reason": "印宣传单", **changes}  # fmt: skip
        return self.finance.post("budgets/expense/", body)

    def use(self, code: str, unit: Unit | None = None) -> dict[str, Any]:
        told = self.finance.get("budgets/overview/", unit=str((unit or self.county).pk), year=YEAR).json()
        return next(dict(each) for each in told["uses"] if each["code"] == code)


@kept
def office() -> Office:
    return Office()


def test_a_budget_is_made_by_two(office: Office) -> None:
    row = office.propose("publicity", "20000.00").json()
    assert (row["state"], row["proposed_by"]) == ("proposed", "杜会计")
    assert office.use("publicity")["appropriated"] == "0.00"
    assert office.use("publicity")["waiting"] == "20000.00"
    assert office.finance.post(f"budgets/{row['id']}/decide/", {"agreed": True}).status_code == 403
    assert_problem(office.head.post(f"budgets/{row['id']}/decide/", {"agreed": False}), 400, "invalid", "/reason")
    done = office.head.post(f"budgets/{row['id']}/decide/", {"agreed": True})
    assert (done.json()["state"], done.json()["decided_by"]) == ("agreed", "罗主任")
    assert office.use("publicity")["left"] == "20000.00"
    assert_problem(office.head.post(f"budgets/{row['id']}/decide/", {"agreed": True}), 409, "appropriation_decided")
    assert [event.action for event in Event.objects.filter(object_id=row["id"]).order_by("at")] == [
        "budget.proposed",
        "budget.agreed",
    ]


def test_a_budget_has_five_uses_each_once(office: Office) -> None:
    told = office.finance.get("budgets/overview/", year=YEAR).json()
    assert [each["name"] for each in told["uses"]] == [
        "publicity",
        "organisation",
        "research",
        "guidance",
        "projects carried out",
    ]
    assert told["is_made"] is False
    assert set(codes.entries("budget_use")) == {each["code"] for each in told["uses"]}


def test_who_proposed_does_not_decide_in_another_role_either(office: Office) -> None:
    both = factories.user(role="finance", unit=office.county, name="两任")
    factories.member(both, "head", office.county)
    caller = Caller(both)
    body = {"unit": str(office.county.pk), "year": YEAR, "use": "research", "amount": "10.00", "document": "1号"}
    row = caller.post("budgets/", body).json()
    assert_problem(caller.post(f"budgets/{row['id']}/decide/", {"agreed": True}), 422, "own_appropriation")
    stands_in = Caller(factories.deputy(both))
    assert_problem(stands_in.post(f"budgets/{row['id']}/decide/", {"agreed": True}), 422, "own_appropriation")
    made = Appropriation.objects.get(pk=row["id"])
    with pytest.raises(IntegrityError), transaction.atomic():
        Appropriation.objects.filter(pk=made.pk).update(state="agreed", decided_by=made.proposed_by)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"use": "contraception"}, "/use"),
        ({"year": YEAR + 2}, "/year"),
        ({"amount": "0.00"}, "/amount"),
        ({"amount": "-1.00"}, "/amount"),
        ({"amount": "1.001"}, "/amount"),
        ({"document": ""}, "/document"),
    ],
)
def test_a_proposal_that_does_not_fit(office: Office, changes: dict[str, Any], field: str) -> None:
    given = {"use": "publicity", "amount": "1.00", **changes}
    response = office.propose(given.pop("use"), given.pop("amount"), **given)
    assert response.status_code in {400, 422}
    assert field in [each["pointer"] for each in response.json()["errors"]]
    assert not Appropriation.objects.exists()


def test_a_change_is_a_further_row_and_never_below_nothing(office: Office) -> None:
    office.appropriate("guidance", "300.00")
    first = office.propose("guidance", "-200.00").json()
    second = office.propose("guidance", "-200.00").json()
    assert office.head.post(f"budgets/{first['id']}/decide/", {"agreed": True}).status_code == 200
    late = office.head.post(f"budgets/{second['id']}/decide/", {"agreed": True})
    assert_problem(late, 422, "bad_appropriation")
    said = {"agreed": False, "reason": "余额不足"}
    assert office.head.post(f"budgets/{second['id']}/decide/", said).json()["answer"] == "余额不足"
    assert office.use("guidance")["appropriated"] == "100.00"


def test_an_expense_is_booked_once_by_its_voucher(office: Office) -> None:
    office.appropriate("publicity", "1000.00")
    for _ in range(2):
        assert office.spend("publicity", "400.00").status_code == 201
    assert {name: office.use("publicity")[name] for name in ("spent", "owed", "left")} == {
        "spent": "400.00",
        "owed": "0.00",
        "left": "600.00",
    }
    assert Event.objects.filter(action="budget.spent").count() == 1
    [line] = office.finance.get("budgets/lines/", year=YEAR, use="publicity").json()
    assert (line["amount"], line["basis"], line["reason"], line["by"]) == ("400.00", "记-1", "印宣传单", "杜会计")
    assert office.finance.get("budgets/lines/", year=YEAR, use="research").json() == []
    assert_problem(office.spend("publicity", "500.00"), 409, "entry_key_taken")


def test_an_expense_that_goes_over_needs_a_reason(office: Office) -> None:
    office.appropriate("publicity", "1000.00")
    assert_problem(office.spend("publicity", "1000.01"), 409, "over_budget")
    assert office.use("publicity")["spent"] == "0.00"
    assert office.spend("publicity", "1000.00").status_code == 201
    done = office.spend("publicity", "5.00", "记-2", over_reason="展板损坏重做")
    assert done.status_code == 201
    event = Event.objects.get(action="budget.exceeded")
    assert (event.actor, event.reason, event.data["left"], event.data["amount"]) == (
        "杜会计",
        "展板损坏重做",
        "0.00",
        "5.00",
    )
    assert office.use("publicity")["left"] == "-5.00"


def test_another_use_has_its_own_budget(office: Office) -> None:
    office.appropriate("publicity", "1000.00")
    assert_problem(office.spend("research", "1.00"), 409, "over_budget")


def test_where_the_area_says_so_nothing_goes_over(office: Office) -> None:
    office.appropriate("publicity", "10.00")
    parameters.set_parameter(key="budget.over", value="refuse", from_date=date(2020, 1, 1), path=office.county.path)
    assert_problem(office.spend("publicity", "11.00", over_reason="必须办"), 409, "budget_spent")
    assert office.spend("publicity", "10.00").status_code == 201


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"use": "none"}, "/use"),
        ({"on": f"{YEAR + 1}-01-05"}, "/on"),
        ({"amount": "0"}, "/amount"),
        ({"amount": "-5.00"}, "/amount"),
        ({"reason": ""}, "/reason"),
        ({"voucher": ""}, "/voucher"),
    ],
)
def test_an_expense_that_does_not_fit(office: Office, changes: dict[str, Any], field: str) -> None:
    given = {"use": "publicity", "amount": "5.00", **changes}
    response = office.spend(given.pop("use"), given.pop("amount"), **given)
    assert response.status_code in {400, 422}
    assert field in [each["pointer"] for each in response.json()["errors"]]


def test_a_town_without_a_budget_spends_the_countys_and_one_with_its_own_does_not(office: Office) -> None:
    town, now = factories.town(), timezone.now()
    actor = factories.actor(role="finance", unit=office.county)
    office.appropriate("publicity", "100.00")

    def pay(amount: str, key: str) -> None:
        budgets.book(unit=town, code="activity_lecture", amount=Decimal(amount), on=timezone.localdate(),
                     kind="activity_expense", reference=("activity", key), basis="活动", key=key, actor=actor,
                     now=now)  # fmt: skip

    pay("30.00", "1")
    assert office.use("publicity")["spent"] == "30.00"
    assert budgets.keeper_of(town, YEAR) == office.county
    office.appropriate("publicity", "50.00", town)
    assert office.use("publicity")["spent"] == "0.00"
    assert office.use("publicity", town)["left"] == "20.00"
    assert budgets.keeper_of(town, YEAR) == town
    assert budgets.keeper_of(town, YEAR + 1) is None


def test_what_is_owed_is_not_spent_and_what_is_no_longer_owed_comes_back(office: Office) -> None:
    now = timezone.now()
    row = owed(now, "590.00")
    assert {name: office.use("projects")[name] for name in ("spent", "owed")} == {"spent": "0.00", "owed": "590.00"}
    budgets_before = office.use("projects")
    payables.cancel(payable=row, reason="重复", actor=factories.actor(role="finance", unit=office.county), now=now)
    assert office.use("projects")["owed"] == "0.00"
    assert budgets_before["left"] == office.use("projects")["left"]


def test_a_batch_over_the_budget_is_signed_for() -> None:
    desk = Desk()
    head = Caller(factories.user(role="head", unit=desk.county, name="罗主任"))
    body = {"unit": str(desk.county.pk), "year": YEAR, "use": "projects", "amount": "1000.00", "document": "1号"}
    row = Caller(desk.drawer).post("budgets/", body).json()
    head.post(f"budgets/{row['id']}/decide/", {"agreed": True})
    owed(timezone.now(), "590.00", confirmed_by=[CONFIRMER])
    first = desk.sent()
    assert first.state == "released", "590 of 1000 need no reason"
    owed(timezone.now(), "590.00", confirmed_by=[CONFIRMER])
    second = desk.drawn()
    refused = desk.do("release_batch", desk.releaser, release="release")
    assert_problem(refused, 409, "over_budget")
    assert "410.00" in refused.json()["detail"], "what the first batch ordered counts before the bank says so"
    second.refresh_from_db()
    assert second.state == "drawn"
    done = desk.do("release_batch", desk.releaser, release="release", over_reason="国家规定应发")
    assert done.status_code == 200, done.content
    event = Event.objects.get(action="budget.exceeded")
    assert (event.actor, event.reason, event.object_id) == ("王出纳", "国家规定应发", str(second.pk))


def test_goods_and_the_loan_fund_are_bought_and_endowed_within_the_budget(office: Office) -> None:
    office.appropriate("projects", "100.00")
    said = {"unit": str(office.county.pk), "amount": "200.00", "basis": "县财社〔2026〕9号"}
    assert_problem(office.finance.post("loan-funds/", said), 409, "over_budget")
    assert office.finance.post("loan-funds/", {**said, "over_reason": "上级配套"}).status_code == 201
    assert office.finance.post("loan-funds/", said).status_code == 201, "the same decision again asks nothing"
    assert office.use("projects")["spent"] == "200.00"


def test_another_countys_budget_is_nobodys_business(office: Office) -> None:
    office.appropriate("publicity", "10.00")
    stranger = Caller(factories.user(role="finance", unit=factories.region("210403000000"), name="外县"))
    assert results(stranger.get("budgets/")) == []
    assert_problem(stranger.get("budgets/overview/", unit=str(office.county.pk)), 400, "invalid", "/unit")
    body = {"unit": str(office.county.pk), "year": YEAR, "use": "publicity", "amount": "1.00", "document": "1号"}
    assert_problem(stranger.post("budgets/", body), 400, "invalid", "/unit")


def test_the_page_shows_a_year_and_takes_a_decision(office: Office) -> None:
    row = office.propose("publicity", "20000.00").json()
    assert office.head.user
    assert office.finance.user
    head, finance = visitor(office.head.user), visitor(office.finance.user)
    assert "20,000.00" in head.get(reverse("web:budget")).content.decode()
    sent = head.post(reverse("web:budget"), {"row": row["id"], "agreed": "yes", "reason": "", "key": "k-1"})
    assert sent.status_code == 302
    assert office.use("publicity")["appropriated"] == "20000.00"
    form = {"unit": str(office.county.pk), "use": "publicity", "amount": "30000", "voucher": "记-7", "reason": "宣传栏",
            "on": timezone.localdate().isoformat(), "key": "k-2"}  # fmt: skip
    assert finance.post(reverse("web:budget_expense"), form).status_code == 409
    assert finance.post(reverse("web:budget_expense"), {**form, "over_reason": "应急"}).status_code == 302
    shown = finance.get(reverse("web:budget"), {"use": "publicity"}).content.decode()
    assert "记-7" in shown
    proposal = {"unit": str(office.county.pk), "year": YEAR, "use": "publicity", "amount": "-1", "document": "2号"}
    assert finance.post(reverse("web:budget_propose"), {**proposal, "key": "k-3"}).status_code == 302
    assert finance.get(reverse("web:budget"), {"year": "x"}).status_code == 400
