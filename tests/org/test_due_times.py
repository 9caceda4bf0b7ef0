"""A thing is due at the end of a local day, or exactly after so many hours; overdue the moment after."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from backend.org.working_days import due_at, end_of_day
from workflows.engine.durations import NotATime

pytestmark = pytest.mark.django_db

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, LAST = datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2030-12-31")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "text", "day"),
    [
        ("2026-03-02T09:00", "P10D", "2026-03-12"),
        ("2026-03-02T00:00", "P1D", "2026-03-03"),
        ("2026-03-02T23:59:59", "P1D", "2026-03-03"),
        ("2026-03-02T09:00", "P2W", "2026-03-16"),
        ("2026-01-31T09:00", "P1M", "2026-02-28"),  # a month ends where it ends
        ("2028-01-31T09:00", "P1M", "2028-02-29"),
        ("2028-02-29T09:00", "P1Y", "2029-02-28"),
        ("2026-08-31T09:00", "P6M", "2027-02-28"),
        ("2026-12-31T23:30", "P1D", "2027-01-01"),
        ("2026-03-02T09:00", "5wd", "2026-03-09"),
        ("2026-02-14T09:00", "1wd", "2026-02-24"),
        ("2026-03-07T12:00", "1wd", "2026-03-09"),  # asked for on a Saturday
        ("2026-03-02T09:00", "0wd", "2026-03-02"),
        ("2026-03-02T09:00", "P0D", "2026-03-02"),
    ],
)
def test_days_end_with_the_local_day(now: str, text: str, day: str) -> None:
    due = due_at(local(now), text)
    assert due == local(f"{day}T23:59:59.999999")
    assert timezone.localdate(due + timedelta(microseconds=1)) == date.fromisoformat(day) + timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "text", "due"),
    [
        ("2026-03-02T09:30", "PT48H", "2026-03-04T09:30"),
        ("2026-03-02T23:45", "PT30M", "2026-03-03T00:15"),
        ("2026-03-02T09:30", "P1DT12H", "2026-03-03T21:30"),
        ("2026-02-28T12:00", "PT24H", "2026-03-01T12:00"),
    ],
)
def test_hours_are_exact(now: str, text: str, due: str) -> None:
    assert due_at(local(now), text) == local(due)


def test_the_local_day_decides_not_that_of_utc() -> None:
    # 16:30 in UTC is already the next day at Shanghai.
    assert due_at(datetime(2026, 3, 2, 16, 30, tzinfo=UTC), "P1D") == local("2026-03-04T23:59:59.999999")
    assert due_at(datetime(2026, 3, 2, 15, 59, tzinfo=UTC), "P1D") == local("2026-03-03T23:59:59.999999")


@pytest.mark.parametrize("text", ["", "P", "soon", "10 wd", "-P1D", "P1.5D", "10WD"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(NotATime):
        due_at(local("2026-03-02T09:00"), text)


@given(
    now=st.datetimes(FIRST, LAST, timezones=st.sampled_from([UTC, SHANGHAI])),
    days=st.integers(0, 800),
)
def test_days_are_calendar_days_at_any_hour_of_any_zone(now: datetime, days: int) -> None:
    due = due_at(now, f"P{days}D")
    assert timezone.localdate(due) == timezone.localdate(now) + timedelta(days=days)
    assert due >= now
    assert due == end_of_day(timezone.localdate(due))


@given(now=st.datetimes(FIRST, LAST, timezones=st.just(UTC)), hours=st.integers(1, 2000))
def test_hours_never_depend_on_the_calendar(now: datetime, hours: int) -> None:
    assert due_at(now, f"PT{hours}H") - now == timedelta(hours=hours)


@override_settings(TIME_ZONE="Asia/Urumqi")
def test_the_office_keeps_its_own_zone() -> None:
    urumqi = ZoneInfo("Asia/Urumqi")
    now = datetime(2026, 3, 2, 23, 0, tzinfo=urumqi)
    assert due_at(now, "P1D").astimezone(urumqi).date() == date(2026, 3, 3)
