"""What is owed is owed once, on named people's word, and stands in the ledger until the bank has paid it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from backend.audit.models import Event
from backend.core.errors import Invalid
from backend.ledger.balances import balance, trial_balance
from backend.org import codes
from backend.org.access import SYSTEM
from backend.payments import payables
from backend.payments.models import Payable
from tests.factories import family
from tests.factories import person as member
from tests.payments.owing import ACCOUNT, CONFIRMER, county, owed, person

pytestmark = pytest.mark.django_db


def test_an_amount_is_owed_once_and_stands_in_the_ledger(now: datetime) -> None:
    row = owed(now, reference=("entitlement", "e1"))
    assert owed(now, reference=("entitlement", "e1")) == row
    assert owed(now, reference=("entitlement", "e1"), is_adjustment=True) != row
    assert {each.kind: each.balance for each in trial_balance(county()).rows} == {
        "obligation": Decimal("1180.00"),
        "budget_line": Decimal("-1180.00"),
    }
    connection.check_constraints()


def test_what_is_for_which_month_comes_to_exactly_the_amount(now: datetime) -> None:
    row = payables.Owed(
        payee=None, payee_label="王秀英", account_number=ACCOUNT, amount=Decimal("50.00"), purpose="subsidy",
        reference=("entitlement", "e1"), period="2026-07/2026-08", programme="tefu", unit=county(),
        confirmed_by=[CONFIRMER], months={date(2026, 7, 1): Decimal("10.00"), date(2026, 8, 1): Decimal("40.00")},
    )  # fmt: skip
    (made,) = payables.owe_all([row], actor=SYSTEM, now=now)
    assert made.months == {"2026-07": "10.00", "2026-08": "40.00"}
    with pytest.raises(payables.BadAmount):
        payables.owe_all([replace(row, amount=Decimal("50.01"), key="torn")], actor=SYSTEM, now=now)


def test_an_account_number_is_stored_unreadably(now: datetime) -> None:
    row = owed(now, account_number="6217 0000 1000 1234 567")
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_number FROM payments_payable")
        stored = bytes(cursor.fetchone()[0])
    assert ACCOUNT.encode() not in stored
    assert (row.account_number, row.account_tail) == (ACCOUNT, "4567")


def test_the_family_reads_of_it_in_its_history_without_the_account(now: datetime) -> None:
    head = member(family())
    owed(now, payee=head, payee_label=head.name)
    event = Event.objects.get(action="payable.owed")
    assert event.family_id == head.family_id
    assert "4567" not in event.body


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"account_number": "62x7"}, payables.BadAccount),
        ({"amount": "0.00"}, payables.BadAmount),
        ({"amount": "10.005"}, payables.BadAmount),
        ({"confirmed_by": [], "actor": SYSTEM}, payables.NobodyConfirmed),
    ],
)
def test_what_nobody_can_owe_is_refused(now: datetime, fields: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error), transaction.atomic():
        owed(now, **fields)  # type: ignore[arg-type]
    assert not Payable.objects.exists()


def test_what_is_no_longer_owed_goes_back_to_the_budget(now: datetime) -> None:
    row = owed(now)
    payables.cancel(payable=row, reason="died in June", actor=person("county"), now=now)
    assert {each.balance for each in trial_balance(county()).rows} == {Decimal("0.00")}
    with pytest.raises(payables.NotOwed):
        payables.cancel(payable=row, reason="again", actor=person("county"), now=now)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_payable SET amount = 1",
        "UPDATE payments_payable SET confirmed_by = '{}'",
        "UPDATE payments_payable SET state = 'paid'",
        "DELETE FROM payments_payable",
    ],
)
def test_the_database_keeps_what_is_owed(now: datetime, statement: str) -> None:
    row = owed(now)
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(statement)
    row.refresh_from_db()
    assert (row.amount, row.state) == (Decimal("590.00"), "open")
    assert balance(row.standing) == row.amount


class TestNewAccount:
    """One person enters it after an identity check, another agrees."""

    @pytest.fixture
    def row(self, now: datetime) -> Payable:
        codes.load_codes()
        return owed(now, account_number="")

    def propose(self, row: Payable, now: datetime, **fields: object) -> None:
        asked = {"number": "6222 0000 0000 9999", "identity_check": "home_visit", "actor": person("caseworker")}
        payables.propose_account(payable=row, now=now, **{**asked, **fields})  # type: ignore[arg-type]

    def test_it_counts_when_another_person_agrees(self, row: Payable, now: datetime) -> None:
        self.propose(row, now)
        assert (row.state, row.account_tail) == ("checking", "")
        payables.agree_account(payable=row, actor=person(), now=now)
        assert (row.state, row.account_tail) == ("open", "9999")

    def test_not_by_oneself_nor_past_the_program(self, row: Payable, now: datetime) -> None:
        same = person()
        self.propose(row, now, actor=same)
        with pytest.raises(payables.OwnProposal):
            payables.agree_account(payable=row, actor=same, now=now)
        with pytest.raises(IntegrityError, match="payable_account_by_two"), transaction.atomic():
            Payable.objects.update(agreed_by=same.user_id)

    def test_declined_the_payee_is_asked_again(self, row: Payable, now: datetime) -> None:
        self.propose(row, now)
        payables.decline_account(payable=row, reason="another name", actor=person(), now=now)
        assert (row.state, row.proposed_tail, row.account_tail) == ("open", "", "")  # no bank returned anything

    def test_wrong_digits_check_or_state(self, row: Payable, now: datetime) -> None:
        for fields in ({"number": "1234"}, {"identity_check": "heard_so"}):
            with pytest.raises(Invalid):
                self.propose(row, now, **fields)
        with pytest.raises(payables.NotReturned):
            self.propose(owed(now), now)
        with pytest.raises(payables.NotReturned):
            payables.agree_account(payable=row, actor=person(), now=now)
