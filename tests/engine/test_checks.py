"""What a model must hold to: each rule broken once, each named with its node; several broken, all named."""

from __future__ import annotations

import pytest

from tests.engine.drawing import (
    FORM,
    Drawn,
    boundary,
    call,
    catch,
    end,
    event_gateway,
    event_sub,
    exclusive,
    inclusive,
    many,
    milestone,
    parallel,
    process,
    rule,
    service,
    sub,
    table,
    user,
)
from workflows.engine.definition import ModelRefused, Problem, compile_definition

LINE = "start -> work -> done"


def problems(files: dict[str, bytes], process_id: str = "tested") -> list[Problem]:
    try:
        compile_definition(files, process_id=process_id, steps={"steps.known"}, roles={"caseworker", "system"})
    except ModelRefused as refused:
        return refused.problems
    return []


def drawn(flows: str, *nodes: Drawn, role: str = "caseworker") -> dict[str, bytes]:
    return process("tested", flows, *nodes, role=role)


def edited(files: dict[str, bytes], *changes: tuple[str, str]) -> dict[str, bytes]:
    text = files["tested/tested.bpmn"].decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return {**files, "tested/tested.bpmn": text.encode()}


WORK = drawn(LINE, user("work"))


def test_a_model_that_holds_to_everything() -> None:
    assert problems(WORK) == []


