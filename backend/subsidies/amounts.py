"""What somebody gets: the layers of all levels put together (decision D14), and the months it is due for.

Everything is yuan in `Decimal`; the table counts in whole fen a year, so that nothing is ever rounded before the end
(domain.md 2b, 3.4). The layers are asked one by one, from the country down to the township: each adds to, takes the
place of, or multiplies what the levels above give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from hashlib import sha256
from itertools import groupby
from typing import Any, Protocol, TypeAlias

from django.db.models import Q

from backend.subsidies.models import Standard

FEN = Decimal("0.01")
MONTHS = 12
UNKNOWN_AGE = -1
"""Younger than any age that a layer asks for."""
_ORDER = {Standard.Mode.REPLACE: 0, Standard.Mode.ADD: 1, Standard.Mode.MULTIPLY: 2}
_TIMES = {Standard.Per.MONTH: MONTHS, Standard.Per.YEAR: 1, Standard.Per.ONCE: 1}


@dataclass(frozen=True)
class Verdict:
    """What decision D14 says of one layer."""

    part: int
    """Fen that it adds; less than none where it sets a smaller amount."""
    reason: str
    table_version: str


Judge: TypeAlias = Callable[[Mapping[str, Any]], Verdict]
"""Decision D14: facts of one layer and what is above it → what it adds."""


@dataclass(frozen=True)
class Circumstances:
    """Whose amount is asked for. `age`: full years of whoever's age counts, -1 when unknown."""

    kind: str
    path: str
    """Of the village."""
    category: str = ""
    residence: str = ""
    age: int = UNKNOWN_AGE


@dataclass(frozen=True)
class Part:
    """What one layer contributes; `part`: yuan a year as text, for JSON knows no decimals."""

    standard: str
    level: str
    area: str
    mode: str
    part: str
    reference: str
    reason: str


@dataclass(frozen=True)
class Amount:
    """What it comes to in twelve months (once: altogether), of which layers, by which versions."""

    yearly: Decimal
    parts: tuple[Part, ...]
    version: str

    def as_rate(self) -> dict[str, Any]:
        """As the fields of a rate."""
        layers = [asdict(part) for part in self.parts]
        return {"yearly": self.yearly, "layers": layers, "standard_version": self.version}


class Dated(Protocol):
    """Something that comes to so much a year from one day until another."""

    @property
    def from_date(self) -> date:
        """The first day."""

    @property
    def until_date(self) -> date | None:
        """The first day without it."""

    @property
    def yearly(self) -> Decimal:
        """Yuan."""


def layers(of: Circumstances, *, day: date) -> list[Standard]:
    """The standards that apply, the widest area first; of one area, category, mode and age the newest."""
    fitting = (
        Standard.objects.over(of.path)
        .on(day)
        .filter(Q(category="") | Q(category=of.category), Q(residence="") | Q(residence=of.residence), kind=of.kind)
    )
    held = sorted(fitting, key=lambda row: (*_slot(row), row.from_date, row.residence))
    return [list(rows)[-1] for _slot_of, rows in groupby(held, key=_slot)]


def _slot(row: Standard) -> tuple[int, int, str, int]:
    return (row.area.count("."), _ORDER[Standard.Mode(row.mode)], row.category, row.min_age or 0)


def amount(of: Circumstances, *, day: date, judge: Judge, rows: Sequence[Standard] | None = None) -> Amount:
    """What the layers come to on a day, by decision D14. `rows`: its layers, where they are known."""
    running, parts, versions = 0, [], set()
    for row in layers(of, day=day) if rows is None else rows:
        said = judge(layer_facts(row, of, running))
        running += said.part
        versions.add(said.table_version)
        parts.append(_part(row, said))
    digest = sha256("\n".join([*(part.standard for part in parts), *sorted(versions)]).encode()).hexdigest()
    return Amount(yuan(running), tuple(parts), digest[:16])


def layer_facts(row: Standard, of: Circumstances, above: int) -> dict[str, Any]:
    """Inputs of decision D14 for one layer. `above`: fen a year that the levels above come to."""
    value = row.factor * 100 if row.factor is not None else fen((row.amount or Decimal(0)) * _TIMES[_per(row)])
    return {"mode": row.mode, "value": int(value), "above": above, "min_age": row.min_age or 0, "age": of.age}


def _per(row: Standard) -> Standard.Per:
    return Standard.Per(row.per)


def _part(row: Standard, said: Verdict) -> Part:
    where = row.area_name or row.area
    return Part(row.code, row.level, where, row.mode, str(yuan(said.part)), row.reference, said.reason)


def fen(value: Decimal) -> int:
    """Whole fen of an amount in yuan. Amounts are never finer."""
    return int((value * 100).to_integral_exact())


def yuan(value: int) -> Decimal:
    """Fen as yuan with two places."""
    return (Decimal(value) / 100).quantize(FEN)


def first_of_month(day: date) -> date:
    """The first day of that month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after."""
    return date(day.year + day.month // MONTHS, day.month % MONTHS + 1, 1)


def months(from_date: date, until_date: date) -> Iterable[date]:
    """The first days of the months that begin in a spell, its last day excluded."""
    month = first_of_month(from_date)
    while month < until_date:
        if month >= from_date:
            yield month
        month = next_month(month)


def month_share(yearly: Decimal, month: date) -> Decimal:
    """What one month gets of a yearly sum: twelve months of a calendar year add up to exactly that sum."""

    def until(count: int) -> Decimal:
        return (yearly * count / MONTHS).quantize(FEN, rounding=ROUND_DOWN)

    return until(month.month) - until(month.month - 1)


def due(rates: Sequence[Dated], *, from_date: date, until_date: date) -> Decimal:
    """What is due for the months that begin from one day until (excluded) another, at the rate each month begins in."""
    total = Decimal("0.00")
    for month in months(from_date, until_date):
        total += sum(
            (
                month_share(rate.yearly, month)
                for rate in rates
                if rate.from_date <= month and (rate.until_date is None or month < rate.until_date)
            ),
            Decimal("0.00"),
        )
    return total


def less(amount: Amount, others: Decimal | None) -> Amount:
    """The difference to what other benefits give a year (D15 offset); without others the same amount."""
    if others is None:
        return amount
    off = min(others, amount.yearly)
    part = Part("offset", "", "", "offset", str(-off), "D15", "difference")
    return Amount(amount.yearly - off, (*amount.parts, part), amount.version)
