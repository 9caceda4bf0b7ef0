"""Months by the local calendar."""

from datetime import UTC, date, datetime

import pytest

from backend.reporting.months import Month

TODAY = date(2026, 3, 2)


def test_a_month_begins_and_ends_at_local_midnight() -> None:
    month = Month.named("2026-02", today=TODAY)
    assert (month.first, month.next_first) == (date(2026, 2, 1), date(2026, 3, 1))
    assert month.begins_at == datetime(2026, 1, 31, 16, tzinfo=UTC)
    assert month.ends_at == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert Month.named("2025-12", today=TODAY).next_first == date(2026, 1, 1)


def test_the_end_of_a_month_that_lasts_is_now() -> None:
    now = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert Month.of(TODAY).until(now) == now
    assert Month.named("2026-02", today=TODAY).until(now) == datetime(2026, 2, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-3", "26-03", "2026-04", "1949-10", "２０２６-01", "x"]
)
def test_what_is_no_month_yet_or_at_all(text: str) -> None:
    with pytest.raises(ValueError):
        Month.named(text, today=TODAY)
