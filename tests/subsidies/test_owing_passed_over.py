"""Who is passed over when subsidies fall due, what stays owed, and until when it is to be paid (P06 step 7)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backend.org.codes import load_codes
from backend.payments import payables
from backend.payments.models import Payable
from backend.subsidies import exits
from backend.subsidies.models import Entitlement, Exit
from backend.subsidies.owing import first_owed, owe_due
from backend.subsidies.paid import payables_of
from tests import factories
from tests.kept import kept
from tests.payments.owing import CONFIRMER, county
from tests.subsidies.paid import entitled, owed_for
from tests.subsidies.test_owing import monthly, on, periods

pytestmark = pytest.mark.django_db
MARCH, APRIL, MAY = on(date(2026, 3, 2)), on(date(2026, 4, 2)), on(date(2026, 5, 2))


@kept
def row() -> Entitlement:
    """590 yuan a month since January, owed by the month; January to March are."""
    load_codes()
    county()
    monthly()
    made = entitled(factories.person(factories.family(), name="周玉兰"), since=date(2026, 1, 1))
    Entitlement.objects.update(confirmed_by=factories.user("confirmer", role="county", unit=county()))
    made.refresh_from_db()
    owed_for(made, ["2026-01", "2026-02", "2026-03"], "590.00", MARCH)
    return made


def changed(row: Entitlement, **changes: Any) -> Exit:
    made = exits.report(
        entitlement=row, reason="moved_out", happened_on=date(2026, 4, 1), source="report", actor=factories.actor(),
        now=APRIL,
    )  # fmt: skip
    Exit.objects.filter(pk=made.pk).update(**changes)
    made.refresh_from_db()
    return made


@pytest.mark.parametrize("state", ["reported", "proposed"])
def test_whose_change_is_looked_into_is_passed_over_and_made_up_for(row: Entitlement, state: str) -> None:
    made = changed(row, state=state)
    assert owe_due(APRIL) == 0
    exits.release(row=made, actor=factories.actor(), now=APRIL)
    assert owe_due(MAY) == 2
    assert [period for period, _amount in periods(row)][-2:] == ["2026-04", "2026-05"]


def test_what_was_owed_before_the_end_stays_and_nothing_is_owed_after_it(row: Entitlement) -> None:
    assert owe_due(APRIL) == 1
    made = changed(row)
    exits.propose(
        row=made, stop_from="next_month", collect_back="none", exit_reason="moved", actor=factories.actor(), now=APRIL
    )
    officer = factories.actor(factories.user("officer", role="county", unit=county()))
    exits.decide(row=made, decision="exit", collect=False, reason="迁出", actor=officer, now=APRIL)
    exits.stop(row=made, actor=factories.actor(), now=APRIL)
    assert made.stop_on == date(2026, 5, 1)
    assert owe_due(MAY) == 0
    assert [period for period, _amount in periods(row)] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert not Payable.objects.filter(state="cancelled").exists()


def test_whose_payments_are_stopped_is_passed_over_until_they_are_let_go(row: Entitlement) -> None:
    mine = payables_of(row).filter(period="2026-02")
    payables.hold(payables=mine, reason="异议", actor=factories.actor(), now=MARCH)
    assert owe_due(APRIL) == 0
    payables.let_go(payables=payables_of(row), reason="不成立", actor=factories.actor(), now=APRIL)
    assert owe_due(APRIL) == 1


def test_what_was_stopped_once_and_cancelled_holds_nothing_up(row: Entitlement) -> None:
    Payable.objects.filter(period="2026-01").update(is_held=True, state="cancelled")
    assert owe_due(APRIL) == 1


def test_another_persons_stop_holds_nobody_else(row: Entitlement) -> None:
    other = entitled(factories.person(factories.family(label="孙家"), name="孙桂兰"))
    waiting = owed_for(other, ["2026-03"], "590.00", MARCH)[0]
    payables.hold(payables=Payable.objects.filter(pk=waiting.pk), reason="异议", actor=factories.actor(), now=MARCH)
    assert owe_due(APRIL) == 1


def test_a_month_is_paid_by_its_end_and_a_year_by_the_calendar(row: Entitlement) -> None:
    owe_due(APRIL)
    assert payables_of(row).get(period="2026-04").pay_by == date(2026, 5, 1)
    Entitlement.objects.update(cycle="year")
    row.refresh_from_db()
    (whole,) = first_owed(row, confirmed_by=frozenset({CONFIRMER}), day=date(2026, 1, 5))
    assert (whole.period, whole.pay_by) == ("2026", date(2026, 10, 31))
    row.from_date = date(2026, 11, 1)
    (late,) = first_owed(row, confirmed_by=frozenset({CONFIRMER}), day=date(2026, 10, 5))
    assert (late.period, late.pay_by) == ("2026-11/2026-12", date(2026, 12, 1))
