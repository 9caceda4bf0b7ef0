"""The time a run is given is its only clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from SpiffWorkflow.bpmn.specs.event_definitions import timer as library_timer

from tests.engine.drawing import boundary, catch, parallel, process, user
from tests.engine.plays import NOW, again, compiled, started, told, wait, waiting
from workflows.engine.runner import ProcessFailed, Run

TIMED = process(
    "timed",
    "start -> work -> done\nfirst -> remind -> reminded\nsecond -> close -> closed",
    user("work"),
    boundary("first", "work", "timer:P3D", interrupting=False),
    boundary("second", "work", "timer:P10D"),
)


@pytest.fixture(autouse=True)
def _no_other_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's timers would read the computer's clock, and its tasks note it: neither may matter."""

    class Forbidden(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            raise AssertionError("the computer's clock was read")

    ticks = iter(range(10**9, 0, -1))  # a clock that runs backwards
    monkeypatch.setattr(library_timer, "datetime", Forbidden)
    monkeypatch.setattr(time, "time", lambda: float(next(ticks)))


@pytest.mark.parametrize("year", [1990, 2026, 2200])
def test_timers_count_from_the_given_time(year: int) -> None:
    now = NOW.replace(year=year)
    run = Run.start(
        compiled(TIMED),
        data={},
        steps={"steps.remind": lambda call: None, "steps.close": lambda call: None},
        context=None,
        now=now,
    )
    assert run.wake_at == now + timedelta(days=3)


def test_a_timer_fires_when_woken_at_its_time_and_not_before() -> None:
    run = started(compiled(TIMED))
    run.at(NOW + timedelta(days=3) - timedelta(microseconds=1))
    run.wake()
    assert run.passed[-1].node_id == "start"
    run.at(NOW + timedelta(days=3))
    run.wake()
    assert run.passed[-1].node_id == "reminded"
    assert run.wake_at == NOW + timedelta(days=10)


def test_other_commands_fire_no_timers() -> None:
    """Work that is late but still open can be done: what the clock does to it, only waking does."""
    run = again(started(compiled(TIMED)), now=NOW + timedelta(days=30))
    run.complete(run.waiting[0].token, {})
    assert run.outcome == "done"


def test_after_a_long_sleep_timers_fire_in_their_order() -> None:
    run = again(started(compiled(TIMED)), now=NOW + timedelta(days=400))
    run.wake()
    nodes = [node.node_id for node in run.passed]
    assert nodes.index("first") < nodes.index("second")
    assert run.outcome == "closed"
    assert {node.at for node in run.passed} == {NOW + timedelta(days=400)}


def test_one_timer_may_take_another_away() -> None:
    files = process(
        "rivals",
        "start -> work -> done\nfirst -> one -> end_one\nsecond -> two -> end_two",
        user("work"),
        boundary("first", "work", "timer:P3D"),
        boundary("second", "work", "timer:P4D"),
    )
    run = again(started(compiled(files)), now=NOW + timedelta(days=9))
    run.wake()
    assert run.outcome == "end_one"


def test_waking_too_early_or_twice_is_harmless() -> None:
    run = started(compiled(TIMED))
    run.wake()
    run.wake()
    assert [node.node_id for node in run.passed] == ["start"]


def test_the_earliest_of_all_timers_is_the_time_to_wake() -> None:
    files = process(
        "several",
        "start -> fork\nfork -> later -> one\nfork -> sooner -> two\nfork -> someday -> three",
        parallel("fork"),
        catch("later", "timer:P2D"),
        catch("sooner", "date:soon_at"),
        catch("someday", "message:someday"),
    )
    run = started(compiled(files), data={"soon_at": "2026-03-03T08:00:00+08:00"})
    assert run.wake_at == datetime(2026, 3, 3, tzinfo=UTC)


def test_months_end_on_the_last_day_of_a_shorter_month() -> None:
    zone = timezone(timedelta(hours=8))
    files = process("monthly", "start -> month -> done", catch("month", "timer:P1M"))
    run = Run.start(compiled(files), data={}, steps={}, context=None, now=datetime(2026, 1, 31, 9, tzinfo=zone))
    assert run.wake_at == datetime(2026, 2, 28, 9, tzinfo=zone)


@pytest.mark.parametrize("text", ["timer:P1D", 'timer:"P1D"', "timer:period", "timer:'P' + str(1) + 'D'"])
def test_a_duration_is_written_bare_quoted_or_computed(text: str) -> None:
    files = process("written", "start -> pause -> done", catch("pause", text))
    told(files, wait("PT23H59M"), waiting("pause"), wait("PT1M"), end="done", data={"period": "P1D"})


@pytest.mark.parametrize(
    "value", [None, 5, "soon", "2026-03-05", "2026-03-05T12:00:00", "P1.5D", "-P1D", "P99999999Y", ["P1D"]]
)
def test_what_gives_no_time_fails(value: object) -> None:
    with pytest.raises(ProcessFailed, match="gives no time"):
        started(compiled(process("vague", "start -> pause -> done", catch("pause", "date:at"))), data={"at": value})


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Run.start(compiled(TIMED), data={}, steps={}, context=None, now=datetime(2026, 3, 2))  # noqa: DTZ001
