"""Working days follow the State Council's yearly notices and the office's own corrections."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.org.models import CodeEntry
from backend.org.working_days import add_working_days, forget, is_working_day

pytestmark = pytest.mark.django_db

# Notice of the General Office of the State Council on holidays in 2026 (November 2025).
HOLIDAYS_2026 = [
    ("2026-01-01", "2026-01-03"),
    ("2026-02-15", "2026-02-23"),
    ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"),
    ("2026-06-19", "2026-06-21"),
    ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
]
MAKE_UP_2026 = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget()


def test_2026_is_as_the_notice_says() -> None:
    free = {
        date.fromisoformat(first) + timedelta(days=step)
        for first, last in HOLIDAYS_2026
        for step in range((date.fromisoformat(last) - date.fromisoformat(first)).days + 1)
    }
    make_up = {date.fromisoformat(day) for day in MAKE_UP_2026}
    for step in range(365):
        day = date(2026, 1, 1) + timedelta(days=step)
        assert is_working_day(day) == (day in make_up or (day.weekday() < 5 and day not in free)), day


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2035-10-01", False),  # National Day
        ("2035-02-08", False),  # first day of the lunar year
        ("2035-03-10", False),  # a Saturday
        ("2035-03-12", True),
    ],
)
def test_years_not_announced_have_weekends_and_statutory_holidays(day: str, working: bool) -> None:
    assert is_working_day(date.fromisoformat(day)) is working


def test_the_office_corrects_single_days() -> None:
    flood, make_up = date(2026, 7, 6), date(2026, 7, 11)
    assert (is_working_day(flood), is_working_day(make_up)) == (True, False)
    for day, working in ((flood, False), (make_up, True)):
        CodeEntry.objects.create(
            list="working_day", code=day.isoformat(), label="抗洪", label_en="flood", data={"working": working}
        )
    forget()
    assert (is_working_day(flood), is_working_day(make_up)) == (False, True)
    assert add_working_days(date(2026, 7, 3), 5) == make_up


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-03-02", 1, "2026-03-03"),
        ("2026-03-06", 1, "2026-03-09"),  # Friday to Monday
        ("2026-02-13", 1, "2026-02-14"),  # Friday to the make-up Saturday
        ("2026-02-14", 1, "2026-02-24"),  # over the whole Spring Festival
        ("2026-09-30", 2, "2026-10-09"),
        ("2026-12-31", 0, "2026-12-31"),
    ],
)
def test_working_days_are_counted_from_the_day_after(start: str, count: int, end: str) -> None:
    assert add_working_days(date.fromisoformat(start), count) == date.fromisoformat(end)


def test_counting_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        add_working_days(date(2026, 3, 2), -1)


@given(start=st.dates(date(2024, 1, 1), date(2030, 12, 31)), count=st.integers(1, 40))
def test_exactly_so_many_working_days_lie_between(start: date, count: int) -> None:
    end = add_working_days(start, count)
    assert is_working_day(end)
    passed = sum(is_working_day(start + timedelta(days=step)) for step in range(1, (end - start).days + 1))
    assert passed == count
