"""Months and what falls on each of them: yuan are divided in whole fen, and the parts come to exactly the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

FEN = Decimal("0.01")
MONTHS_A_YEAR = 12


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def later(month: date, count: int) -> date:
    """The first day of the month so many months later; negative: earlier."""
    months = month.year * MONTHS_A_YEAR + month.month - 1 + count
    return date(months // MONTHS_A_YEAR, months % MONTHS_A_YEAR + 1, 1)


def months_of(period: str) -> list[date]:
    """The months of a period as payments write it: 2026, 2026-07 or 2026-07/2026-12. Raises ValueError otherwise."""
    first, _slash, last = period.partition("/")
    if not last and len(first) == len("2026"):
        return [date(int(first), number, 1) for number in range(1, MONTHS_A_YEAR + 1)]
    return list(_through(_month(first), _month(last or first)))


def period_of(months: Sequence[date]) -> str:
    """How payments write the time from the first of these months to the last."""
    first, last = f"{min(months):%Y-%m}", f"{max(months):%Y-%m}"
    return first if first == last else f"{first}/{last}"


def parts(amount: Decimal, count: int) -> list[Decimal]:
    """The amount in so many parts that differ by at most a fen and come to exactly the amount."""
    fen = int(amount / FEN)
    ends = [fen * number // count for number in range(count + 1)]
    return [FEN * (after - before) for before, after in pairwise(ends)]


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def _through(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = later(first, 1)