@pytest.mark.parametrize(
    ("files", "node", "code"),
    [
        # user tasks
        (drawn(LINE, user("work", form="none")), "work", "unknown_form"),
        (drawn(LINE, user("work", form="")), "work", "unknown_form"),
        (drawn(LINE, user("work", due="")), "work", "no_due"),
        (drawn(LINE, user("work", due="3 days")), "work", "bad_due"),
        (drawn(LINE, user("work", priority="high")), "work", "bad_priority"),
        (drawn(LINE, user("work", priority="101")), "work", "bad_priority"),
        (drawn(LINE, user("work", not_same_as="nobody")), "work", "unknown_node"),
        (drawn(LINE, user("work", not_same_as="start")), "work", "unknown_node"),
        (drawn(LINE, user("work", keep="answer,else")), "work", "unknown_field"),
        (drawn(LINE, user("work", outcome="else")), "work", "unknown_field"),
        (drawn(LINE, user("work", keep="answer,secret")), "work", "sensitive_field"),
        (drawn(LINE, user("work", outcome="secret")), "work", "sensitive_field"),
        (drawn(LINE, user("work", unit="elsewhere")), "work", "bad_unit"),
        (drawn(LINE, user("work", step="steps.unknown")), "work", "unknown_step"),
        (drawn(LINE, user("work", deu="P1D")), "work", "unknown_property"),
        (drawn(LINE, user("work"), role="system"), "work", "system_user"),
        # lanes and labels
        (drawn(LINE, user("work"), role="mayor"), "work", "unknown_role"),
        (drawn(LINE, user("work"), role=""), "lane__tested", "lane_without_role"),
        (edited(WORK, ("<bpmn:flowNodeRef>work</bpmn:flowNodeRef>", "")), "work", "no_lane"),
        (edited(WORK, ('name="名 work"', 'name=""')), "work", "no_name"),
        (edited(WORK, ('value="The work"', 'value=""')), "work", "no_name_en"),
        (edited(WORK, ('value="Process tested"', 'value=""')), "tested", "no_name_en"),
        (edited(WORK, ('name="专干"', "")), "lane_caseworker_tested", "no_name"),
        (drawn("start -> Work -> done", user("Work")), "Work", "bad_id"),
        # service and rule nodes
        (drawn(LINE, service("work", "")), "work", "no_step"),
        (drawn(LINE, service("work", "steps.unknown")), "work", "unknown_step"),
        (drawn(LINE, rule("work", "none")), "work", "unknown_decision"),
        (drawn(LINE, rule("work", "")), "work", "unknown_decision"),
        # events
        (
            edited(drawn(LINE, catch("work", "message:go")), ('id="message_go"', 'id="other"')),
            "work",
            "unknown_message",
        ),
        (edited(drawn(LINE, catch("work", "message:go")), ('name="go"', 'name="Go!"')), "work", "bad_id"),
        (drawn(LINE, catch("work", "timer:")), "work", "bad_timer"),
        (drawn(LINE, catch("work", "timer:3 days")), "work", "bad_expression"),
        (edited(drawn(LINE, catch("work", "timer:P1D")), ("timeDuration", "timeCycle")), "work", "bad_timer"),
        (drawn(LINE, catch("work", "error:bad")), "work", "bad_event"),
        (drawn(LINE, catch("work", "")), "work", "bad_event"),
        (
            drawn(
                "start -> done",
                Drawn("start", "startEvent", inside='<bpmn:messageEventDefinition messageRef="message_go"/>'),
            ),
            "start",
            "bad_event",
        ),
        (drawn("start -> done", end("done", "message:go")), "done", "bad_event"),
        (edited(drawn("start -> done", end("done", "error:bad")), ('errorCode="bad"', "")), "done", "unknown_error"),
        (
            edited(drawn("start -> done", end("done", "error:bad")), ('id="error_bad"', 'id="other"')),
            "done",
            "unknown_error",
        ),
        (
            edited(
                drawn(LINE, milestone("work")),
                ("</bpmn:intermediateThrowEvent>", "<bpmn:signalEventDefinition/></bpmn:intermediateThrowEvent>"),
            ),
            "work",
            "bad_event",
        ),
        (
            drawn(
                "start -> work -> done\nlate -> done",
                service("work", "steps.known"),
                boundary("late", "work", "timer:P1D"),
            ),
            "late",
            "bad_boundary",
        ),
        (
            drawn("start -> work -> done\nlate -> done", user("work"), boundary("late", "work", "error:bad")),
            "late",
            "bad_boundary",
        ),
        (
            drawn("start -> work -> done\nlate -> done", user("work"), boundary("late", "nothing", "timer:P1D")),
            "late",
            "bad_boundary",
        ),
        (
            drawn(
                "start -> work -> done\nlate -> done",
                sub("work", "a -> b"),
                boundary("late", "work", "error:bad", interrupting=False),
            ),
            "late",
            "bad_boundary",
        ),
        # gateways
        (drawn("start -> which\nwhich -> one : 1\nwhich -> two : 2", exclusive("which")), "which", "no_default"),
        (drawn("start -> which\nwhich -> one : 1\nwhich -> two : 2", inclusive("which")), "which", "no_default"),
        (drawn("start -> which\nwhich -> one : 1 +\nwhich -> two", exclusive("which")), "which__one", "bad_expression"),
        (
            drawn("start -> which\nwhich -> one : open('x')\nwhich -> two", exclusive("which")),
            "which__one",
            "bad_expression",
        ),
        (
            drawn("start -> which\nwhich -> one\nwhich -> two\nwhich -> three", exclusive("which")),
            "which__two",
            "no_condition",
        ),
        (drawn("start -> which\nwhich -> one : 1", exclusive("which")), "which__one", "idle_condition"),
        (drawn("start -> fork\nfork -> one : 1\nfork -> two", parallel("fork")), "fork__one", "idle_condition"),
        (drawn("start -> work -> done : 1", user("work")), "work__done", "idle_condition"),
        (
            drawn("start -> either\neither -> a -> one", event_gateway("either"), catch("a", "message:go")),
            "either",
            "bad_event_gateway",
        ),
        (
            drawn(
                "start -> either\neither -> a -> one\neither -> b -> two",
                event_gateway("either"),
                catch("a", "message:go"),
                user("b"),
            ),
            "b",
            "bad_event_gateway",
        ),
        (
            drawn(
                "start -> fork\nfork -> either\neither -> a -> one\neither -> b -> two\nfork -> a",
                parallel("fork"),
                event_gateway("either"),
                catch("a", "message:go"),
                catch("b", "timer:P1D"),
            ),
            "a",
            "bad_event_gateway",
        ),
        # how nodes are connected
        (drawn("start -> work\nother -> done", user("work"), user("other")), "work", "dead_end"),
        (drawn("start -> work\nother -> done", user("work"), user("other")), "other", "unreachable"),
        (drawn("start -> work -> done\nwork -> end_two", user("work")), "work", "implicit_split"),
        (drawn("start -> work -> done\nwork -> start", user("work")), "start", "bad_flow"),
        (drawn("start -> work -> done -> work", user("work"), end("done")), "done", "bad_flow"),
        (edited(WORK, ('targetRef="done"', 'targetRef="nowhere"')), "work__done", "bad_flow"),
        (
            edited(
                drawn("start -> work -> box -> done", user("work"), sub("box", "a -> b")),
                ('targetRef="box"', 'targetRef="b"'),
            ),
            "work__box",
            "bad_flow",
        ),
        (drawn("start -> a -> b -> a", user("a"), user("b")), "tested", "no_end"),
        (
            drawn("start -> work -> done\nbegin -> done", user("work"), Drawn("begin", "startEvent")),
            "tested",
            "one_start",
        ),
        (drawn("start -> box -> done", sub("box", "a -> b", Drawn("c", "startEvent"))), "box", "one_start"),
        (
            drawn("start -> fork -> join\nfork -> join\njoin -> done", parallel("fork"), parallel("join")),
            "join",
            "duplicate_flow",
        ),
        (
            drawn(
                "start -> join -> work -> which\nwhich -> join : 1\nwhich -> done",
                parallel("join"),
                user("work"),
                exclusive("which"),
            ),
            "join",
            "join_in_loop",
        ),
        # several times
        (drawn(LINE, many(user("work"))), "work", "bad_loop"),
        (drawn(LINE, many(user("work"), count="1", over="list")), "work", "bad_loop"),
        (drawn(LINE, many(user("work"), count="1 +")), "work", "bad_expression"),
        (drawn(LINE, many(user("work"), over="the list")), "work", "bad_loop"),
        (drawn(LINE, many(user("work"), over="list", into="answers")), "work", "bad_loop"),
        (drawn(LINE, many(user("work"), over="list", until="1 +")), "work", "bad_expression"),
        # event sub-processes
        (drawn("start -> done", event_sub("box", "", "a -> b")), "a", "bad_event"),
        (drawn("start -> done\nstart -> box", event_sub("box", "message:go", "a -> b")), "box", "bad_flow"),
        # called processes
        (drawn("start -> phase -> done", call("phase", "nothing")), "tested", "unknown_process"),
        (drawn("start -> phase -> done", call("phase", "tested")), "tested", "calls_itself"),
    ],
)
def test_each_broken_rule_is_named_with_its_node(files: dict[str, bytes], node: str, code: str) -> None:
    assert (node, code) in [(problem.node, problem.code) for problem in problems(files)], problems(files)


