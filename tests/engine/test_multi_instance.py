"""Activities that run once for each item of a list, all at once or one after another."""

from __future__ import annotations

import pytest

from tests.engine.drawing import boundary, call, event_sub, many, parallel, process, service, sub, user
from tests.engine.plays import again, compiled, complete, message, started, told, wait, waiting
from workflows.engine.runner import ProcessFailed

ASKED = process(
    "asked",
    "start -> ask -> count -> done",
    many(user("ask", keep="answer"), over="helpers", item="helper", into="answers", result="answer"),
)
ONE_BY_ONE = process(
    "one_by_one",
    "start -> ask -> count -> done",
    many(user("ask", keep="answer"), sequential=True, over="helpers", item="helper", into="answers", result="answer"),
)
HELPERS = {"helpers": ["a", "b", "c"]}


def test_all_instances_wait_at_once_each_with_its_item() -> None:
    run = started(compiled(ASKED), data=HELPERS)
    assert [entry.data["helper"] for entry in run.waiting] == ["a", "b", "c"]
    assert "helper" not in run.data


def test_answers_are_collected_in_the_order_of_the_items() -> None:
    story = told(
        ASKED,
        waiting("ask", "ask", "ask"),
        complete("ask", nth=2, answer="third"),
        complete("ask", nth=0, answer="first"),
        waiting("ask"),
        complete("ask", answer="second"),
        end="done",
        data=HELPERS,
    )
    assert story.calls[-1].data == {**HELPERS, "answers": ["first", "second", "third"]}
    assert story.passed.count("ask") == 3


def test_one_after_another_only_one_waits() -> None:
    story = told(
        ONE_BY_ONE,
        waiting("ask"),
        complete("ask", answer="first"),
        waiting("ask"),
        complete("ask", answer="second"),
        complete("ask", answer="third"),
        end="done",
        data=HELPERS,
    )
    assert story.calls[-1].data["answers"] == ["first", "second", "third"]


@pytest.mark.parametrize("files", [ASKED, ONE_BY_ONE])
def test_an_empty_list_is_passed_at_once(files: dict[str, bytes]) -> None:
    story = told(files, end="done", data={"helpers": []})
    assert story.passed == ("start", "ask", "count", "done")
    assert story.calls[-1].data["answers"] == []


@pytest.mark.parametrize("data", [{}, {"helpers": None}, {"helpers": "abc"}, {"helpers": [0] * 1001}])
def test_what_is_no_list_of_modest_length_fails(data: dict[str, object]) -> None:
    with pytest.raises(ProcessFailed):
        started(compiled(ASKED), data=data)


def test_a_number_of_instances_may_be_computed() -> None:
    files = process("times", "start -> visit -> done", many(service("visit"), count="visits * 2", item="number"))
    story = told(files, end="done", data={"visits": 2})
    assert sorted(call.data["number"] for call in story.calls) == [0, 1, 2, 3]


def test_without_a_collection_what_instances_write_goes_to_the_data() -> None:
    files = process("writes", "start -> ask -> done", many(user("ask", keep="answer"), over="helpers", item="helper"))
    run = started(compiled(files), data=HELPERS)
    run.complete(run.waiting[1].token, {"answer": "from b"})
    assert run.data["answer"] == "from b"
    assert "helper" not in run.data


@pytest.mark.parametrize("sequential", [False, True])
def test_a_condition_ends_it_early(sequential: bool) -> None:
    node = many(
        user("ask", keep="answer"),
        sequential=sequential,
        over="helpers",
        item="helper",
        into="answers",
        result="answer",
        until="answer == 'yes' or instances_done > 5",
    )
    files = process("early", "start -> ask -> count -> done", node)
    story = told(files, complete("ask", answer="no"), complete("ask", answer="yes"), end="done", data=HELPERS)
    assert story.calls[-1].data["answers"] == ["no", "yes"]


INSIDE = process(
    "inside_many",
    "start -> each -> done\nlate -> chase -> chased",
    many(
        sub(
            "each",
            "begin -> fork\nfork -> ask -> join\nfork -> look -> join\njoin -> note -> each_end",
            parallel("fork"),
            parallel("join"),
            user("ask", keep="answer"),
            user("look", keep="number"),
        ),
        over="helpers",
        item="helper",
        into="answers",
        result="answer",
    ),
    boundary("late", "each", "timer:P7D"),
    user("chase"),
)


def test_sub_processes_run_side_by_side_with_their_own_data() -> None:
    story = told(
        INSIDE,
        waiting("ask", "ask", "ask", "look", "look", "look"),
        complete("ask", nth=0, answer="a"),
        complete("look", nth=1, number=2),
        complete("look", nth=0, number=1),
        complete("ask", nth=0, answer="b"),
        complete("look", number=3),
        complete("ask", answer="c"),
        end="done",
        data=HELPERS,
    )
    seen = [(call.data["helper"], call.data["answer"], call.data["number"]) for call in story.calls]
    assert seen == [("a", "a", 1), ("b", "b", 2), ("c", "c", 3)]


def test_a_boundary_event_takes_all_instances_away() -> None:
    story = told(
        INSIDE,
        complete("ask", nth=0, answer="a"),
        wait("P7D"),
        waiting("chase"),
        complete("chase"),
        end="chased",
        data=HELPERS,
    )
    assert "note" not in story.passed


def test_nothing_is_left_of_instances_that_were_taken_away() -> None:
    run = again(started(compiled(INSIDE), data={"helpers": ["a"]}))
    before = len(run.dump())
    run = started(compiled(INSIDE), data={"helpers": [str(number) for number in range(50)]})
    assert run.wake_at is not None
    run.at(run.wake_at)
    run.wake()
    assert len(run.dump()) < before + 200


def test_called_processes_with_events_run_side_by_side() -> None:
    files = {
        **process(
            "calling",
            "start -> each -> done",
            many(call("each", "offer"), over="helpers", item="helper", into="results", result="number"),
        ),
        **process(
            "offer",
            "offered -> ask -> answered",
            user("ask", keep="number"),
            event_sub("on_withdrawn", "message:withdrawn", "withdrawn -> tell -> offer_withdrawn"),
        ),
    }
    story = told(
        files,
        waiting("ask", "ask", "ask"),
        message("withdrawn"),
        waiting("ask", "ask"),
        complete("ask", number=1),
        message("withdrawn"),
        end="done",
        data=HELPERS,
    )
    # A message goes to one that waits, the oldest.
    assert [call.data["helper"] for call in story.calls if call.name == "steps.tell"] == ["a", "c"]


def test_fifty_open_items_stay_small() -> None:
    run = started(compiled(ASKED), data={"helpers": [f"helper-{number}" for number in range(50)]})
    assert len(run.dump()) < 4_000
    restored = again(run)
    assert [entry.token for entry in restored.waiting] == [entry.token for entry in run.waiting]
