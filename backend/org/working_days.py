"""Working days, and when something is due: in the local calendar, where people work.

Statutory holidays and the yearly make-up days (State Council notices, known about a year ahead) come from the package
`holidays`; for years not announced yet it knows weekends and the statutory holidays. An office corrects single days by
rows of the code list `working_day`: code = the day, data = {"working": true or false}.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache as forever

import holidays
from django.core.cache import cache
from django.utils import timezone

from backend.org.models import CodeEntry
from workflows.engine.durations import after, working_days

LIST = "working_day"
KEPT_SECONDS = 60
MOMENT = timedelta(microseconds=1)


def is_working_day(day: date) -> bool:
    """Whether offices work on that day."""
    return _is_working_day(day, _corrections())


def add_working_days(start: date, count: int) -> date:
    """The `count`-th working day after `start`, itself never counted; 0 is `start`. Raises ValueError below that."""
    if count < 0:
        raise ValueError("working days are counted forward")
    corrections = _corrections()
    day = start
    while count:
        day += timedelta(days=1)
        count -= _is_working_day(day, corrections)
    return day


def covered(start: date, end: date) -> int:
    """How many working days lie between two days, the second excluded."""
    corrections = _corrections()
    days = (start + timedelta(days=count) for count in range((end - start).days))
    return sum(_is_working_day(day, corrections) for day in days)


def later_by(day: date, count: int) -> timedelta:
    """How far the `count`-th working day after a day is from it; nothing for none."""
    return add_working_days(day, count) - day


def day_due(moment: datetime) -> date:
    """The local day by whose end something is due: midnight is the end of the day before."""
    return timezone.localdate(moment - MOMENT)


def due_at(now: datetime, text: str) -> datetime:
    """When something is due that was asked for at `now`: the last moment that is not overdue.

    `10wd` (working days) and durations in days, weeks, months (`P10D`): the end of that local day, whatever the hour
    of `now`. Durations with a time part (`PT48H`): exactly then. Raises workflows.engine.durations.NotATime.
    """
    local = timezone.localtime(now)
    count = working_days(text)
    if count is not None:
        return end_of_day(add_working_days(local.date(), count))
    exact = after(local, text)
    return exact if "T" in text else end_of_day(exact.date())


def end_of_day(day: date) -> datetime:
    """The last microsecond of the local day."""
    return datetime.combine(day, time.max, tzinfo=timezone.get_default_timezone())


def forget() -> None:
    """Read the corrections again: they were changed. Other processes notice within a minute."""
    cache.delete(LIST)


@forever
def _calendar() -> holidays.HolidayBase:
    return holidays.country_holidays("CN")


def _corrections() -> Mapping[date, bool]:
    found: Mapping[date, bool] | None = cache.get(LIST)
    if found is None:
        rows = CodeEntry.objects.filter(list=LIST).values_list("code", "data")
        found = {date.fromisoformat(code): bool(data.get("working")) for code, data in rows}
        cache.set(LIST, found, KEPT_SECONDS)
    return found


def _is_working_day(day: date, corrections: Mapping[date, bool]) -> bool:
    return corrections[day] if day in corrections else bool(_calendar().is_working_day(day))
