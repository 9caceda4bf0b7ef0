"""A run saved and restored is the same run; a spec is never changed by a run; a spoilt run answers to nothing."""

from __future__ import annotations

import json
import threading
import zlib
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.engine.drawing import (
    boundary,
    call,
    catch,
    event_gateway,
    event_sub,
    exclusive,
    inclusive,
    many,
    parallel,
    process,
    sub,
    user,
)
from tests.engine.plays import NOW, again, compiled, started
from workflows.engine.definition import Definition
from workflows.engine.runner import NotWaiting, ProcessFailed, Run, RunSpoilt, StateTooLarge, StepFailed
from workflows.engine.state import StateDoesNotFit

SIMPLE = process("simple", "start -> work -> check -> done", user("work", keep="answer"))

EVERYTHING = {
    **process(
        "everything",
        """
        start -> fork
        fork -> left -> some
        some -> one : true
        some -> two : number > 0
        some -> three
        one -> gather
        two -> gather
        three -> gather
        gather -> join
        fork -> each -> join
        fork -> inside -> phase -> join
        fork -> either
        either -> heard -> which
        either -> late -> which
        which -> merge : number >= 0
        which -> elsewhere -> merge
        merge -> join
        join -> done
        slow -> chase -> chased
        """,
        parallel("fork"),
        parallel("join"),
        inclusive("some"),
        inclusive("gather"),
        exclusive("which"),
        exclusive("merge"),
        event_gateway("either"),
        catch("heard", "message:heard"),
        catch("late", "timer:P9D"),
        user("left", keep="number"),
        user("one"),
        user("two"),
        user("three"),
        many(user("each", keep="answer"), over="items", item="item", into="answers", result="answer"),
        sub("inside", "begin -> many_inside -> inside_end", many(user("many_inside"), count="2", sequential=True)),
        boundary("slow", "inside", "timer:P3D", interrupting=False),
        call("phase", "called"),
        event_sub("on_news", "message:news", "news -> note -> noted", interrupting=False),
        event_sub("on_died", "message:died", "died -> wind_up -> gone"),
    ),
    **process("called", "called_begins -> called_work -> called_ends", user("called_work")),
}


def drawn(spec: Any) -> str:
    """Everything a spec holds, as text."""

    def shown(value: Any, seen: tuple[int, ...] = ()) -> Any:
        if isinstance(value, dict):
            return {str(key): shown(item, seen) for key, item in sorted(value.items(), key=lambda pair: str(pair[0]))}
        if isinstance(value, list | tuple | set | frozenset):
            return [shown(item, seen) for item in value]
        if hasattr(value, "__dict__") and id(value) not in seen:
            return {"class": type(value).__name__, **shown(vars(value), (*seen, id(value)))}
        return repr(value) if not hasattr(value, "__dict__") else type(value).__name__

    return json.dumps(shown(spec), ensure_ascii=False, default=repr)


def run_through(definition: Definition) -> str | None:
    run = started(definition, data={"items": ["a", "b"], "number": 0})
    run.send("news", {})
    run.at(NOW.replace(day=20))
    run.wake()
    while run.waiting:
        run.complete(run.waiting[0].token, {"number": 1, "answer": "x"})
        run = again(run, now=NOW.replace(day=21))
    return run.outcome


def test_runs_do_not_change_the_spec_they_share() -> None:
    definition = compiled(EVERYTHING)
    before = drawn(definition.spec), {name: drawn(spec) for name, spec in definition.inner.items()}
    assert run_through(definition) == "done"
    run = started(definition, data={"items": ["a", "b"], "number": 0})
    run.send("died", {})
    assert run.outcome == "gone"
    assert (drawn(definition.spec), {name: drawn(spec) for name, spec in definition.inner.items()}) == before


