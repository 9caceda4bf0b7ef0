"""Gateways: which ways are taken, and what a join waits for."""

from __future__ import annotations

import pytest

from tests.engine.drawing import (
    boundary,
    catch,
    event_gateway,
    event_sub,
    exclusive,
    inclusive,
    parallel,
    process,
    user,
)
from tests.engine.plays import compiled, complete, message, started, told, wait, waiting
from workflows.engine.runner import ProcessFailed

CHOICE = process(
    "choice",
    """
    start -> ask -> which
    which -> small : number < 10
    which -> large : number >= 100
    which -> middle
    """,
    user("ask", keep="number"),
    exclusive("which"),
)


@pytest.mark.parametrize(("number", "end"), [(9, "small"), (10, "middle"), (99, "middle"), (100, "large")])
def test_an_exclusive_gateway_takes_the_way_whose_condition_holds(number: int, end: str) -> None:
    story = told(CHOICE, complete("ask", number=number), end=end)
    assert story.passed == ("start", "ask", "which", end)


def test_an_answer_that_was_not_given_is_none_and_cannot_be_compared() -> None:
    with pytest.raises(ProcessFailed, match="TypeError"):
        told(CHOICE, complete("ask"), end="small")


def test_a_condition_that_names_nothing_known_fails_instead_of_taking_the_default() -> None:
    files = process(
        "typo",
        """
        start -> which
        which -> here : nmber < 10
        which -> there
        """,
        exclusive("which"),
    )
    with pytest.raises(ProcessFailed, match="nmber"):
        started(compiled(files))


BOTH = process(
    "both",
    "start -> fork\nfork -> left -> join\nfork -> right -> join\njoin -> after -> done",
    parallel("fork"),
    parallel("join"),
    user("left"),
    user("right"),
    user("after"),
)


@pytest.mark.parametrize("order", [("left", "right"), ("right", "left")])
def test_a_parallel_join_waits_for_all_ways_in_whatever_their_order(order: tuple[str, str]) -> None:
    story = told(
        BOTH,
        waiting("left", "right"),
        complete(order[0]),
        waiting(order[1]),
        complete(order[1]),
        waiting("after"),
        complete("after"),
        end="done",
    )
    assert story.passed.count("join") == 1


def test_parallel_ways_write_into_the_same_data() -> None:
    files = process(
        "shared",
        "start -> fork\nfork -> left -> join\nfork -> right -> join\njoin -> done",
        parallel("fork"),
        parallel("join"),
        user("left", keep="number"),
        user("right", keep="answer"),
    )
    told(
        files,
        complete("left", number=1),
        waiting("right", number=1),
        complete("right", answer="yes"),
        end="done",
        data={"number": 0, "answer": ""},
    )


def test_a_fork_and_join_inside_a_loop_join_anew_in_each_round() -> None:
    files = process(
        "rounds",
        """
        start -> round -> fork
        fork -> left -> join
        fork -> right -> join
        join -> check -> more
        more -> round : again
        more -> done
        """,
        exclusive("round"),
        parallel("fork"),
        parallel("join"),
        user("left"),
        user("right"),
        user("check", keep="again"),
        exclusive("more"),
    )
    moves = []
    for again in (True, True, True, False):
        moves += [
            complete("right"),
            waiting("left"),
            complete("left"),
            waiting("check"),
            complete("check", again=again),
        ]
    assert told(files, *moves, end="done").passed.count("join") == 4


def test_a_join_reached_twice_on_one_way_still_waits_for_the_other() -> None:
    files = process(
        "twice",
        """
        start -> fork
        fork -> quick -> merge
        fork -> quicker -> merge
        fork -> slow -> join
        merge -> join -> after -> done
        """,
        parallel("fork"),
        exclusive("merge"),
        parallel("join"),
        user("quick"),
        user("quicker"),
        user("slow"),
        user("after"),
    )
    run = started(compiled(files))
    for name in ("quick", "quicker"):
        run.complete(next(entry.token for entry in run.waiting if entry.node.id == name), {})
        assert "after" not in [entry.node.id for entry in run.waiting]
    run.complete(next(entry.token for entry in run.waiting if entry.node.id == "slow"), {})
    # Two tokens came by the merge, one by the slow way: the join goes on once, the second token stays at it.
    assert [entry.node.id for entry in run.waiting] == ["after"]
    with pytest.raises(ProcessFailed, match="tokens wait at join"):
        run.complete(run.waiting[0].token, {})


def test_a_join_that_can_never_go_on_is_told_at_once() -> None:
    files = process(
        "dead",
        "start -> which\nwhich -> one : again\nwhich -> two\none -> join\ntwo -> join\njoin -> done",
        exclusive("which"),
        parallel("join"),
        event_sub("on_news", "message:news", "news -> note -> noted", interrupting=False),
    )
    with pytest.raises(ProcessFailed, match="tokens wait at join"):
        started(compiled(files), data={"again": True})


INCLUSIVE = process(
    "some",
    """
    start -> ask -> split
    split -> a : number % 2 == 0
    split -> b : number % 3 == 0
    split -> c -> join
    a -> join
    b -> join
    join -> after -> done
    """,
    user("ask", keep="number"),
    inclusive("split"),
    inclusive("join"),
    user("a"),
    user("b"),
    user("c"),
    user("after"),
)


