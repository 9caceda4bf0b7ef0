"""Calendar months and years by the local calendar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

EARLIEST = date(1980, 1, 1)
"""Nothing was kept before; the family planning associations began that year."""
_TEXT = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)


@dataclass(frozen=True)
class Period:
    """From its first day (included) to the first of the next one (excluded)."""

    first: date

    @property
    def next_first(self) -> date:
        """The first day that belongs to it no more."""
        raise NotImplementedError

    @property
    def begins_at(self) -> datetime:
        """Its first moment."""
        return timezone.make_aware(datetime.combine(self.first, time(0)))

    @property
    def ends_at(self) -> datetime:
        """Its end: the first moment of the next one."""
        return timezone.make_aware(datetime.combine(self.next_first, time(0)))

    def until(self, now: datetime) -> datetime:
        """The moment of which "at the end" speaks: the end, or now as long as it lasts."""
        return min(self.ends_at, now)

    def last_day(self, now: datetime) -> date:
        """Its last day; today as long as it lasts."""
        return timezone.localdate(self.until(now) - timedelta(microseconds=1))


@dataclass(frozen=True)
class Month(Period):
    """A calendar month."""

    @classmethod
    def of(cls, day: date) -> Month:
        """The month in which this day lies."""
        return cls(day.replace(day=1))

    @classmethod
    def named(cls, text: str, *, today: date) -> Month:
        """The month of `2026-03`. Raises ValueError for anything else, and for one to come or long gone."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError(text)
        month = cls(date(int(found[1]), int(found[2]), 1))
        if not EARLIEST <= month.first <= today:
            raise ValueError(text)
        return month

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def next_first(self) -> date:
        """The first day that belongs to it no more."""
        return (self.first + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True)
class Year(Period):
    """A calendar year: what targets and assessments are reckoned by (G5)."""

    @classmethod
    def of(cls, number: int) -> Year:
        """The year with this number."""
        return cls(date(number, 1, 1))

    def __str__(self) -> str:
        return f"{self.first:%Y}"

    @property
    def next_first(self) -> date:
        """New Year's Day after it."""
        return date(self.first.year + 1, 1, 1)


def period_named(text: str, *, today: date) -> Period:
    """The month of `2026-03`, the year of `2026`. Raises ValueError as Month.named does."""
    if _YEAR.fullmatch(text) is None:
        return Month.named(text, today=today)
    year = Year.of(int(text))
    if not EARLIEST <= year.first <= today:
        raise ValueError(text)
    return year
