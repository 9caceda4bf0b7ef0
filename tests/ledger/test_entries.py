"""The ledger balances, whatever is posted; and the database refuses what the program would have let through."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.ledger.accounts import account
from backend.ledger.balances import balance, trial_balance
from backend.ledger.entries import KeyTaken, Line, ReversedAlready, Unbalanced, post, reverse
from backend.ledger.models import Account, Entry, EntryLine
from tests.factories import actor, region

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
COUNTY = "120114000000"
KINDS = [kind.value for kind in Account.Kind]
cents = st.integers(-(10**9), 10**9).filter(bool)


def of(kind: str, code: str = "tefu") -> Account:
    return account(kind=kind, unit=region(COUNTY), code=code)


def moved(amount: str = "590.00", *, key: str = "first", on: date = TODAY) -> Entry:
    lines = [Line(of("obligation"), Decimal(amount)), Line(of("budget_line"), -Decimal(amount))]
    return post(
        kind="obligation", on=on, lines=lines, reference=("test", 1), basis="2b", actor=actor(), now=NOW, key=key
    )


@settings(max_examples=8)
@given(st.lists(st.lists(st.tuples(st.sampled_from(KINDS), cents), min_size=1, max_size=5), max_size=6))
def test_any_series_of_entries_balances(series: list[list[tuple[str, int]]]) -> None:
    """Entries of any amounts, the last line taking up the rest; some of them reversed again."""
    with transaction.atomic():
        posted = 0
        for number, moves in enumerate(series):
            rest = -sum(amount for _kind, amount in moves)
            if not rest:
                continue
            lines = [Line(of(kind), Decimal(amount) / 100) for kind, amount in [*moves, ("fund", rest)]]
            entry = post(
                kind="obligation", on=TODAY, lines=lines, reference=("test", number), basis="2b", actor=actor(),
                now=NOW, key=str(uuid4()),
            )  # fmt: skip
            posted += 1
            if number % 2:
                reverse(entry=entry, reason="by mistake", actor=actor(), now=NOW)
        trial = trial_balance(region(COUNTY))
        assert trial.is_balanced
        assert sum(row.balance for row in trial.rows) == 0
        assert all(balance(each) == sum(EntryLine.objects.filter(account=each).values_list("amount", flat=True))
                   for each in Account.objects.all())  # fmt: skip
        connection.check_constraints()  # the triggers at the end of a transaction
        transaction.set_rollback(True)


@given(st.lists(cents, min_size=1, max_size=5).filter(sum))
@settings(max_examples=10)
def test_the_database_refuses_an_entry_that_does_not_balance(amounts: list[int]) -> None:
    with transaction.atomic():
        entry = Entry.objects.create(
            kind="obligation", on=TODAY, unit=region(COUNTY), reference_kind="test", reference_id="1", basis="2b",
            key=str(uuid4()), size=max(2, len(amounts)), actor_label="x",
        )  # fmt: skip
        EntryLine.objects.bulk_create(
            EntryLine(entry=entry, account=of("fund"), amount=Decimal(amount) / 100) for amount in amounts
        )
        with pytest.raises(IntegrityError, match="does not balance"):
            connection.check_constraints()
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "amounts",
    [["10.00"], [], ["10.00", "-9.99"], ["0.00", "0.00"], ["0.005", "-0.005"]],
    ids=["one line", "none", "a cent short", "nothing", "half cents"],
)
def test_an_entry_that_moves_nothing_or_too_much_is_refused(amounts: list[str]) -> None:
    lines = [Line(of("fund"), Decimal(amount)) for amount in amounts]
    with pytest.raises(Unbalanced):
        post(kind="x", on=TODAY, lines=lines, reference=("t", 1), basis="", actor=actor(), now=NOW, key="k")
    assert not Entry.objects.exists()


def test_no_balanced_pair_is_added_to_an_entry_later() -> None:
    entry = moved()
    with transaction.atomic():
        for amount in ("5.00", "-5.00"):
            EntryLine.objects.create(entry=entry, account=of("fund"), amount=Decimal(amount))
        with pytest.raises(IntegrityError, match="does not balance"):
            connection.check_constraints()
        transaction.set_rollback(True)


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_entryline", "ledger_account"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_was_posted_stays(verb: str, table: str) -> None:
    moved()
    connection.check_constraints()
    with pytest.raises(IntegrityError, match="the ledger is only added to"), transaction.atomic():
        connection.cursor().execute(verb.format(table))
    assert EntryLine.objects.count() == 2


def test_the_same_key_moves_once() -> None:
    assert moved() == moved()
    assert balance(of("obligation")) == Decimal("590.00")
    with pytest.raises(KeyTaken):
        moved("460.00")


def test_a_mistake_is_reversed_once_and_stays_readable() -> None:
    entry = moved()
    back = reverse(entry=entry, reason="wrong person", actor=actor(), now=NOW)
    assert (balance(of("obligation")), back.reverses_id, back.reason) == (Decimal(0), entry.pk, "wrong person")
    assert entry.lines.count() == 2
    for again in (entry, back):
        with pytest.raises(ReversedAlready):
            reverse(entry=again, reason="twice", actor=actor(), now=NOW)


def test_a_balance_is_told_of_any_day() -> None:
    moved(on=TODAY - timedelta(days=60), key="january")
    moved("460.00", key="march")
    spring = date(2026, 2, 28)
    assert balance(of("obligation"), spring) == Decimal("590.00")
    assert balance(of("obligation")) == Decimal("1050.00")
    assert [str(row.balance) for row in trial_balance(region(COUNTY), spring).rows] == ["-590.00", "590.00"]


def test_one_account_for_each_place() -> None:
    holder, town = uuid4(), region("120114122000")
    of_one = account(kind="obligation", unit=town, code="tefu", holder=holder)
    assert account(kind="obligation", unit=town, code="tefu", holder=holder) == of_one
    others = {of("obligation"), account(kind="obligation", unit=town, code="tefu"), of("paid"), of_one}
    assert len(others) == 4
    with pytest.raises(ValueError, match="gold"):
        account(kind="gold", unit=town, code="tefu")
