"""No account to pay to: somebody is asked to collect it, once, and hears when the next batch pays; the families hear of
money that has arrived without a message at the wrong time."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from backend.cases.models import Person
from backend.payments import payables
from backend.payments.models import Payable
from backend.reminders.models import Reminder
from backend.subsidies.models import Entitlement
from tests import factories
from tests.api.caller import Caller
from tests.kept import kept
from tests.payments.banking import answer
from tests.payments.owing import owed
from tests.payments.test_desk import Desk
from tests.queueing import queued
from workflows import payments
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db
NEW = {"finding": "new_account", "account_number": "6222 0000 0000 9999", "identity_check": "home_visit"}


@kept
def desk() -> Desk:
    return Desk()


@pytest.fixture
def person() -> Person:
    return factories.person(factories.family(), name="王秀英")


def without(person: Person | None, period: str = "2026-07", **fields: Any) -> Payable:
    label = person.name if person else "王某"
    return owed(timezone.now(), payee=person, payee_label=label, account_number="", period=period, **fields)


def work(*, done: int = 0) -> int:
    """Begin what was queued after so many jobs, as the worker does; how many there are by now."""
    jobs = queued("payments.start_correction")
    for job in jobs[done:]:
        payments.start_correction(payable_id=UUID(job["payable_id"]), now=timezone.now())
    return len(jobs)


def end(*, done: int = 0) -> int:
    """The same for corrections that are to end."""
    jobs = queued("payments.end_correction")
    for job in jobs[done:]:
        payments.end_correction(payable_id=UUID(job["payable_id"]), now=timezone.now())
    return len(jobs)


def ended(row: Payable) -> None:
    """The right that it comes from has ended."""
    held = Payable.objects.select_related("person", "unit", "standing").get(pk=row.pk)
    payables.cancel(payable=held, reason="退出", actor=factories.actor(), now=timezone.now())


def asked() -> list[str]:
    return list(WorkItem.objects.filter(state="open").order_by("created_at", "id").values_list("step", flat=True))


def test_the_caseworker_collects_it_and_hears_when_the_next_batch_pays(desk: Desk, person: Person) -> None:
    right = Entitlement.objects.create(
        number="DY-1", person=person, unit=person.family.unit, kind="special_support", cycle="month",
        from_date=date(2026, 1, 1), confirmed_on=date(2026, 1, 1),
    )  # fmt: skip
    row = without(person, reference=("entitlement", right.pk))
    work()
    assert asked() == ["ask_payee"]
    assert desk.do("ask_payee", desk.caseworker, **NEW).status_code == 200
    assert desk.do("check_account", desk.releaser, account_fits="agree").status_code == 200
    told = Reminder.objects.get(kind="payable.account_agreed")
    assert (told.role, told.unit_id) == ("caseworker", factories.town().pk)
    assert "王" not in told.label
    assert desk.sent().transfers.get().payable == row
    right.refresh_from_db()
    assert (right.account, right.account_tail) == ("6222000000009999", "9999")


def test_nobody_is_asked_twice_and_one_account_serves_all_months(desk: Desk, person: Person) -> None:
    done = 0
    for month in ("2026-07", "2026-08", "2026-09"):
        without(person, month)
        done = work(done=done)
    assert asked() == ["ask_payee"]
    desk.do("ask_payee", desk.caseworker, **NEW)
    desk.do("check_account", desk.releaser, account_fits="agree")
    assert set(Payable.objects.values_list("account_tail", "state")) == {("9999", "open")}
    assert desk.sent().count == 3


def test_what_is_given_up_leaves_the_next_month_with_somebody_asked(desk: Desk, person: Person) -> None:
    without(person)
    without(person, "2026-08")
    done = work()
    desk.do("ask_payee", desk.caseworker, finding="not_owed", note="本月住院由县里代领")
    assert desk.do("confirm_cancelling", desk.reviewer, cancelling="agree", reason="已代领").status_code == 200
    work(done=done)
    assert asked() == ["ask_payee"]


def test_when_a_right_ends_its_account_is_asked_for_no_more_but_that_of_the_next(desk: Desk, person: Person) -> None:
    """Somebody with two subsidies and no account: the first ends by an exit, the second waits for an account still."""
    first, second = without(person), without(person, "2026-08")
    done = work()
    ended(first)
    end()
    assert asked() == []
    work(done=done)
    assert asked() == ["ask_payee"]
    assert WorkItem.objects.get(state="open").case_number == second.number
    assert (desk.do("ask_payee", desk.caseworker, **NEW).status_code, first.pk != second.pk) == (200, True)
    second.refresh_from_db()
    assert second.state == "checking"


@pytest.mark.parametrize("step", ["ask_payee", "check_account", "confirm_cancelling"])
def test_who_answers_after_it_was_settled_ends_it(desk: Desk, person: Person, step: str) -> None:
    """Cancelled a moment before: the answer is taken, changes nothing, and nobody is asked again."""
    row = without(person)
    work()
    if step != "ask_payee":
        said = NEW if step == "check_account" else {"finding": "not_owed", "note": "已故"}
        assert desk.do("ask_payee", desk.caseworker, **said).status_code == 200
    ended(row)
    last: dict[str, tuple[Any, dict[str, str]]] = {
        "ask_payee": (desk.caseworker, NEW),
        "check_account": (desk.releaser, {"account_fits": "agree"}),
        "confirm_cancelling": (desk.reviewer, {"cancelling": "agree", "reason": "已故"}),
    }
    user, answers = last[step]
    assert desk.do(step, user, **answers).status_code == 200
    end()
    row.refresh_from_db()
    assert (row.state, asked()) == ("cancelled", [])
    assert not Instance.objects.filter(state="running").exists()


def test_an_account_that_is_known_otherwise_is_asked_for_no_more(desk: Desk, person: Person) -> None:
    """Of two that somebody is asked about the one's account serves the other, and is then asked for by nobody."""
    owed(timezone.now(), payee=person, payee_label=person.name)
    batch = desk.sent()
    other = without(person, "2026-08")
    desk.bank_says(batch, answer(batch, returned={1: "账户已销户"}))
    assert asked().count("ask_payee") == 2
    item = WorkItem.objects.exclude(case_number=other.number).get(step="ask_payee")
    done = Caller(desk.caseworker).post(f"work-items/{item.pk}/complete/", {"answers": NEW})
    assert done.status_code == 200
    assert desk.do("check_account", desk.releaser, account_fits="agree").status_code == 200
    end()
    assert "ask_payee" not in asked()
    other.refresh_from_db()
    assert (other.state, other.account_tail) == ("open", "9999")


