"""Spreading a festival's visits over days and half days: capacity, and the days on which nobody comes. No ORM."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from uuid import UUID


@dataclass(frozen=True)
class Stop:
    """One family: which village it is in and on which days (MM-DD) nobody comes."""

    gift: UUID
    village: UUID
    avoids: frozenset[str]


@dataclass(frozen=True)
class Hours:
    """So many visits of a village in half a day, which begin at these hours."""

    per_half_day: int
    morning_from: int
    afternoon_from: int


def half_days(first: date, last: date, hours: Hours, zone: tzinfo) -> list[datetime]:
    """When half days begin, from the first day to the last."""
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    starts = (time(hours.morning_from), time(hours.afternoon_from))
    return [datetime.combine(day, start, tzinfo=zone) for day in days for start in starts]


def spread(
    stops: Iterable[Stop], when: Sequence[datetime], hours: Hours, *, taken: Counter[tuple[UUID, datetime]]
) -> tuple[dict[UUID, datetime], list[Stop]]:
    """A half day for each stop, the earliest that has room and is no day to avoid; and those for whom there is none.

    Who avoids most chooses first. `taken`: visits planned already, by village and half day."""
    planned: dict[UUID, datetime] = {}
    left: list[Stop] = []
    by_village: dict[UUID, list[Stop]] = defaultdict(list)
    for stop in stops:
        by_village[stop.village].append(stop)
    for village, there in by_village.items():
        for stop in sorted(there, key=lambda each: -len(each.avoids)):
            free = (
                start
                for start in when
                if taken[village, start] < hours.per_half_day and start.strftime("%m-%d") not in stop.avoids
            )
            start = next(free, None)
            if start is None:
                left.append(stop)
            else:
                planned[stop.gift] = start
                taken[village, start] += 1
    return planned, left
