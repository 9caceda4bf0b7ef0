"""The last day to pay (P06: pay by 31 July to 31 October): past it a payment is overdue everywhere by one rule, and who
pays, the county and its head hear it one after the other (D20)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.org.codes import load_codes
from backend.payments import payables
from backend.payments.models import Payable
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, results
from tests.payments.owing import county, owed
from workflows import payments

pytestmark = pytest.mark.django_db
LAST = date(2026, 10, 30)
"""A Friday."""


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)


def late(days: int = 1, **changes: object) -> Payable:
    row = owed(timezone.now())
    Payable.objects.filter(pk=row.pk).update(pay_by=timezone.localdate() - timedelta(days=days), **changes)
    return Payable.objects.get(pk=row.pk)


# --- one rule


@pytest.mark.parametrize(
    ("days", "changes", "overdue"),
    [
        (1, {}, True),
        (0, {}, False),
        (1, {"is_held": True}, False),
        (1, {"state": "cancelled"}, False),
        (1, {"state": "returned"}, True),
        (1, {"state": "batched"}, True),
    ],
)
def test_overdue_is_the_same_in_the_list_on_the_desk_and_on_its_page(
    days: int, changes: dict[str, object], overdue: bool
) -> None:
    load_codes()
    row = late(days, **changes)
    caller = Caller(factories.user(role="finance", unit=county()))
    assert len(results(caller.get("payables/", overdue="true"))) == overdue
    assert len(results(caller.get("payables/", overdue="false"))) == (not overdue)
    assert caller.get(f"payables/{row.pk}/").json()["overdue"] is overdue
    assert row.is_overdue_on(timezone.localdate()) is overdue
    due = caller.get("payables/due/").json()
    assert sum(each["overdue"] for each in due) == overdue


def test_without_a_last_day_nothing_is_overdue() -> None:
    owed(timezone.now())
    assert not Payable.objects.overdue(date(2099, 1, 1)).exists()


def test_the_desk_says_it() -> None:
    load_codes()
    late()
    browser = Client()
    browser.force_login(factories.user(role="finance", unit=county()))
    assert "show=overdue" in browser.get("/payments/").content.decode()
    shown = browser.get("/payments/payables/", {"show": "overdue"}).content.decode()
    assert "王秀英" in shown


# --- who hears it


@pytest.mark.parametrize(
    ("day", "kind", "role"),
    [
        (date(2026, 10, 27), "", ""),
        (date(2026, 10, 29), "payment.soon", "finance"),
        (date(2026, 11, 2), "payment.late", "finance"),
        (date(2026, 11, 5), "payment.late", "county"),
        (date(2026, 11, 20), "payment.late", "head"),
    ],
)
def test_it_climbs(day: date, kind: str, role: str) -> None:
    for _payment in range(2):
        Payable.objects.filter(pk=owed(timezone.now()).pk).update(pay_by=LAST)
    assert payments.remind_of_last_days(at(day)) == bool(kind)
    assert payments.remind_of_last_days(at(day)) == 0
    told = list(Reminder.objects.values_list("kind", "role", "unit_id"))
    assert told == ([(kind, role, county().pk)] if kind else [])


def test_of_what_is_paid_stopped_or_cancelled_nobody_hears() -> None:
    rows = [owed(timezone.now()) for _each in range(2)]
    Payable.objects.update(pay_by=LAST)
    mine = Payable.objects.filter(pk=rows[0].pk)
    payables.hold(payables=mine, reason="异议", actor=factories.actor(), now=timezone.now())
    payables.cancel(payable=rows[1], reason="去世", actor=factories.actor(), now=timezone.now())
    assert payments.remind_of_last_days(at(date(2026, 11, 5))) == 0