def test_nobody_is_asked_twice_for_the_same(desk: Desk, person: Person) -> None:
    row = without(person)
    work()
    payments.start_correction(payable_id=row.pk, now=timezone.now())
    assert asked() == ["ask_payee"]


def test_a_declined_account_was_not_returned_by_any_bank(desk: Desk, person: Person) -> None:
    row = without(person)
    work()
    desk.do("ask_payee", desk.caseworker, **NEW)
    assert desk.do("check_account", desk.releaser, account_fits="return", reason="户名不符").status_code == 200
    row.refresh_from_db()
    assert (row.state, row.account_tail) == ("open", "")
    assert asked() == ["ask_payee"]


def test_for_a_payee_on_nobodys_file_finance_asks(desk: Desk) -> None:
    without(None)
    without(None, "2026-08")
    work()
    assert asked() == ["find_account", "find_account"]


def test_with_an_account_nobody_is_asked(desk: Desk, person: Person) -> None:
    row = owed(timezone.now(), payee=person, payee_label=person.name)
    work()
    payments.start_correction(payable_id=row.pk, now=timezone.now())
    assert not Instance.objects.exists()


# --- money has arrived


def test_the_village_hears_once_of_a_batch_and_tells_the_families(desk: Desk, person: Person) -> None:
    neighbour = factories.person(factories.family(label="李家"), name="李大山")
    for each in (person, neighbour):
        owed(timezone.now(), payee=each, payee_label=each.name)
    batch = desk.sent()
    assert not Reminder.objects.filter(kind="payable.paid").exists()
    desk.bank_says(batch, answer(batch))
    desk.bank_says(batch, answer(batch))
    told = Reminder.objects.get(kind="payable.paid")
    assert (told.role, told.unit_id, told.label) == ("village", person.family.unit_id, batch.number)
    assert told.family_id is None


def test_nobody_is_told_of_what_came_back_or_of_the_dead(desk: Desk, person: Person) -> None:
    gone = factories.person(factories.family(label="李家"), name="李大山", died_on=date(2026, 1, 2))
    owed(timezone.now(), payee=person, payee_label=person.name)
    owed(timezone.now(), payee=gone, payee_label=gone.name)
    batch = desk.sent()
    line = batch.transfers.get(payable__person=person).number
    desk.bank_says(batch, answer(batch, returned={line: "账户已销户"}))
    assert not Reminder.objects.filter(kind="payable.paid").exists()


def test_the_list_shows_whom_nobody_can_pay(desk: Desk, person: Person) -> None:
    without(person)
    found = Caller(desk.caseworker).get("payables/", without_account="true").json()["results"]
    assert [row["payee"] for row in found] == ["王秀英"]
