"""When visits fall due and records are late, to the day and minute."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.visits.cadence import LOCAL, Rules, is_sampled, lateness, next_day, report_at, window

RULES = Rules()
TODAY = date(2026, 3, 2)


def plan(**changed: object) -> date:
    facts: dict[str, object] = {
        "start": TODAY,
        "last_met": None,
        "last_tried": None,
        "agreed": None,
        "period_days": 30,
        "today": TODAY,
        "tier": "B",
        "rules": RULES,
    }
    return next_day(**{**facts, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "day"),
    [
        ({}, date(2026, 4, 1)),
        ({"tier": "A", "period_days": 7}, date(2026, 3, 3)),
        ({"last_met": date(2026, 2, 20)}, date(2026, 3, 22)),
        ({"last_met": date(2026, 1, 31), "period_days": 30}, TODAY),  # 2 March: exactly due
        ({"last_met": date(2025, 1, 1)}, TODAY),
        ({"last_met": TODAY, "agreed": date(2026, 3, 12)}, date(2026, 3, 12)),
        ({"last_met": TODAY, "agreed": date(2026, 9, 1)}, date(2026, 4, 1)),  # never less often than the period
        ({"last_met": TODAY, "agreed": date(2026, 2, 1)}, date(2026, 4, 1)),
        ({"last_met": date(2026, 2, 1), "last_tried": TODAY, "period_days": 90}, date(2026, 3, 9)),
        ({"last_tried": TODAY, "period_days": 7, "tier": "A"}, date(2026, 3, 3)),  # high risk: the next day
        ({"last_tried": TODAY, "period_days": 7, "tier": "B"}, date(2026, 3, 9)),
        ({"last_met": TODAY, "last_tried": date(2026, 2, 1)}, date(2026, 4, 1)),
        # D06: within 24 hours after what raised the tier to A, when nobody was there since
        ({"last_met": date(2026, 2, 28), "period_days": 7, "tier": "A", "event_on": TODAY}, date(2026, 3, 3)),
        ({"period_days": 7, "tier": "A", "event_on": date(2026, 2, 1)}, date(2026, 3, 3)),  # the pairing is younger
        ({"last_met": date(2026, 2, 28), "period_days": 90, "tier": "B", "event_on": TODAY}, date(2026, 5, 29)),
    ],
)
def test_the_next_day(facts: dict[str, object], day: date) -> None:
    assert plan(**facts) == day


@given(
    st.none() | st.dates(date(2025, 1, 1), TODAY),
    st.none() | st.dates(date(2025, 1, 1), TODAY),
    st.none() | st.dates(date(2025, 1, 1), date(2027, 1, 1)),
    st.sampled_from([7, 30, 90]),
)
def test_never_in_the_past_and_never_later_than_the_period(
    met: date | None, tried: date | None, agreed: date | None, period: int
) -> None:
    day = plan(last_met=met, last_tried=tried, agreed=agreed, period_days=period)
    assert TODAY <= day <= TODAY + timedelta(days=period)


@pytest.mark.parametrize(("wait", "lead"), [(0, 0), (1, 1), (2, 0), (7, 1), (30, 7), (90, 14)])
def test_the_window_is_whole_local_days(wait: int, lead: int) -> None:
    made = window(date(2026, 4, 1), wait_days=wait, rules=RULES)
    assert made.opens_at == datetime(2026, 4, 1, 8, tzinfo=LOCAL) - timedelta(days=lead)
    assert made.due_at.astimezone(UTC) == datetime(2026, 4, 1, 16, tzinfo=UTC)  # midnight at Shanghai


def test_the_supervisor_hears_of_high_risk_sooner() -> None:
    due = datetime(2026, 4, 2, tzinfo=LOCAL)
    assert report_at(due, tier="A", rules=RULES) - due == timedelta(hours=4)
    assert report_at(due, tier="C", rules=RULES) - due == timedelta(hours=48)


@pytest.mark.parametrize(
    ("passed", "found"),
    [
        (timedelta(0), "in_time"),
        (timedelta(hours=48), "in_time"),
        (timedelta(hours=48, seconds=1), "late"),
        (timedelta(days=7), "late"),
        (timedelta(days=7, seconds=1), "blocked"),
    ],
)
def test_late_after_48_hours_blocked_after_7_days(passed: timedelta, found: str) -> None:
    made = datetime(2026, 2, 28, 10, tzinfo=LOCAL)
    assert lateness(ended_at=made, recorded_at=made + passed, rules=RULES) == found


def test_about_one_in_twenty_is_called_back() -> None:
    chosen = [number for number in range(4000) if is_sampled(UUID(int=number), percent=5)]
    assert 140 < len(chosen) < 260
    assert not any(is_sampled(UUID(int=number), percent=0) for number in range(100))
    assert all(is_sampled(UUID(int=number), percent=100) for number in range(100))
