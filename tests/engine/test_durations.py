"""Durations and points of time."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.durations import NotATime, after, due, is_duration, moment, working_days

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("P3D", datetime(2026, 2, 3, 9, tzinfo=UTC)),
        ("PT48H", datetime(2026, 2, 2, 9, tzinfo=UTC)),
        ("P2W", datetime(2026, 2, 14, 9, tzinfo=UTC)),
        ("P1M", datetime(2026, 2, 28, 9, tzinfo=UTC)),
        ("P1Y1M", datetime(2027, 2, 28, 9, tzinfo=UTC)),
        ("P2Y1M", datetime(2028, 2, 29, 9, tzinfo=UTC)),
        ("P1DT1H30M5S", datetime(2026, 2, 1, 10, 30, 5, tzinfo=UTC)),
        ("P0D", NOW),
    ],
)
def test_durations_count_on_the_calendar(text: str, end: datetime) -> None:
    assert is_duration(text)
    assert after(NOW, text) == end


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "3D", "P-1D", "P1.5D", "p1d", "P1H", "PT1D", " P1D", "P1D\n", "10wd"]
)
def test_what_is_no_duration(text: str) -> None:
    assert not is_duration(text)
    with pytest.raises(NotATime):
        after(NOW, text)


def test_a_duration_beyond_the_calendar_is_no_time() -> None:
    with pytest.raises(NotATime):
        after(NOW, "P9999Y")
    with pytest.raises(NotATime):
        after(NOW, "P99999999999D")


@pytest.mark.parametrize(
    ("text", "days"), [("10wd", 10), ("1wd", 1), ("wd", None), ("10", None), ("P10D", None), ("10 wd", None)]
)
def test_working_days(text: str, days: int | None) -> None:
    assert working_days(text) == days


def test_a_point_of_time_needs_its_offset() -> None:
    assert moment("2026-03-02T09:00:00+08:00") == datetime(2026, 3, 2, 1, tzinfo=UTC)
    for text in ("2026-03-02T09:00:00", "2026-03-02", "soon", ""):
        with pytest.raises(NotATime):
            moment(text)


def test_a_timer_takes_either() -> None:
    assert due(NOW, "PT1H") == NOW + timedelta(hours=1)
    assert due(NOW, "2026-03-02T09:00:00Z") == datetime(2026, 3, 2, 9, tzinfo=UTC)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    with suppress(NotATime):
        assert due(NOW, text).tzinfo is not None
