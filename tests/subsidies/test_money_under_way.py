"""A right ends while its money is in a batch or with the bank, or while nothing was owed: what is due is paid, what is
not is stopped or looked into (P07, D16, E2, E11)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.utils import timezone

from backend.org.access import SYSTEM
from backend.org.parameters import load_parameters, set_parameter
from backend.payments import answers, batches, posting
from backend.payments.batches import NothingToPay
from backend.payments.models import Batch, Payable
from backend.subsidies.models import Entitlement, Exit, Recovery
from backend.subsidies.months import later, period_of
from backend.subsidies.owing import owe_due
from backend.subsidies.paid import payables_of
from tests import factories
from tests.api.caller import Caller
from tests.kept import kept
from tests.payments.banking import answer
from tests.payments.owing import county, person
from tests.queueing import queued
from tests.subsidies.paid import Township, entitled, owed, paid_months
from tests.subsidies.test_exits import ADOPTED, EXIT, FOUND, THIS, TODAY, TOLD
from workflows import deaths, deployment, payments, recoveries

pytestmark = pytest.mark.django_db
DIED = later(THIS, -2) + timedelta(days=9)
"""Given until the end of this month: two of the six months that `half_a_year` is owed for."""
HALF_A_YEAR = period_of([later(THIS, number) for number in range(-3, 3)])
DEATH = {"founded": "yes", "reason": "death", "happened_on": DIED.isoformat(), "evidence": "死亡证明"}


@kept
def town() -> Township:
    return Township(timezone.now())


@pytest.fixture
def half_a_year(town: Township) -> Payable:
    """590 yuan a month, owed for six months at once."""
    return owed(entitled(town.person), HALF_A_YEAR, "3540.00", timezone.now())


def drawn() -> Batch:
    return batches.draw_up(
        unit=county(), programme="special_support", pay_on=TODAY, actor=person(), now=timezone.now()
    )  # fmt: skip


def sent() -> Batch:
    batch = drawn()
    batches.release(batch=batch, actor=person(), now=timezone.now())
    return batch


def deployed() -> None:
    """There is a process in which somebody is asked for another account."""
    files = deployment.bundle(settings.BPMN_FOLDER, payments.CORRECTION)
    deployment.deploy(key=payments.CORRECTION, files=files, actor=SYSTEM, now=timezone.now())


def bank_says(batch: Batch, **said: Any) -> None:
    """The bank's answer is posted, and what that queues is done."""
    answers.take(batch=batch, name="回盘.csv", content=answer(batch, **said), actor=person(), now=timezone.now())
    posting.post_answers(batch_id=batch.pk, now=timezone.now())
    for job in queued("payments.start_correction"):
        payments.start_correction(payable_id=UUID(job["payable_id"]), now=timezone.now())
    for job in queued("recoveries.find_late"):
        recoveries.find_late(batch_id=UUID(job["batch_id"]))


def stopped(town: Township, found: dict[str, str]) -> None:
    """Looked into, and confirmed by the county."""
    assert town.do(town.caseworker, "check_report", found).status_code == 200
    assert town.do(town.county, "confirm_exit", EXIT).status_code == 200


def died(town: Township) -> None:
    deaths.record_death(person=town.person, died_on=DIED, actor=factories.actor(town.village), now=timezone.now())
    stopped(town, DEATH)


def adopted(town: Township, row: Entitlement) -> Exit:
    said = {"entitlement": row.number, "reason": "rebirth_adoption", "happened_on": ADOPTED.isoformat()}
    assert Caller(town.village).post("subsidy-exits/", said).status_code == 201
    stopped(town, FOUND)
    return Exit.objects.get()


def amounts(*states: str) -> list[Decimal]:
    return list(Payable.objects.filter(state__in=states).order_by("id").values_list("amount", flat=True))


# --- in a batch


def test_what_is_in_a_batch_goes_to_no_dead_persons_account(town: Township, half_a_year: Payable) -> None:
    batch = drawn()
    died(town)
    half_a_year.refresh_from_db()
    batch.refresh_from_db()
    assert (half_a_year.state, batch.count, batch.total) == ("cancelled", 0, Decimal(0))
    with pytest.raises(NothingToPay):
        batches.release(batch=batch, actor=person(), now=timezone.now())
    batches.give_up(batch=batch, reason="已故", actor=person(), now=timezone.now())
    assert drawn().total == Decimal("1180.00"), "two months before the end"


def test_others_in_the_batch_are_paid(town: Township, half_a_year: Payable) -> None:
    other = entitled(factories.person(factories.family(label="孙家"), name="孙桂兰"))
    owed(other, f"{THIS:%Y-%m}", "590.00", timezone.now())
    batch = drawn()
    died(town)
    batch.refresh_from_db()
    assert (batch.count, batch.total) == (1, Decimal("590.00"))
    batches.release(batch=batch, actor=person(), now=timezone.now())
    assert batch.transfers.get(state="waiting").payable.person == other.person


# --- with the bank