def test_many_threads_run_one_definition_at_once() -> None:
    definition = compiled(EVERYTHING)
    outcomes: list[str | None] = []
    threads = [threading.Thread(target=lambda: outcomes.append(run_through(definition))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["done"] * 8


def test_tokens_stay_the_same_over_saving_and_restoring() -> None:
    run = started(compiled(EVERYTHING), data={"items": ["a", "b"], "number": 1})
    tokens = [entry.token for entry in run.waiting]
    for _ in range(3):
        run = again(run)
        assert [entry.token for entry in run.waiting] == tokens
    assert len(set(tokens)) == len(tokens)


def test_restoring_moves_nothing_whatever_the_time() -> None:
    run = started(compiled(EVERYTHING), data={"items": [], "number": 1})
    saved = run.dump()
    restored = again(run, now=NOW.replace(year=2036))
    assert restored.passed == []
    assert restored.dump() == saved
    assert restored.wake_at == run.wake_at


def test_the_state_holds_only_tokens_roots_and_data() -> None:
    run = started(compiled(SIMPLE), data={"family": "f1"})
    state = json.loads(zlib.decompress(run.dump()))
    assert state["data"] == {"family": "f1"}
    ((owner, rows),) = state["scopes"]
    assert owner is None
    assert [row[2] for row in rows] == ["Start", "work"]


def test_completing_twice_or_something_else_is_refused_and_changes_nothing() -> None:
    definition = compiled(SIMPLE)
    run = started(definition)
    token = run.waiting[0].token
    for wrong in ("", "no token", str(UUID(int=0)), "' OR 1=1"):
        with pytest.raises(NotWaiting):
            run.complete(wrong, {})
    run.complete(token, {"answer": "x"})
    with pytest.raises(NotWaiting):
        run.complete(token, {"answer": "x"})
    with pytest.raises(NotWaiting):
        again(run).complete(token, {})


def test_a_waiting_event_cannot_be_completed_like_work() -> None:
    run = started(compiled(process("catching", "start -> wait -> done", catch("wait", "message:go"))))
    with pytest.raises(NotWaiting):
        run.complete(run.waiting[0].token, {})


def test_a_run_whose_command_failed_answers_to_nothing() -> None:
    def fail(call: object) -> None:
        raise ValueError("no disk")

    run = started(compiled(SIMPLE), steps={"steps.check": fail})
    with pytest.raises(StepFailed):
        run.complete(run.waiting[0].token, {})
    for use in (
        lambda: run.complete("x", {}),
        lambda: run.send("x", {}),
        run.wake,
        run.cancel,
        run.dump,
        lambda: run.waiting,
        lambda: run.passed,
        lambda: run.data,
        lambda: run.outcome,
        lambda: run.state,
        lambda: run.wake_at,
        lambda: run.decisions,
        lambda: run.awaited,
    ):
        with pytest.raises(RunSpoilt):
            use()


def test_a_run_that_cannot_go_on_answers_to_nothing_either() -> None:
    files = process(
        "no_way", "start -> work -> which\nwhich -> one : nothing > 1\nwhich -> two", user("work"), exclusive("which")
    )
    run = started(compiled(files))
    with pytest.raises(ProcessFailed):
        run.complete(run.waiting[0].token, {})
    with pytest.raises(RunSpoilt):
        run.dump()


def test_a_failed_command_leaves_the_saved_state_good() -> None:
    definition = compiled(SIMPLE)
    saved = started(definition).dump()
    broken = Run.restore(definition, saved, steps={}, context=None, now=NOW)  # no such step
    with pytest.raises(StepFailed):
        broken.complete(broken.waiting[0].token, {})
    good = Run.restore(definition, saved, steps={"steps.check": lambda call: None}, context=None, now=NOW)
    good.complete(good.waiting[0].token, {})
    assert good.outcome == "done"


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", NOW, float("nan"), UUID(int=1), ["x" * 9_000]])
def test_only_plain_values_of_modest_size_can_be_process_data(value: object) -> None:
    with pytest.raises(ProcessFailed, match="process data"):
        started(compiled(SIMPLE), data={"key": value})
    run = started(compiled(SIMPLE), steps={"steps.check": lambda call: {"key": value}})
    with pytest.raises(ProcessFailed, match="process data"):
        run.complete(run.waiting[0].token, {})


def test_a_state_over_16_kilobytes_is_refused() -> None:
    data = {f"key{number}": [uuid4().hex for _ in range(100)] for number in range(10)}
    run = started(compiled(SIMPLE), data=data)
    with pytest.raises(StateTooLarge, match="key0"):
        run.dump()


def test_data_given_and_read_is_copied() -> None:
    given = {"list": [1]}
    run = started(compiled(SIMPLE), data=given)
    given["list"].append(2)
    run.data["list"].append(3)
    assert run.data == {"list": [1]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        zlib.compress(b"[]"),
        zlib.compress(b'{"format": 0}'),
        zlib.compress(b"{"),
        zlib.compress(b" " * 5_000_000 + b'{"format": 1, "data": {}, "scopes": [], "done": true, "outcome": null}'),
    ],
)
def test_what_is_no_saved_run_is_refused(content: bytes) -> None:
    with pytest.raises(StateDoesNotFit):
        Run.restore(compiled(SIMPLE), content, steps={}, context=None, now=NOW)


def test_a_run_moves_to_a_new_version_that_still_has_its_nodes() -> None:
    run = started(compiled(SIMPLE), data={"family": "f1"})
    newer = compiled(process("simple", "start -> work -> check -> more -> done", user("work"), user("more")))
    moved = again(run, definition=newer)
    assert [entry.token for entry in moved.waiting] == [entry.token for entry in run.waiting]
    moved.complete(moved.waiting[0].token, {})
    assert [entry.node.id for entry in moved.waiting] == ["more"]


def test_a_run_does_not_move_to_a_version_without_its_nodes() -> None:
    run = started(compiled(EVERYTHING), data={"items": [], "number": 1})
    other = compiled(process("simple", "start -> work -> done", user("work")))
    with pytest.raises(StateDoesNotFit) as refused:
        again(run, definition=other)
    assert "left" in refused.value.nodes
    assert "work" not in refused.value.nodes


def test_cancelling_ends_everything_without_an_outcome() -> None:
    run = started(compiled(EVERYTHING), data={"items": ["a"], "number": 1})
    run.cancel()
    for each in (run, again(run)):
        assert (each.state, each.outcome, each.waiting, each.wake_at) == ("done", None, [], None)
        assert not each.send("news", {})
