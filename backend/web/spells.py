"""Pairings on a time axis: bars and ticks in the units of an SVG, for a family's or a helper's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

WIDTH = 1000
"""Units of the drawing's width: the browser stretches it to the page."""
ROW = 30
"""Units of height for one pairing."""
HEAD = 24
"""Units of height above the bars, for the years."""
AHEAD = timedelta(days=120)
"""How far the axis reaches beyond today, so that planned ends are seen."""
MOST_TICKS = 12


@dataclass(frozen=True)
class Bar:
    """One pairing: where its bar lies, and where its planned end does (None: not planned, or over).

    Its label stands in the bar from `text` on, or left of it (`is_left`) when there is no room on the right.
    """

    x: int
    y: int
    width: int
    label: str
    is_current: bool
    planned: int | None
    text: int
    is_left: bool


@dataclass(frozen=True)
class Tick:
    """A first of January."""

    x: int
    label: str


@dataclass(frozen=True)
class Axis:
    """Everything that the drawing shows."""

    bars: list[Bar]
    ticks: list[Tick]
    today: int
    height: int


def axis(pairings: Sequence[Mapping[str, Any]], *, today: date, whose: str) -> Axis | None:
    """The pairings as the API tells them, the oldest on top; `whose`: the key of what a bar is labelled with.

    None when there is nothing to draw.
    """
    if not pairings:
        return None
    rows = sorted(pairings, key=lambda row: (row["from_date"], row["number"]))
    first = min(date.fromisoformat(rows[0]["from_date"]), today)
    last = max(today, *(_end(row, today) for row in rows)) + AHEAD
    scale = WIDTH / max((last - first).days, 1)

    def place(day: date) -> int:
        return min(WIDTH, round((day - first).days * scale))

    bars = [_bar(row, place, today, y=HEAD + number * ROW, label=_label(row, whose)) for number, row in enumerate(rows)]
    return Axis(bars, _ticks(first, last, place), place(today), HEAD + len(rows) * ROW + 6)


def _bar(row: Mapping[str, Any], place: Any, today: date, *, y: int, label: str) -> Bar:
    begin, end = place(date.fromisoformat(row["from_date"])), place(_end(row, today))
    is_current = row["to_date"] is None or date.fromisoformat(row["to_date"]) > today
    planned = place(date.fromisoformat(row["planned_end"])) if is_current and row["planned_end"] else None
    is_left = begin > WIDTH * 3 // 4
    return Bar(begin, y, max(end - begin, 4), label, is_current, planned, begin - 6 if is_left else begin + 6, is_left)


def _label(row: Mapping[str, Any], whose: str) -> str:
    named = row.get(whose) or {}
    return str(named.get("name") or named.get("label") or row["number"])


def _end(row: Mapping[str, Any], today: date) -> date:
    return date.fromisoformat(row["to_date"]) if row["to_date"] else today


def _ticks(first: date, last: date, place: Any) -> list[Tick]:
    years = [date(year, 1, 1) for year in range(first.year + 1, last.year + 1)]
    step = -(-len(years) // MOST_TICKS) or 1
    return [Tick(place(day), str(day.year)) for day in years[::step]]
