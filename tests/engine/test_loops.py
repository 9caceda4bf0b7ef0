"""The 300th round costs what the first one costs: in bytes, in tokens kept and in what is called. Time is told by
`make bench`."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from tests.engine.drawing import boundary, call, event_sub, exclusive, parallel, process, sub, user
from tests.engine.plays import NOW, again, compiled, started
from workflows.engine.definition import Definition
from workflows.engine.runner import Run

LOOP = process(
    "loop",
    "start -> plan -> visit -> note -> more\nmore -> plan : again\nmore -> done",
    user("visit", keep="again,number"),
    exclusive("more"),
)
IN_A_BRANCH = process(
    "branch",
    """
    start -> fork
    fork -> plan -> visit -> more
    more -> plan : again
    more -> join
    fork -> yearly_review -> join
    join -> done
    """,
    parallel("fork"),
    parallel("join"),
    exclusive("more"),
    user("visit", keep="again"),
    user("yearly_review"),
)
IN_A_SUB_PROCESS = process(
    "inner_loop",
    "start -> care -> done\nmoved -> closed",
    sub(
        "care",
        "begin -> plan -> visit -> more\nmore -> plan : again\nmore -> care_end",
        exclusive("more"),
        user("visit", keep="again"),
        event_sub("on_news", "message:news", "news -> note -> noted", interrupting=False),
    ),
    boundary("moved", "care", "message:moved"),
    event_sub("on_died", "message:died", "died -> wind_up -> gone"),
)
THROUGH_CALLS = {
    **process(
        "calling_loop",
        "start -> visits -> more\nmore -> visits : again\nmore -> done\nlate -> remind -> reminded",
        exclusive("more"),
        call("visits", "one_visit"),
        boundary("late", "visits", "timer:P30D", interrupting=False),
    ),
    **process("one_visit", "begin -> visit -> over", user("visit", keep="again")),
}
MODELS = {"loop": LOOP, "branch": IN_A_BRANCH, "inner_loop": IN_A_SUB_PROCESS, "calling_loop": THROUGH_CALLS}


def visit(definition: Definition, saved: bytes, goes_on: bool) -> bytes:
    run = Run.restore(
        definition, saved, steps=dict.fromkeys(definition.steps, lambda call: None), context=None, now=NOW
    )
    token = next(entry.token for entry in run.waiting if entry.node.id == "visit")
    run.complete(token, {"again": goes_on})
    return run.dump()


@pytest.mark.parametrize("name", MODELS)
def test_the_state_does_not_grow_over_300_rounds(name: str) -> None:
    definition = compiled(MODELS[name])
    saved = started(definition).dump()
    sizes = []
    for _ in range(300):
        saved = visit(definition, saved, goes_on=True)
        sizes.append(len(saved))
    assert max(sizes) <= min(sizes) + 40  # ids compress a little differently each time
    assert max(sizes) < 1_000


def test_messages_beside_the_work_do_not_make_the_state_grow() -> None:
    definition = compiled(IN_A_SUB_PROCESS)
    run = started(definition)
    sizes = []
    for _ in range(200):
        assert run.send("news", {})
        run = again(run)
        sizes.append(len(run.dump()))
    assert max(sizes) <= min(sizes) + 40


def test_the_300th_round_does_no_more_than_the_first() -> None:
    definition = compiled(LOOP)
    saved = visit(definition, started(definition).dump(), goes_on=True)  # what is made once is made
    done = []
    for _ in range(300):
        saved, calls = counted(definition, saved)
        done.append(calls)
    # The collector of garbage may call something in the middle of one round; what grows, grows in all of them.
    assert min(done[-10:]) == min(done[:10])
    assert max(done) < 1_000


def counted(definition: Definition, saved: bytes) -> tuple[bytes, int]:
    """A round, and how many functions it called: the same on every machine, whatever else that does."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        return visit(definition, saved, goes_on=True), calls
    finally:
        sys.setprofile(before)


def test_without_pruning_the_state_grows() -> None:
    """So that the tests above show what they say: the past is there unless it is cut away."""
    definition = compiled(LOOP)
    run = started(definition)
    first = len(run.dump(prune=False))
    for _ in range(50):
        run = again(run, prune=False)
        run.complete(run.waiting[0].token, {"again": True})
    assert len(run.dump(prune=False)) > 10 * first
    assert len(run.dump()) < 2 * first


def test_a_loop_ends_as_it_would_have_at_once() -> None:
    definition = compiled(IN_A_BRANCH)
    saved = started(definition).dump()
    for _ in range(10):
        saved = visit(definition, saved, goes_on=True)
    saved = visit(definition, saved, goes_on=False)
    run = Run.restore(
        definition, saved, steps=dict.fromkeys(definition.steps, lambda call: None), context=None, now=NOW
    )
    run.complete(run.waiting[0].token, {})
    assert run.outcome == "done"
