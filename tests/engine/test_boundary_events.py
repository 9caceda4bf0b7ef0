"""Boundary events: timers and messages that interrupt an activity or go beside it, and errors out of sub-processes."""

from __future__ import annotations

from tests.engine.drawing import boundary, call, end, exclusive, parallel, process, sub, user
from tests.engine.plays import complete, message, told, wait, waiting

DEADLINE = process(
    "deadline",
    "start -> work -> done\nlate -> chase -> chased",
    user("work"),
    boundary("late", "work", "timer:P3D"),
    user("chase"),
)


def test_an_interrupting_timer_takes_the_work_away() -> None:
    story = told(DEADLINE, waiting("work", "late"), wait("P3D"), waiting("chase"), complete("chase"), end="chased")
    assert story.passed == ("start", "late", "chase", "chased")


def test_a_timer_is_off_once_the_work_is_done() -> None:
    story = told(DEADLINE, wait("P2DT23H"), complete("work"), end="done")
    assert story.passed == ("start", "work", "done")


REMINDER = process(
    "reminder",
    "start -> work -> done\nlate -> remind -> reminded",
    user("work"),
    boundary("late", "work", "timer:P3D", interrupting=False),
)


def test_a_timer_that_does_not_interrupt_goes_beside_the_work_once() -> None:
    story = told(REMINDER, wait("P9D"), waiting("work"), complete("work"), end="done")
    assert story.passed.count("remind") == 1


def test_work_done_before_the_reminder_ends_without_it() -> None:
    assert "remind" not in told(REMINDER, complete("work"), end="done").passed


def test_the_branch_of_a_reminder_goes_on_after_the_work_is_done() -> None:
    files = process(
        "lasting",
        "start -> work -> done\nlate -> ask -> asked",
        user("work"),
        user("ask"),
        boundary("late", "work", "timer:P3D", interrupting=False),
    )
    told(files, wait("P3D"), waiting("work", "ask"), complete("work"), waiting("ask"), complete("ask"), end="asked")
    told(files, wait("P3D"), complete("ask"), waiting("work"), complete("work"), end="done")


TOLD = process(
    "told",
    "start -> work -> done\nrefused -> stop -> stopped\nnews -> note -> noted",
    user("work"),
    boundary("refused", "work", "message:refused"),
    boundary("news", "work", "message:news", interrupting=False),
)


def test_an_interrupting_message_brings_its_data_and_takes_the_work_away() -> None:
    story = told(TOLD, message("refused", reason="ill"), message("news", ignored=True), end="stopped")
    assert story.calls[-1].data == {"reason": "ill"}


def test_a_message_that_does_not_interrupt_may_come_again_and_again() -> None:
    story = told(TOLD, *[message("news", number=number) for number in range(5)], complete("work"), end="done")
    assert [call.data["number"] for call in story.calls] == [0, 1, 2, 3, 4]


def test_messages_beside_the_work_do_not_keep_it_from_being_interrupted() -> None:
    told(TOLD, message("news"), message("news"), message("refused"), end="stopped")


def test_a_message_nobody_waits_for_changes_nothing() -> None:
    told(TOLD, message("unheard", ignored=True, reason="x"), waiting("work"), complete("work"), end="done")


def test_a_sub_process_is_interrupted_with_all_that_runs_inside() -> None:
    files = process(
        "outer",
        "start -> inside -> done\nlate -> clean -> cleaned",
        sub(
            "inside",
            "begin -> fork\nfork -> one -> end_one\nfork -> deeper -> end_deeper",
            parallel("fork"),
            user("one"),
            sub("deeper", "deep -> two -> end_two", user("two")),
        ),
        boundary("late", "inside", "timer:P3D"),
    )
    told(files, waiting("one", "two"), complete("one"), waiting("two"), wait("P3D"), end="cleaned")
    told(files, complete("two"), complete("one"), end="done")


def test_an_error_end_is_caught_by_the_nearest_boundary_event_for_it() -> None:
    files = process(
        "errors",
        "start -> outer -> done\nno_money -> beg -> begged",
        sub(
            "outer",
            "outer_start -> inner -> outer_end\nno_time -> hurry -> hurried",
            sub(
                "inner",
                "begin -> fork\nfork -> work -> failed\nfork -> other -> other_end",
                parallel("fork"),
                user("work"),
                user("other"),
                end("failed", "error:money"),
            ),
            boundary("no_time", "inner", "error:time"),
        ),
        boundary("no_money", "outer", "error:money"),
    )
    story = told(files, waiting("work", "other"), complete("work"), end="begged")
    assert "hurry" not in story.passed


def test_nothing_more_is_done_where_an_error_was_thrown() -> None:
    files = process(
        "at_once",
        "start -> inside -> done\nbad -> mend -> mended",
        sub(
            "inside",
            "begin -> fork\nfork -> failed\nfork -> cost_money -> inside_end",
            parallel("fork"),
            end("failed", "error:bad"),
        ),
        boundary("bad", "inside", "error:bad"),
    )
    assert told(files, end="mended").passed == ("start", "begin", "fork", "failed", "bad", "mend", "mended")


def test_an_error_that_nobody_catches_ends_the_process() -> None:
    files = process(
        "uncaught",
        "start -> fork\nfork -> inside -> done\nfork -> beside -> beside_done",
        parallel("fork"),
        user("beside"),
        sub("inside", "begin -> work -> failed", user("work"), end("failed", "error:broken")),
    )
    told(files, waiting("work", "beside"), complete("work"), end="failed")


def test_an_error_end_of_the_process_itself_ends_everything() -> None:
    files = process(
        "broken",
        "start -> fork\nfork -> work -> failed\nfork -> beside -> done",
        parallel("fork"),
        user("work"),
        user("beside"),
        end("failed", "error:broken"),
    )
    told(files, complete("work"), end="failed")


def test_a_called_process_can_be_interrupted_and_can_fail() -> None:
    files = {
        **process(
            "caller",
            "start -> phase -> done\nmoved -> close -> closed\nbad -> mend -> mended",
            call("phase", "callee"),
            boundary("moved", "phase", "message:moved"),
            boundary("bad", "phase", "error:bad"),
        ),
        **process(
            "callee",
            "begin -> work -> check\ncheck -> spoilt : again\ncheck -> fine",
            user("work", keep="again"),
            exclusive("check"),
            end("spoilt", "error:bad"),
        ),
    }
    told(files, waiting("work"), message("moved"), end="closed")
    told(files, complete("work", again=True), end="mended")
    told(files, complete("work", again=False), end="done")


def test_a_boundary_timer_may_be_named_by_the_data() -> None:
    files = process(
        "named",
        "start -> work -> done\nlate -> chase -> chased",
        user("work"),
        boundary("late", "work", "date:remind_at"),
    )
    at = {"remind_at": "2026-03-05T12:00:00+08:00"}
    told(files, wait("P3DT2H59M"), waiting("work"), wait("PT1M"), end="chased", data=at)


def test_a_time_that_is_past_fires_at_once() -> None:
    files = process(
        "past",
        "start -> work -> done\nlate -> chase -> chased",
        user("work"),
        boundary("late", "work", "date:remind_at"),
    )
    told(files, end="chased", data={"remind_at": "2026-03-01T12:00:00+08:00"})