def test_what_the_bank_returns_is_owed_until_the_end_only(town: Township, half_a_year: Payable) -> None:
    batch = sent()
    died(town)
    assert amounts("batched") == [Decimal("3540.00")]
    bank_says(batch, returned={1: "账户已销户"})
    assert (amounts("cancelled"), amounts("open")) == ([Decimal("3540.00")], [Decimal("1180.00")])
    kept = Payable.objects.get(state="open")
    assert (kept.is_held, kept.account_tail) == (False, ""), "asked for: the bank knows the old one no more"
    with pytest.raises(NothingToPay):
        drawn()


def test_a_right_restored_while_the_bank_had_it_is_owed_in_full(town: Township, half_a_year: Payable) -> None:
    deployed()
    batch = sent()
    made = adopted(town, Entitlement.objects.get())
    assert town.do(town.village, "explain_exit", TOLD).status_code == 200
    assert Caller(town.village).post(f"subsidy-exits/{made.pk}/appeal/", {"text": "同名"}).status_code == 200
    upheld = {"appeal": "upheld", "findings": "同名者", "reason": "系同名，恢复"}
    assert town.do(town.auditor, "decide_appeal", upheld).status_code == 200
    bank_says(batch, returned={1: "户名不符"})
    half_a_year.refresh_from_db()
    assert (half_a_year.state, half_a_year.is_held) == ("returned", False)
    assert Payable.objects.count() == 1


def test_what_was_with_the_bank_before_the_end_is_paid_as_ever(town: Township) -> None:
    deployed()
    row = owed(entitled(town.person), f"{later(THIS, -3):%Y-%m}", "590.00", timezone.now())
    batch = sent()
    died(town)
    row.refresh_from_db()
    assert (row.state, row.is_held) == ("batched", False)
    bank_says(batch, returned={1: "户名不符"})
    row.refresh_from_db()
    assert (row.state, row.is_held) == ("returned", False)


@pytest.mark.parametrize("before", [True, False], ids=["before it is explained", "after it was explained"])
def test_what_arrives_after_the_county_decided_is_asked_back(
    town: Township, half_a_year: Payable, before: bool
) -> None:
    """Nothing was received when the county looked; what the bank had is received too much all the same."""
    batch = sent()
    made = adopted(town, Entitlement.objects.get())
    assert (made.overpaid, made.collect) == (Decimal(0), True)
    if before:
        bank_says(batch)
    assert town.do(town.village, "explain_exit", TOLD).status_code == 200
    town.work()
    if not before:
        assert not Recovery.objects.exists()
        bank_says(batch)
        town.work()
    assert Recovery.objects.get().amount == Decimal("3540.00")
    made.refresh_from_db()
    assert made.overpaid == (Decimal("3540.00") if before else Decimal(0))


def test_what_arrives_before_the_notice_stands_in_it(town: Township) -> None:
    row = entitled(town.person, since=later(THIS, -40))
    paid_months(row, [f"{later(THIS, -1):%Y-%m}"], "590.00", timezone.now())
    owed(row, f"{THIS:%Y-%m}", "590.00", timezone.now())
    batch = sent()
    adopted(town, row)
    assert town.do(town.village, "explain_exit", TOLD).status_code == 200
    town.work()
    assert Recovery.objects.get().amount == Decimal("590.00")
    bank_says(batch)
    town.work()
    known = Recovery.objects.get()
    assert known.amount == Decimal("1180.00")
    assert list(known.months) == [f"{later(THIS, -1):%Y-%m}", f"{THIS:%Y-%m}"]


def test_nothing_is_asked_back_that_the_county_does_not_want(town: Township, half_a_year: Payable) -> None:
    batch = sent()
    made = adopted(town, Entitlement.objects.get())
    Exit.objects.filter(pk=made.pk).update(collect=False)
    assert town.do(town.village, "explain_exit", TOLD).status_code == 200
    bank_says(batch)
    town.work()
    assert not Recovery.objects.exists()


# --- passed over


def test_months_passed_over_before_the_end_are_owed_with_it(town: Township) -> None:
    """Held while it was looked into: nothing was owed for the last two months, and the right is over now."""
    load_parameters()
    set_parameter(key="subsidy.owed_every", value="month", from_date=date(2020, 1, 1), source="test")
    row = entitled(town.person)
    Entitlement.objects.filter(pk=row.pk).update(confirmed_by=factories.user("confirmer", role="county", unit=county()))
    paid_months(row, [f"{later(THIS, -4):%Y-%m}"], "590.00", timezone.now())
    died(town)
    rest = payables_of(row).filter(state="open").order_by("period")
    assert [(each.period, each.amount) for each in rest] == [
        (f"{later(THIS, -3):%Y-%m}", Decimal("590.00")),
        (f"{later(THIS, -2):%Y-%m}", Decimal("590.00")),
    ]
    assert owe_due(timezone.now()) == 0


def test_what_was_taken_over_and_never_owed_here_stays_elsewhere(town: Township) -> None:
    load_parameters()
    set_parameter(key="subsidy.owed_every", value="month", from_date=date(2020, 1, 1), source="test")
    row = entitled(town.person)
    Entitlement.objects.filter(pk=row.pk).update(confirmed_by=factories.user("confirmer", role="county", unit=county()))
    died(town)
    assert not payables_of(row).exists()
