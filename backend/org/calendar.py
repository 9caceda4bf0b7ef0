"""The calendar an office plans by: festivals, campaign days, terms and turning points (domain.md 2i).

Every day is a row of the code list `calendar_day`, with the rule by which it falls as its data:

    {"kind": "campaign", "solar": [5, 15]}                every year on that day
    {"kind": "festival", "lunar": [8, 15]}                lunar month and day; of a month that comes twice, the first
    {"kind": "festival", "lunar": [1, 1], "shift": -1}    so many days after (before) it: 除夕
    {"kind": "festival", "term": "清明"}                   one of the 24 solar terms
    {"kind": "festival", "weekday": [5, 7, 2]}            month, ISO weekday, which one: 2nd Sunday of May

Lunar dates and solar terms are the library's (lunar_python), never counted here. An office's own campaign day has its
rule as its code: `05-08`, `lunar-05-05`, `05-w7-2`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from lunar_python import Lunar

from backend.org import codes, parameters
from backend.org.codes import Code

LIST = "calendar_day"
OWN = "campaign"
"""The kind of an office's own day."""
_SOLAR = re.compile(r"(\d\d)-(\d\d)")
_LUNAR = re.compile(r"lunar-(\d\d)-(\d\d)")
_WEEKDAY = re.compile(r"(\d\d)-w([1-7])-([1-5])")
LEAP_YEAR = 2024
"""Has a 29 February: what is no day of this year is no day of any."""


class NotARule(ValueError):
    """The code tells no day of a year."""


@dataclass(frozen=True)
class Day:
    """One day of the calendar in one year. `kind`: festival, campaign, school, turn, deadline."""

    day: date
    code: str
    kind: str
    entry: Code

    def name(self, language: str | None = None) -> str:
        """What it is called in that language (default: the active one)."""
        return self.entry.name(language)


def days_of(year: int) -> list[Day]:
    """The days of a year in their order, as far as they are in force by then."""
    found = [
        Day(day, code, str(entry.data.get("kind", OWN)), entry)
        for code, entry in codes.entries(LIST).items()
        for day in _dates(entry.data, year)
        if (entry.from_date is None or entry.from_date <= day) and (entry.to_date is None or day < entry.to_date)
    ]
    return sorted(found, key=lambda each: (each.day, each.entry.name("zh")))


def day_of(code: str, year: int) -> date | None:
    """When the day falls in that year of the ordinary calendar; None when it is unknown or falls not in it."""
    entry = codes.entries(LIST).get(code)
    return next(iter(_dates(entry.data, year)), None) if entry else None


def next_after(code: str, day: date) -> date | None:
    """The first time on which the day falls after that one."""
    found = (day_of(code, year) for year in (day.year, day.year + 1, day.year + 2))
    return next((each for each in found if each is not None and each > day), None)


def rule_of(code: str) -> dict[str, Any]:
    """The rule that an office's own code tells. Raises NotARule."""
    if found := _SOLAR.fullmatch(code):
        rule: dict[str, Any] = {"solar": [int(part) for part in found.groups()]}
    elif found := _LUNAR.fullmatch(code):
        rule = {"lunar": [int(part) for part in found.groups()]}
    elif found := _WEEKDAY.fullmatch(code):
        rule = {"weekday": [int(part) for part in found.groups()]}
    else:
        raise NotARule(code)
    try:
        # The fifth Sunday of May comes in some years only, but it comes.
        comes = any(_dates(rule, year) for year in range(LEAP_YEAR, LEAP_YEAR + 12))
    except ValueError as error:
        raise NotARule(code) from error
    if not comes:
        raise NotARule(code)
    return {"kind": OWN, **rule}


def year_of(key: str, day: date, *, path: str) -> tuple[int, date, date]:
    """The school year (`calendar.school_year`) or programme year (`calendar.programme_year`) of an area in which the
    day lies: its number (the year in which it begins), its first day, and the first day of the next."""
    begins: Mapping[str, int] = parameters.value(key, path=path, day=day, default={"month": 1, "day": 1})
    first = date(day.year, begins["month"], begins["day"])
    year = day.year if first <= day else day.year - 1
    return year, first.replace(year=year), first.replace(year=year + 1)


def _dates(rule: Mapping[str, Any], year: int) -> tuple[date, ...]:
    """When a rule falls in a year: once, and never or twice where the lunar year shifts past its ends."""
    shift = timedelta(days=int(rule.get("shift", 0)))
    if "solar" in rule:
        month, day = rule["solar"]
        if not 1 <= month <= 12 or not 1 <= day <= monthrange(LEAP_YEAR, month)[1]:
            raise ValueError(f"no day of a year: {month}-{day}")
        return (date(year, month, day) + shift,) if day <= monthrange(year, month)[1] else ()
    if "weekday" in rule:
        return tuple(each + shift for each in _nth_weekday(year, *rule["weekday"]))
    if "term" in rule:
        return (_term(year, rule["term"]) + shift,)
    if "lunar" in rule:
        month, day = rule["lunar"]
        found = (_lunar(lunar_year, month, day) for lunar_year in (year - 1, year))
        shifted = (each + shift for each in found if each is not None)
        return tuple(each for each in shifted if each.year == year)
    return ()


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> tuple[date, ...]:
    first = date(year, month, 1)
    found = first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (nth - 1))
    return (found,) if found.month == month else ()


@lru_cache(maxsize=1024)
def _lunar(year: int, month: int, day: int) -> date | None:
    """A day of the lunar calendar; of a month that comes twice, the first. None for the 30th of a month of 29 days."""
    if not 1 <= month <= 12 or not 1 <= day <= 30:
        raise ValueError(f"no day of a lunar year: {month}-{day}")
    try:
        found = Lunar.fromYmd(year, month, day).getSolar()
    except Exception:  # the library raises nothing narrower
        return None
    return date(found.getYear(), found.getMonth(), found.getDay())


@lru_cache(maxsize=256)
def _term(year: int, name: str) -> date:
    """The day of a solar term. Raises KeyError for a name that is none."""
    found = Lunar.fromYmd(year, 1, 1).getJieQiTable()[name]
    return date(found.getYear(), found.getMonth(), found.getDay())
