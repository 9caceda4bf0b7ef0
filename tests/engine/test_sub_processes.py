"""Sub-processes, called processes and how a process ends."""

from __future__ import annotations

from tests.engine.drawing import call, end, exclusive, milestone, parallel, process, service, sub, user
from tests.engine.plays import compiled, complete, started, told, waiting


def test_a_sub_process_works_on_the_same_data() -> None:
    files = process(
        "with_sub",
        "start -> inside -> after -> done",
        sub("inside", "begin -> ask -> inside_end", user("ask", keep="answer")),
    )
    story = told(files, waiting("ask"), complete("ask", answer="x"), end="done", data={"family": "f"})
    assert story.calls[-1].data == {"family": "f", "answer": "x"}
    assert story.passed == ("start", "begin", "ask", "inside_end", "inside", "after", "done")


CALLED = {
    **process("whole", "start -> first -> phase -> second -> done", call("phase", "part"), user("second")),
    **process("part", "part_started -> work -> part_done", user("work", keep="answer"), role="village"),
}


def test_a_called_process_runs_in_the_same_instance() -> None:
    story = told(
        CALLED,
        waiting("work"),
        complete("work", answer="x"),
        waiting("second", answer="x"),
        complete("second"),
        end="done",
    )
    assert story.passed == ("start", "first", "part_started", "work", "part_done", "phase", "second", "done")


def test_nodes_of_a_called_process_bring_their_own_lane_and_form() -> None:
    definition = compiled(CALLED)
    assert definition.nodes["work"].role == "village"
    assert definition.nodes["work"].process == "part"
    assert definition.nodes["second"].role == "caseworker"
    assert definition.diagrams.keys() == {"whole", "part"}
    assert definition.steps == {"steps.first"}


def test_the_same_process_may_be_called_twice_at_once() -> None:
    files = {
        **process(
            "twins",
            "start -> fork\nfork -> left -> join\nfork -> right -> join\njoin -> done",
            parallel("fork"),
            parallel("join"),
            call("left", "part"),
            call("right", "part"),
        ),
        **process("part", "part_started -> work -> part_done", user("work")),
    }
    told(files, waiting("work", "work"), complete("work", nth=1), complete("work"), end="done")


def test_the_last_end_that_is_reached_is_the_outcome() -> None:
    files = process(
        "two_ends",
        "start -> fork\nfork -> one -> end_one\nfork -> two -> end_two",
        parallel("fork"),
        user("one"),
        user("two"),
    )
    told(files, complete("one"), complete("two"), end="end_two")
    told(files, complete("two"), complete("one"), end="end_one")


def test_there_is_no_outcome_before_the_end() -> None:
    files = process(
        "open",
        "start -> fork\nfork -> short -> end_short\nfork -> work -> done",
        parallel("fork"),
        service("short"),
        user("work"),
    )
    run = started(compiled(files))
    assert (run.state, run.outcome) == ("running", None)
    run.complete(run.waiting[0].token, {})
    assert (run.state, run.outcome, run.waiting, run.wake_at) == ("done", "done", [], None)


def test_a_terminate_end_ends_its_scope_with_everything_in_it() -> None:
    files = process(
        "stopping",
        "start -> fork\nfork -> decide -> which\nwhich -> stop : again\nwhich -> go_on\nfork -> inside -> done",
        parallel("fork"),
        exclusive("which"),
        end("stop", "terminate"),
        user("decide", keep="again"),
        sub("inside", "begin -> work -> inside_end", user("work")),
    )
    told(files, waiting("decide", "work"), complete("decide", again=True), end="stop")
    told(files, complete("decide", again=False), waiting("work"), complete("work"), end="done")


def test_a_terminate_end_in_a_sub_process_ends_that_and_the_process_goes_on() -> None:
    files = process(
        "partly",
        "start -> inside -> after -> done",
        sub(
            "inside",
            "begin -> fork\nfork -> one -> enough\nfork -> two -> inside_end",
            parallel("fork"),
            user("one"),
            user("two"),
            end("enough", "terminate"),
        ),
        user("after"),
    )
    story = told(files, complete("one"), waiting("after"), complete("after"), end="done")
    assert "inside" in story.passed


def test_nothing_more_is_done_inside_what_was_ended() -> None:
    files = process(
        "cut_off",
        "start -> fork\nfork -> inside -> done\nfork -> stop",
        parallel("fork"),
        sub("inside", "begin -> cost_money -> inside_end"),
        end("stop", "terminate"),
    )
    assert "cost_money" not in told(files, end="stop").passed


def test_milestones_are_passed() -> None:
    files = process("marked", "start -> reached -> done", milestone("reached"))
    assert told(files, end="done").passed == ("start", "reached", "done")


def test_a_process_without_waits_ends_at_once() -> None:
    assert told(process("automatic", "start -> one -> two -> done"), end="done").passed == (
        "start",
        "one",
        "two",
        "done",
    )
