"""The player of scenarios must fail when the process does not do what the scenario says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.drawing import boundary, exclusive, process, rule, table, user
from tests.engine.plays import START, compiled, complete, message, wait, waiting
from workflows.engine import state
from workflows.engine.runner import ProcessFailed
from workflows.engine.scenarios import ScenarioFailed, play
from workflows.engine.specs.events import BoundaryEnd
from workflows.engine.specs.tokens import LIVE

FILES = {
    **process(
        "played",
        """
        start -> choose -> prepare -> work -> which
        which -> work : again
        which -> done
        late -> chase -> chased
        news -> note -> noted
        """,
        rule("choose", "tier", facts="steps.facts"),
        user("work", keep="again"),
        exclusive("which"),
        boundary("late", "work", "timer:P3D"),
        boundary("news", "work", "message:news", interrupting=False),
    ),
    "played/tier.dmn": table("tier", "FIRST", ["age"], ["tier"], [(["> 80"], ["'A'"]), (["-"], ["'C'"])]),
}
STEPS = {"steps.facts": [{"returns": {"age": 85}}], "steps.prepare": [{"returns": {"number": 1}}]}


def scenario(*moves: Any, end: str = "done", **others: Any) -> dict[str, Any]:
    return {"start": START, "steps": STEPS, "play": list(moves), "end": end, **others}


def test_a_scenario_that_goes_as_written_tells_its_story() -> None:
    moves = [
        waiting("work", "late", "news", tier="A", number=1),
        complete("work", again=True),
        message("news", what="x"),
        waiting("work", what="x"),
        wait("P2D"),
        complete("work", again=False),
    ]
    story = play(compiled(FILES), scenario(*moves))
    assert story.passed.count("work") == 2
    assert [call.name for call in story.calls] == ["steps.facts", "steps.prepare", "steps.note"]
    assert story.decisions[0].outputs == {"tier": "A"}
    assert story.outcome == "done"
    assert story.sizes


def test_canned_results_come_one_by_one_and_the_last_again() -> None:
    files = process("canned", "start -> a -> b -> c -> done")
    for name in "abc":
        files["canned/canned.bpmn"] = files["canned/canned.bpmn"].replace(f"steps.{name}".encode(), b"steps.same")
    steps = {"steps.same": [{"returns": {"n": 1}}, {"returns": {"n": 2}}]}
    story = play(compiled(files), {"start": START, "steps": steps, "play": [], "end": "done"})
    assert [call.data.get("n") for call in story.calls] == [None, 1, 2]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (scenario(), "has not ended; waiting: work"),
        (scenario(complete("work", again=False), end="chased"), "ended with done, not with chased"),
        (scenario(waiting()), "waiting are"),
        (scenario(waiting("work", "work")), "waiting are"),
        (scenario(waiting("chase")), "waiting are"),
        (scenario(waiting("work", tier="B")), "tier is 'A'"),
        (scenario(waiting("work", other=1)), "other is 'not there'"),
        (scenario(complete("chase")), "it does not wait; waiting: work"),
        (scenario(complete("work", nth=1)), "it does not wait"),
        (scenario(complete("work", again="yes")), "do not fit the form form: /again type"),
        (scenario(complete("work", strange=1)), "additionalProperties"),
        (scenario(message("unheard")), "nobody waits"),
        (scenario(message("news", ignored=True)), "body waits for it"),
        (scenario({"complete": "work", "message": "news"}), "must be one of"),
        (scenario({"finish": "work"}), "must be one of"),
        (scenario({"complete": "work", "answer": {}}), "unknown keys: answer"),
        (scenario({"expect": {"waitnig": []}}), "unknown keys: waitnig"),
        (scenario(moves=[]), "unknown keys: moves"),
        (scenario(steps={"steps.nothing": []}), "no step steps.nothing"),
        ({"play": [], "end": "done"}, "no start"),
        ({"play": [], "start": START}, "no end"),
    ],
)
def test_what_does_not_go_as_written_is_told(written: dict[str, Any], reason: str) -> None:
    with pytest.raises(ScenarioFailed, match=reason):
        play(compiled(FILES), written)


def test_timers_fire_on_the_way_at_their_own_time() -> None:
    story = play(compiled(FILES), scenario(wait("P30D"), end="chased"))
    assert story.calls[-1].now.isoformat() == "2026-03-05T09:00:00+08:00"


def test_a_pruning_that_cuts_too_much_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proof that the three ways of playing really differ: forget the split that boundary events hang on."""
    monkeypatch.setattr(state, "_is_kept", lambda scope, task: task is scope.task_tree or task.has_state(LIVE))
    with pytest.raises(ProcessFailed, match="tokens wait at late, news"):
        play(compiled(FILES), scenario(complete("work", again=False)))


def test_a_join_that_forgets_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundaryEnd, "_update_hook", lambda self, task: True)
    with pytest.raises(ProcessFailed, match="tokens wait at late, news"):
        play(compiled(FILES), scenario(complete("work", again=False)))
