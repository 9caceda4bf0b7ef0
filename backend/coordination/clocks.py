"""When a month's report is asked for, reminded of, due, late, listed as missing (P14): days are parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from backend.org import parameters
from backend.org.working_days import add_working_days, end_of_day, is_working_day

DAYS: Mapping[str, int] = {"remind": 3, "due": 5, "late": 6, "list": 10, "close": 40, "minutes_working_days": 3}
"""Days of the month that follows; where the parameter `coordination.days` is not set (P14, proposals)."""
MORNING = time(8)
LEAST_WORKING_DAYS = 2
"""So many there are at least: the first working day of October is after its fifth day."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """A report's moments, in order."""

    remind_at: datetime
    due_at: datetime
    late_at: datetime
    list_at: datetime
    close_at: datetime


def days_of(path: str, day: date) -> Mapping[str, int]:
    """The parameter at this place on that day."""
    return {**DAYS, **parameters.value("coordination.days", path=path, day=day, default=DAYS)}


def month_before(day: date) -> date:
    """The first day of the month that is over."""
    return (day.replace(day=1) - DAY).replace(day=1)


def month_after(month: date) -> date:
    """The first day of the month after this one."""
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1)


def first_working_day(day: date) -> date:
    """Of the month in which this day lies."""
    return _on_working_day(day.replace(day=1))


def clock_of(month: date, *, asked_on: date, path: str) -> Clock:
    """The moments of a month's report. The due day falls on a working day, and leaves two working days at least; what
    that moves, moves the other days as well."""
    days, first = days_of(path, asked_on), month_after(month)
    usual = first + (days["due"] - 1) * DAY
    due = max(_on_working_day(usual), add_working_days(asked_on, LEAST_WORKING_DAYS))
    moved = due - usual

    def morning(name: str) -> datetime:
        return timezone.make_aware(datetime.combine(first + (days[name] - 1) * DAY + moved, MORNING))

    return Clock(
        remind_at=morning("remind"),
        due_at=end_of_day(due),
        late_at=morning("late"),
        list_at=morning("list"),
        close_at=morning("close"),
    )


def minutes_by(held_at: datetime, path: str) -> datetime:
    """By when a meeting's minutes are due: three working days after it."""
    day = timezone.localdate(held_at)
    return end_of_day(add_working_days(day, days_of(path, day)["minutes_working_days"]))


def morning_after(moment: datetime) -> datetime:
    """Eight o'clock of the next day: when somebody is told that it was late."""
    return timezone.make_aware(datetime.combine(timezone.localdate(moment) + DAY, MORNING))


def _on_working_day(day: date) -> date:
    return day if is_working_day(day) else add_working_days(day, 1)