@pytest.mark.parametrize(
    "element",
    [
        "<bpmn:scriptTask id='x' name='x'><bpmn:script>1</bpmn:script></bpmn:scriptTask>",
        "<bpmn:sendTask id='x' name='x'/>",
        "<bpmn:receiveTask id='x' name='x'/>",
        "<bpmn:manualTask id='x' name='x'/>",
        "<bpmn:task id='x' name='x'/>",
        "<bpmn:transaction id='x' name='x'/>",
        "<bpmn:adHocSubProcess id='x' name='x'/>",
        "<bpmn:complexGateway id='x' name='x'/>",
        "<bpmn:dataObject id='x' name='x'/>",
        "<bpmn:dataStoreReference id='x' name='x'/>",
    ],
)
def test_what_the_engine_does_not_know_is_refused(element: str) -> None:
    files = edited(WORK, ("<bpmn:sequenceFlow", f"{element}<bpmn:sequenceFlow"))
    assert ("x", "unsupported") in [(problem.node, problem.code) for problem in problems(files)]


@pytest.mark.parametrize(
    "inside",
    [
        "<spiffworkflow:preScript>data = 1</spiffworkflow:preScript>",
        "<spiffworkflow:postScript>import os</spiffworkflow:postScript>",
        "<spiffworkflow:serviceTaskOperator id='http/Get'/>",
    ],
)
def test_scripts_and_operators_of_other_tools_are_refused(inside: str) -> None:
    files = edited(
        WORK,
        (
            '<spiffworkflow:properties><spiffworkflow:property name="name_en" value="The work"',
            f'{inside}<spiffworkflow:properties><spiffworkflow:property name="name_en" value="The work"',
        ),
    )
    assert ("work", "unsupported") in [(problem.node, problem.code) for problem in problems(files)]


