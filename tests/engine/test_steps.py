"""Steps: what they are called with, what becomes of what they return, and what happens when they fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.drawing import event_sub, exclusive, process, rule, service, table, user
from tests.engine.plays import NOW, compiled, started
from workflows.engine.definition import Definition
from workflows.engine.runner import Call, ProcessFailed, Run, StepFailed, Where

FILES = process(
    "stepping", "start -> prepare -> work -> finish -> done", user("work", keep="answer", step="steps.note")
)


class Refused(Exception):
    """As the domain's exceptions: with a code."""

    code = "refused"


def begun(steps: dict[str, Any], data: dict[str, Any] | None = None, files: dict[str, bytes] = FILES) -> Run:
    definition: Definition = compiled(files)
    known = dict.fromkeys(definition.steps, lambda call: None) | steps
    return Run.start(definition, data=data or {}, steps=known, context="the context", now=NOW)


def test_a_service_node_calls_its_step_with_the_data_the_context_and_the_time() -> None:
    calls: list[Call] = []
    begun({"steps.prepare": calls.append}, {"family": "f1"})
    (call,) = calls
    assert (call.name, call.node_id, call.data, call.answers) == ("steps.prepare", "prepare", {"family": "f1"}, {})
    assert (call.context, call.now) == ("the context", NOW)


def test_what_a_step_returns_is_merged_into_the_data() -> None:
    run = begun({"steps.prepare": lambda call: {"tier": "A", "list": [1]}}, {"tier": "?", "kept": 1})
    assert run.data == {"tier": "A", "list": [1], "kept": 1}


def test_lists_and_mappings_are_replaced_not_merged() -> None:
    run = begun({"steps.prepare": lambda call: {"list": [], "map": {"b": 2}}}, {"list": [1, 2], "map": {"a": 1}})
    assert run.data == {"list": [], "map": {"b": 2}}


def test_a_step_cannot_change_the_data_behind_the_engine_s_back() -> None:
    def meddle(call: Call) -> None:
        call.data["list"].append(2)
        call.data.clear()  # type: ignore[attr-defined]

    assert begun({"steps.prepare": meddle}, {"list": [1]}).data == {"list": [1]}


def test_the_step_of_a_user_task_gets_all_answers_and_the_data_only_those_to_keep() -> None:
    calls: list[Call] = []

    def note(call: Call) -> dict[str, Any]:
        calls.append(call)
        return {"noted": True}

    run = begun({"steps.note": note})
    run.complete(run.waiting[0].token, {"answer": "yes", "number": 5})
    assert calls[0].answers == {"answer": "yes", "number": 5}
    assert calls[0].data == {"answer": "yes"}
    assert run.data == {"answer": "yes", "noted": True}


def test_the_token_of_a_call_is_the_one_that_waited() -> None:
    calls: list[Call] = []
    run = begun({"steps.note": calls.append})
    token = run.waiting[0].token
    run.complete(token, {})
    assert calls[0].token == token


def test_passed_nodes_are_told_in_order_with_kind_time_and_token() -> None:
    run = begun({})
    token = run.waiting[0].token
    run.complete(token, {})
    assert [(node.node_id, node.kind) for node in run.passed] == [
        ("start", "start"),
        ("prepare", "service"),
        ("work", "user"),
        ("finish", "service"),
        ("done", "end"),
    ]
    assert run.passed[2].token == token
    assert {node.at for node in run.passed} == {NOW}


def test_a_fault_in_a_step_is_told_with_its_place() -> None:
    def fail(call: Call) -> None:
        raise ZeroDivisionError("oh")

    with pytest.raises(StepFailed, match=r"steps\.prepare failed at stepping/prepare") as failed:
        begun({"steps.prepare": fail})
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    assert failed.value.where == Where("stepping", "prepare", "steps.prepare")


def test_a_refusal_of_the_domain_keeps_its_type_and_gets_its_place() -> None:
    def refuse(call: Call) -> None:
        raise Refused("the helper is full")

    run = begun({"steps.note": refuse})
    with pytest.raises(Refused, match="the helper is full") as refused:
        run.complete(run.waiting[0].token, {})
    assert refused.value.where == "stepping/work (steps.note)"  # type: ignore[attr-defined]
    assert refused.value.__notes__ == ["in step steps.note at stepping/work"]


def test_a_step_nobody_wrote_fails_when_it_is_called() -> None:
    definition = compiled(FILES)
    with pytest.raises(StepFailed) as failed:
        Run.start(definition, data={}, steps={}, context=None, now=NOW)
    assert isinstance(failed.value.__cause__, KeyError)


def test_the_facts_of_a_table_stay_out_of_the_data() -> None:
    files = {
        **process("deciding", "start -> choose -> done", rule("choose", "tier", facts="steps.facts")),
        "deciding/tier.dmn": table("tier", "FIRST", ["age"], ["tier"], [(["> 80"], ["'A'"]), (["-"], ["'C'"])]),
    }
    run = begun({"steps.facts": lambda call: {"age": 81, "illness": "secret"}}, {"family": "f1"}, files)
    assert run.data == {"family": "f1", "tier": "A"}
    (made,) = run.decisions
    assert (made.table, made.inputs, made.outputs, made.rules) == ("tier", {"age": 81}, {"tier": "A"}, ("r1",))
    assert made.version == run.definition.decisions["tier"].version


def test_without_facts_a_table_reads_the_process_data() -> None:
    files = {
        **process("deciding", "start -> choose -> done", rule("choose", "tier")),
        "deciding/tier.dmn": table("tier", "FIRST", ["age"], ["tier"], [(["> 80"], ["'A'"]), (["-"], ["'C'"])]),
    }
    assert begun({}, {"age": 3}, files).data == {"age": 3, "tier": "C"}
    with pytest.raises(ProcessFailed, match="no value for age"):
        begun({}, {}, files)


def test_a_process_that_runs_in_a_circle_is_stopped() -> None:
    files = process(
        "circle", "start -> turn -> which\nwhich -> turn : true\nwhich -> done", exclusive("which"), service("turn")
    )
    with pytest.raises(ProcessFailed, match="circle"):
        begun({}, {}, files)


def test_message_data_is_there_for_the_steps_behind_it() -> None:
    calls: list[Call] = []
    files = process(
        "hearing",
        "start -> work -> done",
        user("work"),
        event_sub("on_news", "message:news", "news -> note -> noted", interrupting=False),
    )
    run = started(compiled(files), steps={"steps.note": calls.append})
    assert run.send("news", {"helper": "h1"})
    assert calls[0].data == {"helper": "h1"}
    assert run.data == {"helper": "h1"}
