"""Months and money: whatever is divided comes to exactly the whole, and periods say which months they cover."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from backend.subsidies.months import later, months_of, parts, period_of

YUAN = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999999.99"), places=2)
MONTH = st.dates(min_value=date(2004, 1, 1), max_value=date(2099, 12, 1)).map(lambda day: day.replace(day=1))


@given(amount=YUAN, count=st.integers(1, 60))
def test_instalments_come_to_exactly_the_amount(amount: Decimal, count: int) -> None:
    made = parts(amount, count)
    assert sum(made) == amount
    assert len(made) == count
    assert max(made) - min(made) <= Decimal("0.01")


@given(first=MONTH, count=st.integers(0, 40))
def test_a_period_tells_its_months(first: date, count: int) -> None:
    months = [later(first, number) for number in range(count + 1)]
    assert months_of(period_of(months)) == months
    assert later(months[-1], -count) == first


def test_a_year_is_twelve_months() -> None:
    assert months_of("2026") == [date(2026, month, 1) for month in range(1, 13)]
