"""A paused run: pausable timers stand still and are moved afterwards, all others go on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.engine.drawing import Drawn, boundary, catch, process, service, user
from tests.engine.plays import NOW, compiled, started, told, wait, waiting
from workflows.engine.definition import Definition, ModelRefused
from workflows.engine.runner import Run

DAY = timedelta(days=1)
WATCHED = process(
    "watched",
    "start -> work -> done\nsoft -> late\nhard -> alarm",
    user("work", pausable="true"),
    boundary("soft", "work", "timer:P3D", pausable="true"),
    boundary("hard", "work", "timer:P5D", interrupting=False),
)
WAITING = process("patient", "start -> rest -> work -> done", catch("rest", "timer:P3D", pausable="true"), user("work"))


def kept(run: Run, *, days: float, paused: bool = False) -> Run:
    """The run saved, and restored so many days after its start."""
    steps = dict.fromkeys(run.definition.steps, lambda call: None)
    now = NOW + days * DAY
    return Run.restore(run.definition, run.dump(), steps=steps, context=None, now=now, paused=paused)


def test_paused_only_the_other_timers_wake_it() -> None:
    run = kept(started(compiled(WATCHED)), days=4, paused=True)
    assert run.wake_at == NOW + 5 * DAY
    run.wake()
    assert run.passed == []
    run = kept(run, days=6, paused=True)
    run.wake()
    assert "hard" in {node.node_id for node in run.passed}
    assert run.wake_at is None


def test_afterwards_its_timers_fall_due_later() -> None:
    run = kept(started(compiled(WATCHED)), days=2)
    run.move_timers(lambda due, since: due + 10 * DAY)
    assert run.wake_at == NOW + 5 * DAY
    run = kept(run, days=12.5)
    run.wake()
    assert "soft" not in {node.node_id for node in run.passed}
    run = kept(run, days=13)
    run.wake()
    assert run.outcome == "late"


def test_what_began_to_wait_meanwhile_is_moved_by_the_rest_of_the_pause() -> None:
    definition = compiled(WAITING)
    run = Run.start(definition, data={}, steps={}, context=None, now=NOW, paused=True)
    assert run.wake_at is None
    told_since: list[datetime | None] = []

    def move(due: datetime, since: datetime | None) -> datetime:
        told_since.append(since)
        return due + DAY

    run = kept(run, days=1)
    run.move_timers(move)
    assert told_since == [NOW]
    assert run.wake_at == NOW + 4 * DAY
    run.move_timers(move)
    assert told_since == [NOW, None]


def test_a_time_that_has_passed_fires_nothing_while_it_stands_still() -> None:
    files = process("past", "start -> rest -> work -> done", catch("rest", "date:at", pausable="true"), user("work"))
    at = {"at": (NOW - DAY).isoformat()}
    run = Run.start(compiled(files), data=at, steps={}, context=None, now=NOW, paused=True)
    assert [entry.node.id for entry in run.waiting] == ["rest"]


def test_a_scenario_may_pause() -> None:
    told(WAITING, wait("P2D"), {"pause": "P30D"}, waiting("rest"), wait("P1D"), waiting("work"),
         {"complete": "work", "answers": {}}, end="done")  # fmt: skip


@pytest.mark.parametrize(
    "drawn",
    [
        [user("work", due="PT10M", pausable="true")],
        [user("work", due="P1DT12H", pausable="true")],
        [user("work", pausable="yes")],
        [user("work"), boundary("soft", "work", "timer:PT48H", pausable="true")],
        [user("work"), boundary("soft", "work", "message:told", pausable="true")],
    ],
)
def test_hours_never_stand_still_nor_does_what_is_no_clock(drawn: list[Drawn]) -> None:
    flows = "start -> work -> done" + ("\nsoft -> late" if len(drawn) > 1 else "")
    with pytest.raises(ModelRefused) as refused:
        compiled(process("hasty", flows, *drawn))
    assert {problem.code for problem in refused.value.problems} == {"bad_pausable"}


def test_a_definition_knows_what_stands_still() -> None:
    definition: Definition = compiled(
        process("plain", "start -> think -> work -> done", service("think"), user("work"))
    )
    assert definition.pausable == frozenset()
    assert compiled(WATCHED).pausable == {"work", "soft"}
