"""Plans of repayment, to the cent: pure calculation, no rows.

Every plan divides its principal exactly; what does not divide evenly goes to the last instalment, so that nobody is
asked for more than the others before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
HUNDREDTHS_OF_PERCENT = 10_000
MONTHS_OF_YEAR = 12
LATEST_DAY = 28
"""A day that every month has."""


@dataclass(frozen=True)
class Part:
    """One instalment of a plan."""

    number: int
    due_on: date
    principal: Decimal
    interest: Decimal


@dataclass(frozen=True)
class Owed:
    """What is still to be paid of one instalment."""

    principal: Decimal
    interest: Decimal


def divided(amount: Decimal, count: int) -> list[Decimal]:
    """The amount in so many parts, whole cents, the last one with what is left over. Sums exactly to the amount."""
    each = (amount / count).quantize(CENT, ROUND_DOWN)
    return [each] * (count - 1) + [amount - each * (count - 1)]


def months_later(day: date, months: int) -> date:
    """The same day so many months later; the 28th where the month could be too short."""
    month = day.month - 1 + months
    kept = day.day if day.day <= LATEST_DAY or not months else LATEST_DAY
    return date(day.year + month // MONTHS_OF_YEAR, month % MONTHS_OF_YEAR + 1, kept)


def plan(*, principal: Decimal, count: int, months: int, first_due_on: date, interest: int) -> list[Part]:
    """Equal parts of the principal; interest (hundredths of a percent a year) on what is still owed before each."""
    apart = max(1, months // count)
    parts, owed = [], principal
    for place, part in enumerate(divided(principal, count)):
        due = months_later(first_due_on, place * apart)
        parts.append(Part(place + 1, due, part, _interest(owed, interest, apart)))
        owed -= part
    return parts


def allocated(amount: Decimal, owed: Sequence[Owed]) -> list[Owed]:
    """How a payment is shared out: the oldest instalment first, its interest before its principal."""
    shares = []
    for each in owed:
        interest = min(amount, each.interest)
        principal = min(amount - interest, each.principal)
        shares.append(Owed(principal=principal, interest=interest))
        amount -= interest + principal
    return shares


def _interest(owed: Decimal, hundredths: int, months: int) -> Decimal:
    return (owed * hundredths * months / HUNDREDTHS_OF_PERCENT / MONTHS_OF_YEAR).quantize(CENT, ROUND_HALF_UP)
