"""Event sub-processes: what may happen at any time while a process or sub-process runs."""

from __future__ import annotations

from tests.engine.drawing import boundary, end, event_sub, exclusive, parallel, process, sub, user
from tests.engine.plays import compiled, complete, message, started, told, wait, waiting

MOVED = process(
    "moving",
    "start -> fork\nfork -> one -> join\nfork -> two -> join\njoin -> done",
    parallel("fork"),
    parallel("join"),
    user("one"),
    user("two"),
    event_sub("on_moved", "message:moved", "moved -> hand_over -> closed", user("hand_over")),
)


def test_an_interrupting_one_takes_everything_else_away() -> None:
    told(MOVED, complete("one"), message("moved"), waiting("hand_over"), complete("hand_over"), end="closed")


def test_a_process_ends_without_waiting_for_what_may_happen() -> None:
    told(MOVED, complete("two"), complete("one"), end="done")


def test_what_interrupted_is_not_interrupted_again() -> None:
    told(MOVED, message("moved"), message("moved", ignored=True), complete("hand_over"), end="closed")


NOTED = process(
    "noted",
    "start -> work -> done",
    user("work"),
    event_sub("on_news", "message:news", "news -> read -> note_end", user("read"), interrupting=False),
)


def test_one_that_does_not_interrupt_goes_beside_and_may_come_again() -> None:
    told(
        NOTED,
        message("news"),
        message("news"),
        waiting("work", "read", "read"),
        complete("read"),
        complete("work"),
        waiting("read"),
        message("news"),
        waiting("read", "read"),
        complete("read"),
        complete("read"),
        end="note_end",
    )


def test_its_messages_bring_data() -> None:
    files = process(
        "data",
        "start -> work -> done",
        user("work"),
        event_sub("on_news", "message:news", "news -> note -> noted", interrupting=False),
    )
    story = told(files, message("news", what="a"), message("news", what="b"), complete("work"), end="done")
    assert [call.data["what"] for call in story.calls] == ["a", "b"]


def test_a_timer_starts_one_after_a_time() -> None:
    files = process(
        "old",
        "start -> work -> done",
        user("work"),
        event_sub("too_old", "timer:P30D", "aged -> close -> closed_by_age"),
    )
    told(files, wait("P29D"), waiting("work"), wait("P1D"), end="closed_by_age")
    told(files, wait("P29D"), complete("work"), end="done")


def test_a_timer_that_does_not_interrupt_fires_once() -> None:
    files = process(
        "reminding",
        "start -> work -> done",
        user("work"),
        event_sub("remind", "timer:P10D", "ten_days -> tell -> told", interrupting=False),
    )
    story = told(files, wait("P60D"), complete("work"), end="done")
    assert story.passed.count("tell") == 1


def test_one_inside_a_sub_process_ends_only_that() -> None:
    files = process(
        "nested",
        "start -> inside -> after -> done",
        sub(
            "inside",
            "begin -> work -> inside_end",
            user("work"),
            event_sub("on_stop", "message:stop", "stop -> wind_up -> stopped"),
        ),
        user("after"),
    )
    told(
        files,
        message("stop"),
        waiting("after"),
        message("stop", ignored=True),
        complete("after"),
        end="done",
    )


def test_the_innermost_that_waits_takes_the_message() -> None:
    files = process(
        "inner_first",
        "start -> inside -> after -> done",
        sub(
            "inside",
            "begin -> work -> inside_end",
            user("work"),
            event_sub("inner", "message:stop", "inner_stop -> inner_note -> inner_end"),
        ),
        user("after"),
        event_sub("outer", "message:stop", "outer_stop -> outer_note -> outer_end"),
    )
    told(files, message("stop"), waiting("after"), message("stop"), end="outer_end")


def test_what_waits_in_the_flow_takes_a_message_before_what_may_happen_at_any_time() -> None:
    files = process(
        "in_the_flow",
        "start -> work -> done\nstopped -> after_work -> stopped_end",
        user("work"),
        boundary("stopped", "work", "message:stop"),
        user("after_work"),
        event_sub("any_time", "message:stop", "stop -> note -> any_end"),
    )
    told(files, message("stop"), waiting("after_work"), message("stop"), end="any_end")


def test_an_ending_inside_may_be_a_terminate_end() -> None:
    files = process(
        "terminated",
        "start -> work -> done",
        user("work"),
        event_sub(
            "on_died",
            "message:died",
            "died -> which\nwhich -> gone : level == 'all'\nwhich -> tell -> noted",
            exclusive("which"),
            end("gone", "terminate"),
            interrupting=False,
        ),
    )
    # A terminate end ends the event sub-process it stands in, not the process.
    told(files, message("died", level="all"), waiting("work"), complete("work"), end="done")


def test_nothing_is_awaited_after_the_end() -> None:
    files = process(
        "over",
        "start -> work -> done",
        user("work"),
        event_sub("too_old", "timer:P30D", "aged -> close -> closed_by_age"),
        event_sub("on_news", "message:news", "news -> note -> noted", interrupting=False),
    )
    run = started(compiled(files))
    run.complete(run.waiting[0].token, {})
    assert (run.state, run.wake_at, run.awaited) == ("done", None, frozenset())
    assert not run.send("news", {})


def test_a_message_is_listed_as_awaited_only_while_somebody_waits() -> None:
    run = started(compiled(MOVED))
    assert run.awaited == {"moved"}
    assert run.send("moved", {})
    assert run.awaited == frozenset()