@pytest.mark.parametrize(("number", "taken"), [(2, ["a"]), (3, ["b"]), (6, ["a", "b"]), (5, ["c"])])
def test_an_inclusive_gateway_takes_all_ways_that_hold_and_joins_exactly_those(number: int, taken: list[str]) -> None:
    moves = [complete("ask", number=number), waiting(*taken)]
    for done, name in enumerate(taken, 1):
        moves += [complete(name), waiting(*(taken[done:] or ["after"]))]
    story = told(INCLUSIVE, *moves, complete("after"), end="done")
    assert story.passed.count("join") == 1


def test_an_inclusive_join_waits_for_a_token_that_is_still_far_away() -> None:
    files = process(
        "far",
        """
        start -> split
        split -> short : true
        split -> long : true
        split -> never
        short -> join
        long -> longer -> longest -> join
        never -> join
        join -> done
        """,
        inclusive("split"),
        inclusive("join"),
        user("short"),
        user("long"),
        user("longer"),
        user("longest"),
        user("never"),
    )
    told(
        files,
        complete("short"),
        waiting("long"),
        complete("long"),
        waiting("longer"),
        complete("longer"),
        complete("longest"),
        end="done",
    )


def test_an_inclusive_join_does_not_wait_for_a_token_that_turned_away() -> None:
    files = process(
        "away",
        """
        start -> split
        split -> one : true
        split -> two : true
        split -> three
        one -> join
        two -> which
        which -> join : again
        which -> elsewhere
        elsewhere -> other_end
        three -> join
        join -> after -> done
        """,
        inclusive("split"),
        inclusive("join"),
        exclusive("which"),
        user("one"),
        user("two", keep="again"),
        user("three"),
        user("elsewhere"),
        user("after"),
    )
    told(
        files,
        complete("one"),
        waiting("two"),
        complete("two", again=False),
        waiting("elsewhere", "after"),
        complete("after"),
        complete("elsewhere"),
        end="other_end",
    )


def test_an_inclusive_join_does_not_wait_for_a_token_that_may_as_well_come_on_a_filled_way() -> None:
    """BPMN 2.0, 13.4.3: such a token may never come on the empty way, and waiting for it could be for ever."""
    files = process(
        "may_come",
        """
        start -> fork
        fork -> quick -> left
        fork -> slow -> which
        which -> left : again
        which -> right
        left -> join
        right -> join
        join -> after -> done
        """,
        parallel("fork"),
        exclusive("which"),
        exclusive("left"),
        exclusive("right"),
        inclusive("join"),
        user("quick"),
        user("slow", keep="again"),
        user("after"),
    )
    told(
        files,
        complete("quick"),
        waiting("slow", "after"),
        complete("slow", again=False),
        waiting("after", "after"),
        complete("after"),
        complete("after"),
        end="done",
    )


def test_an_inclusive_join_does_not_wait_for_events_that_may_never_come() -> None:
    files = process(
        "may_happen",
        """
        start -> fork
        fork -> quick -> join
        fork -> work -> work_done
        late -> join
        join -> after -> done
        """,
        parallel("fork"),
        inclusive("join"),
        user("quick"),
        user("work"),
        user("after"),
        boundary("late", "work", "timer:P3D", interrupting=False),
    )
    told(files, complete("quick"), waiting("work", "after"), complete("after"), complete("work"), end="work_done")


FIRST = process(
    "first",
    "start -> either\neither -> answer -> yes\neither -> refusal -> no\neither -> late -> nothing",
    event_gateway("either"),
    catch("answer", "message:answered"),
    catch("refusal", "message:refused"),
    catch("late", "timer:P7D"),
)


def test_an_event_gateway_takes_the_first_message() -> None:
    story = told(FIRST, waiting("either"), wait("P6D"), message("refused", why="far"), end="no")
    assert story.passed == ("start", "either", "refusal", "no")


def test_an_event_gateway_takes_its_timer_when_no_message_came() -> None:
    told(FIRST, wait("P6DT23H59M"), waiting("either"), wait("PT1M"), end="nothing")


def test_the_other_events_of_an_event_gateway_are_forgotten() -> None:
    files = process(
        "forgotten",
        "start -> either\neither -> answer -> work\neither -> late -> work_late -> done_late\nwork -> done",
        event_gateway("either"),
        catch("answer", "message:answered"),
        catch("late", "timer:P7D"),
        user("work"),
        user("work_late"),
    )
    told(
        files,
        message("answered"),
        message("answered", ignored=True),
        wait("P30D"),
        waiting("work"),
        complete("work"),
        end="done",
    )


def test_two_timers_at_one_event_gateway_keep_their_own_times() -> None:
    files = process(
        "timers",
        "start -> either\neither -> early -> soon\neither -> late -> later",
        event_gateway("either"),
        catch("early", "date:soon_at"),
        catch("late", "timer:P2D"),
    )
    told(files, wait("P3D"), end="later", data={"soon_at": "2026-04-01T00:00:00+08:00"})
    told(files, wait("P3D"), end="soon", data={"soon_at": "2026-03-03T00:00:00+08:00"})
