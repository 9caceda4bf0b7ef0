"""What table D28 looks at in a report: numbers about its numbers. Pure; the table advises, a named person decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

TOLD = ("activities", "served", "served_first", "served_again")
"""Numbers that the unit tells itself."""
NOTHING: Mapping[str, int] = {"missing": 0, "jump": 0, "negative": 0, "difference": 0}


def facts(*, told: Mapping[str, int], before: Mapping[str, int], nil: bool, month: date, today: date) -> dict[str, int]:
    """The inputs of D28. `before`: what the unit told the last time; a nil report has no numbers to look at."""
    age = {"months_old": (today.year - month.year) * 12 + today.month - month.month}
    if nil:
        return {**NOTHING, **age}
    return {
        "missing": sum(name not in told for name in TOLD),
        "jump": max((_change(told[name], before[name]) for name in told if before.get(name, 0) > 0), default=0),
        "negative": sum(value < 0 for value in told.values()),
        "difference": _difference(told),
        **age,
    }


def _change(now: int, before: int) -> int:
    """By how many percent, rounded up: a hair more than the half is more than the half."""
    return -(-abs(now - before) * 100 // before)


def _difference(told: Mapping[str, int]) -> int:
    """How far the parts are from their sum, when all three are told."""
    parts = [told.get(name) for name in ("served", "served_first", "served_again")]
    if any(part is None for part in parts):
        return 0
    whole, first, again = (int(part or 0) for part in parts)
    return abs(whole - first - again)
