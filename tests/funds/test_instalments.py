"""Plans divide exactly, whatever the amount; payments are shared out to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.funds.instalments import Owed, allocated, divided, months_later, plan

CENTS = st.integers(min_value=1, max_value=2_000_000).map(lambda cents: Decimal(cents) / 100)
COUNTS = st.integers(min_value=1, max_value=60)
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 12, 31))
quickly = settings(max_examples=60, deadline=None)


@quickly
@given(CENTS, COUNTS)
def test_parts_come_to_the_amount(amount: Decimal, count: int) -> None:
    parts = divided(amount, count)
    assert sum(parts) == amount
    assert len(parts) == count
    assert all(part == part.quantize(Decimal("0.01")) >= 0 for part in parts)
    assert parts[-1] - parts[0] < Decimal("0.01") * count


@quickly
@given(CENTS, COUNTS, st.integers(min_value=1, max_value=120), DAYS, st.integers(min_value=0, max_value=2400))
def test_a_plan_gives_back_the_principal_in_order(
    amount: Decimal, count: int, months: int, first: date, interest: int
) -> None:
    parts = plan(principal=amount, count=count, months=months, first_due_on=first, interest=interest)
    assert sum(part.principal for part in parts) == amount
    assert [part.due_on for part in parts] == sorted({part.due_on for part in parts})
    assert parts[0].due_on == first
    assert all(part.interest >= 0 for part in parts)
    assert interest or not any(part.interest for part in parts)


@quickly
@given(CENTS, st.lists(st.tuples(CENTS, CENTS), min_size=1, max_size=12))
def test_a_payment_is_shared_out_exactly_and_oldest_first(amount: Decimal, owed: list[tuple[Decimal, Decimal]]) -> None:
    open_parts = [Owed(principal=principal, interest=interest) for principal, interest in owed]
    shares = allocated(amount, open_parts)
    total = sum(each.principal + each.interest for each in open_parts)
    assert sum(share.principal + share.interest for share in shares) == min(amount, total)
    unpaid = [each != share for each, share in zip(open_parts, shares, strict=True)]
    assert unpaid == sorted(unpaid)  # once one is not paid in full, none after it is touched in full
    assert all(
        share.principal == 0 or share.interest == each.interest for each, share in zip(open_parts, shares, strict=True)
    )


def test_interest_is_on_what_is_still_owed() -> None:
    parts = plan(principal=Decimal(12000), count=2, months=24, first_due_on=date(2027, 3, 31), interest=435)
    assert [part.interest for part in parts] == [Decimal("522.00"), Decimal("261.00")]
    assert [part.due_on for part in parts] == [date(2027, 3, 31), date(2028, 3, 28)]


def test_months_later() -> None:
    assert months_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_later(date(2026, 11, 15), 3) == date(2027, 2, 15)
    assert months_later(date(2026, 12, 31), 0) == date(2026, 12, 31)