def test_a_standard_loop_is_refused() -> None:
    loop = '<bpmn:standardLoopCharacteristics loopMaximum="3"/></bpmn:userTask>'
    files = edited(WORK, ("</bpmn:userTask>", loop))
    assert ("work", "unsupported") in [(problem.node, problem.code) for problem in problems(files)]


def test_a_process_must_be_called_as_its_file_is() -> None:
    files = {"tested/other.bpmn": WORK["tested/tested.bpmn"], "tested/forms/form.json": FORM}
    assert [(problem.node, problem.code) for problem in problems(files)] == [("tested", "bad_id")]


def test_a_table_must_be_called_as_its_file_is() -> None:
    files = {
        **drawn(LINE, rule("work", "tier")),
        "tested/tier.dmn": table("other", "FIRST", ["a"], ["b"], [(["-"], ["1"])]),
    }
    assert ("other", "bad_id") in [(problem.node, problem.code) for problem in problems(files)]


def test_problems_of_forms_and_tables_are_told_with_their_files() -> None:
    files = {
        **drawn("start -> choose -> work -> done", rule("choose", "tier"), user("work")),
        "tested/tier.dmn": table("tier", "ANY", ["a"], ["b"], [(["-"], ["1"])]),
        "tested/forms/form.json": b'{"type": "object", "properties": {}}',
    }
    told = {(problem.file, problem.code) for problem in problems(files)}
    assert {("tested/tier.dmn", "bad_decision"), ("tested/forms/form.json", "bad_form")} <= told


def test_ids_are_not_used_twice_in_a_process_and_those_it_calls() -> None:
    files = {
        **drawn("start -> phase -> done", call("phase", "part")),
        **process("part", "start -> finished"),
    }
    assert ("start", "duplicate_id", "part/part.bpmn") in [
        (problem.node, problem.code, problem.file) for problem in problems(files)
    ]


def test_circles_of_calls_are_refused() -> None:
    files = {
        **drawn("start -> phase -> done", call("phase", "part")),
        **process("part", "part_start -> back -> part_done", call("back", "tested")),
    }
    assert {problem.code for problem in problems(files)} == {"calls_itself"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bad_xml"),
        (b"not xml", "bad_xml"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + WORK["tested/tested.bpmn"], "bad_xml"),
        (b"<bpmn:definitions xmlns:bpmn='http://www.omg.org/spec/BPMN/20100524/MODEL'/>", "one_process"),
        (WORK["tested/tested.bpmn"].replace(b' sourceRef="start"', b""), "bad_xml"),
        (b" " * 2_000_001, "bad_xml"),
    ],
)
def test_what_is_no_diagram(content: bytes, code: str) -> None:
    assert code in [problem.code for problem in problems({**WORK, "tested/tested.bpmn": content})]


def test_a_diagram_with_too_many_nodes_is_refused_not_choked_on() -> None:
    names = [f"n{number}" for number in range(301)]
    files = drawn(" -> ".join(["start", *names, "done"]), *[milestone(name) for name in names])
    assert [(problem.node, problem.code) for problem in problems(files)] == [("tested", "too_large")]


def test_the_largest_diagram_allowed_compiles() -> None:
    names = [f"n{number}" for number in range(298)]
    assert problems(drawn(" -> ".join(["start", *names, "done"]), *[milestone(name) for name in names])) == []


def test_all_problems_are_told_at_once_and_in_order() -> None:
    files = drawn(
        "start -> work -> which\nwhich -> a : 1 +\nwhich -> b",
        user("work", form="none", due="soon", keep="x"),
        exclusive("which"),
        service("a", "steps.unknown"),
    )
    told = [(problem.node, problem.code) for problem in problems(files)]
    assert told == [
        ("a", "dead_end"),
        ("a", "unknown_step"),
        ("which__a", "bad_expression"),
        ("work", "bad_due"),
        ("work", "unknown_form"),
    ]
