"""What a model must hold to before it may be deployed. Every problem is found, not only the first.

The rules are what bpmn/README.md promises to authors; a model that passes can be parsed, and runs without meeting
anything the engine does not know.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping
from typing import Any

from lxml import etree
from SpiffWorkflow.spiff.parser.process import VALIDATOR

from workflows.engine import xmlfile
from workflows.engine.durations import is_duration, working_days
from workflows.engine.expressions import ExpressionRefused, parse
from workflows.engine.model import Node, Problem
from workflows.engine.parser import timer_expression
from workflows.engine.reading import (
    ACTIVITIES,
    GATEWAYS,
    KINDS,
    Diagram,
    event_definitions,
    flows_of,
    kind_of,
    local_name,
    nodes_of,
    tag,
    text_of,
)

MAX_NODES = 300  # per diagram
NODE_ID = re.compile(r"[a-z][a-z0-9_]{0,59}")
_KEY = re.compile(r"at:[a-z_]\w*")

_PROPERTIES: Mapping[str, frozenset[str]] = {
    "user": frozenset({"form", "due", "priority", "not_same_as", "assignee", "keep", "outcome", "step", "unit"})
    | {"closed_to", "pausable"},
    "service": frozenset({"step"}),
    "rule": frozenset({"facts"}),
    "catch": frozenset({"pausable"}),
    "boundary": frozenset({"pausable"}),
}
# Elements that may stand in a process besides nodes.
_FURNITURE = frozenset(
    {
        "laneSet", "sequenceFlow", "extensionElements", "documentation", "textAnnotation", "association", "group",
        "incoming", "outgoing", "multiInstanceLoopCharacteristics",
    }
)  # fmt: skip

# node kind → events it may have
_EVENTS: Mapping[str, frozenset[str]] = {
    "start": frozenset({""}),
    "end": frozenset({"", "error", "terminate"}),
    "catch": frozenset({"message", "timer"}),
    "milestone": frozenset({""}),
    "boundary": frozenset({"message", "timer", "error"}),
}


class Checker:
    """Checks one diagram; `forms` and `tables` are what its process can refer to."""

    def __init__(
        self, diagram: Diagram, nodes: Mapping[str, Node], forms: Mapping[str, Any], tables: Container[str]
    ) -> None:
        self.diagram = diagram
        self.nodes = nodes
        self.forms = forms
        self.tables = tables

    def problems(self) -> Iterator[Problem]:
        """All problems of the diagram itself."""
        for problem in self._raw():
            yield Problem(problem[0], problem[1], problem[2], self.diagram.path)

    def _raw(self) -> Iterator[tuple[str, str, str]]:
        yield from _xml(self.diagram)
        yield from self._process()
        for element in self.diagram.elements.values():
            yield from self._node(element)
        for scope in self.diagram.scopes():
            yield from _scope(scope)

    def _process(self) -> Iterator[tuple[str, str, str]]:
        process = self.diagram.process
        if not self.diagram.path.endswith(f"{self.diagram.id}.bpmn"):
            yield self.diagram.id, "bad_id", "the process must be called as its file is"
        yield from _labels(process)
        if len(self.diagram.elements) > MAX_NODES:
            yield self.diagram.id, "too_large", f"more than {MAX_NODES} nodes"
        for lane in process.iter(tag("lane")):
            yield from _labels(lane)
            if not xmlfile.properties(lane).get("role"):
                yield lane.get("id", ""), "lane_without_role", "a lane needs the property role"

    def _node(self, element: etree._Element) -> Iterator[tuple[str, str, str]]:
        node = self.nodes[element.get("id", "")]
        if not NODE_ID.fullmatch(node.id):
            yield node.id, "bad_id", "ids are written in small letters with underscores"
        if node.kind not in GATEWAYS or node.name:
            yield from _labels(element)
        if not node.role:
            yield node.id, "no_lane", "the node stands in no lane with a role"
        yield from self._unknown_properties(element, node)
        yield from _pausable(element, node)
        yield from _loop_characteristics(element)
        if node.kind in _EVENTS:
            yield from self._event(element, node)
        if node.kind == "user":
            yield from self._user(node)
        elif node.kind == "service" and not node.step:
            yield node.id, "no_step", "a service node needs the property step"
        elif node.kind == "rule" and node.decision not in self.tables:
            yield node.id, "unknown_decision", f"there is no decision table {node.decision!r}"

    def _unknown_properties(self, element: etree._Element, node: Node) -> Iterator[tuple[str, str, str]]:
        known = _PROPERTIES.get(node.kind, frozenset()) | {"name_en"}
        for name in xmlfile.properties(element).keys() - known:
            yield node.id, "unknown_property", f"a {node.kind} node has no property {name}"

    def _user(self, node: Node) -> Iterator[tuple[str, str, str]]:
        form = self.forms.get(node.form)
        if form is None:
            yield node.id, "unknown_form", f"there is no form {node.form!r}"
        else:
            fields = form.get("properties", {})
            for name in (*node.keep, *([node.outcome] if node.outcome else [])):
                if name not in fields:
                    yield node.id, "unknown_field", f"the form {node.form} has no field {name}"
                elif isinstance(fields[name], dict) and fields[name].get("x-sensitive"):
                    yield node.id, "sensitive_field", f"{name} is sensitive: process data and trace never hold it"
        if not node.due:
            yield node.id, "no_due", "a user task needs the property due"
        elif not (is_duration(node.due) or working_days(node.due) is not None or _KEY.fullmatch(node.due)):
            yield node.id, "bad_due", f"{node.due!r} is neither a duration nor working days nor at:<key>"
        yield from self._user_details(node)

    def _user_details(self, node: Node) -> Iterator[tuple[str, str, str]]:
        element = self.diagram.elements[node.id]
        priority = xmlfile.properties(element).get("priority", "0")
        if not priority.isdecimal() or int(priority) > 100:
            yield node.id, "bad_priority", "priority is a whole number from 0 to 100"
        for other in node.not_same_as:
            if other not in self.nodes or self.nodes[other].kind != "user":
                yield node.id, "unknown_node", f"not_same_as names {other!r}, which is no user task"
        if not re.fullmatch(r"own|(partner|unit):[a-z_]\w*", node.unit):
            yield node.id, "bad_unit", "unit is own, partner:<key> or unit:<key>"
        if node.role == "system":
            yield node.id, "system_user", "nobody does the user tasks of the system"

    def _event(self, element: etree._Element, node: Node) -> Iterator[tuple[str, str, str]]:
        allowed = _EVENTS[node.kind]
        if node.kind == "start" and kind_of(_parent(element)) == "event_subprocess":
            allowed = frozenset({"message", "timer"})
        if len(event_definitions(element)) > 1 or node.event not in allowed:
            yield node.id, "bad_event", f"a {node.kind} event here may be: {', '.join(sorted(allowed)) or 'plain'}"
        elif node.event == "message" and not node.message:
            yield node.id, "unknown_message", "the message it names is not in the file"
        elif node.event == "message" and not NODE_ID.fullmatch(node.message):
            yield node.id, "bad_id", f"message {node.message!r}: small letters with underscores"
        elif node.event == "timer":
            yield from _timer(element)
        elif node.event == "error":
            yield from self._error(element)
        if node.kind == "boundary":
            yield from self._boundary(element, node)

    def _error(self, element: etree._Element) -> Iterator[tuple[str, str, str]]:
        reference = event_definitions(element)[0].get("errorRef")
        known = {error.get("id"): error.get("errorCode") for error in self.diagram.root.iter(tag("error"))}
        if reference not in known:
            yield element.get("id", ""), "unknown_error", "the error it names is not in the file"
        elif not known[reference]:
            yield element.get("id", ""), "unknown_error", "an error needs an errorCode"

    def _boundary(self, element: etree._Element, node: Node) -> Iterator[tuple[str, str, str]]:
        attached = nodes_of(_parent(element)).get(element.get("attachedToRef", ""))
        kind = kind_of(attached) if attached is not None else ""
        if kind not in ("user", "subprocess", "call"):
            yield node.id, "bad_boundary", "boundary events belong to user tasks, sub-processes and called processes"
        elif node.event == "error" and kind == "user":
            yield node.id, "bad_boundary", "errors come out of sub-processes and called processes only"
        if node.event == "error" and element.get("cancelActivity", "true") != "true":
            yield node.id, "bad_boundary", "an error always interrupts"


def _pausable(element: etree._Element, node: Node) -> Iterator[tuple[str, str, str]]:
    """Only a timer or a user task stands still, and never a clock of hours: those are for somebody in danger."""
    given = xmlfile.properties(element).get("pausable")
    if given is None:
        return
    if given != "true":
        yield node.id, "bad_pausable", "pausable is true, or not there"
    elif node.kind != "user" and node.event != "timer":
        yield node.id, "bad_pausable", "only user tasks and timers can stand still"
    elif any(is_duration(text) and "T" in text for text in (node.due, *_timer_texts(element))):
        yield node.id, "bad_pausable", "a clock of hours or minutes never stands still"


def _timer_texts(element: etree._Element) -> list[str]:
    """What the timers of an event say, without quotes."""
    definitions = event_definitions(element)
    return [text_of(each, name).strip("\"'") for each in definitions for name in ("timeDuration", "timeDate")]


def _parent(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    assert parent is not None  # nodes stand in a process
    return parent


def _xml(diagram: Diagram) -> Iterator[tuple[str, str, str]]:
    schema = VALIDATOR.validator
    if not schema.validate(diagram.root):
        for error in list(schema.error_log)[:20]:
            yield "", "bad_xml", f"line {error.line}: {error.message}"
    for scope in diagram.scopes():
        for child in scope.iterchildren("*"):
            name = local_name(child)
            if name and name not in KINDS and name not in _FURNITURE:
                yield child.get("id", ""), "unsupported", f"{name} is not supported"
    for element in diagram.process.iter("*"):
        yield from _unsupported_parts(element)


_REFUSED = frozenset(
    {"ioSpecification", "dataInputAssociation", "dataOutputAssociation", "standardLoopCharacteristics", "script"}
)


def _unsupported_parts(element: etree._Element) -> Iterator[tuple[str, str, str]]:
    around = (element, *element.iterancestors())
    owner = next((each.get("id", "") for each in around if local_name(each) and each.get("id")), "")
    if local_name(element) in _REFUSED:
        yield owner, "unsupported", f"{local_name(element)} is not supported"
    name = etree.QName(element)
    if name.namespace == xmlfile.SPIFF and name.localname not in ("properties", "property", "calledDecisionId"):
        yield owner, "unsupported", f"the extension {name.localname} is not supported"


def _labels(element: etree._Element) -> Iterator[tuple[str, str, str]]:
    if not (element.get("name") or "").strip():
        yield element.get("id", ""), "no_name", "it needs a name (Chinese)"
    if not xmlfile.properties(element).get("name_en", "").strip():
        yield element.get("id", ""), "no_name_en", "it needs the property name_en"


def _expression(owner: str, text: str) -> Iterator[tuple[str, str, str]]:
    try:
        parse(text)
    except ExpressionRefused as error:
        yield owner, "bad_expression", str(error)


def _timer(element: etree._Element) -> Iterator[tuple[str, str, str]]:
    definition = event_definitions(element)[0]
    texts = [text_of(definition, name) for name in ("timeDuration", "timeDate") if text_of(definition, name)]
    if len(texts) != 1 or definition.find(tag("timeCycle")) is not None:
        yield element.get("id", ""), "bad_timer", "a timer has either a timeDuration or a timeDate"
    else:
        yield from _expression(element.get("id", ""), timer_expression(texts[0]))


def _loop_characteristics(element: etree._Element) -> Iterator[tuple[str, str, str]]:
    loop = element.find(tag("multiInstanceLoopCharacteristics"))
    if loop is None:
        return
    owner = element.get("id", "")
    if kind_of(element) not in ACTIVITIES:
        yield owner, "bad_loop", "only activities run several times"
    count, collection = text_of(loop, "loopCardinality"), text_of(loop, "loopDataInputRef")
    if bool(count) == bool(collection):
        yield owner, "bad_loop", "either loopCardinality or loopDataInputRef is needed"
    elif count:
        yield from _expression(owner, count)
    output, output_item = text_of(loop, "loopDataOutputRef"), loop.find(tag("outputDataItem"))
    if bool(output) != (output_item is not None):
        yield owner, "bad_loop", "loopDataOutputRef and outputDataItem go together"
    items = [item for item in (loop.find(tag("inputDataItem")), output_item) if item is not None]
    for name in (
        *(item.get("name") or item.get("id") or "" for item in items),
        *(text for text in (collection, output) if text),
    ):
        if not name.isidentifier():
            yield owner, "bad_loop", f"{name!r} cannot be a key of the process data"
    if text_of(loop, "completionCondition"):
        yield from _expression(owner, text_of(loop, "completionCondition"))


# -- how nodes are connected ----------------------------------------------------------------------------------------

_Graph = Mapping[str, list[str]]


def _scope(scope: etree._Element) -> Iterator[tuple[str, str, str]]:
    nodes = nodes_of(scope)
    owner = scope.get("id", "")
    kinds = Counter(kind_of(element) for element in nodes.values())
    if kinds["start"] != 1:
        yield owner, "one_start", "a process or sub-process has exactly one start event"
    if not kinds["end"]:
        yield owner, "no_end", "a process or sub-process needs an end event"
    flows = flows_of(scope)
    for flow in flows:
        if flow.get("sourceRef") not in nodes or flow.get("targetRef") not in nodes:
            yield flow.get("id", ""), "bad_flow", "a flow joins two nodes of the same scope"
    if all(flow.get("sourceRef") in nodes and flow.get("targetRef") in nodes for flow in flows):
        for element in nodes.values():
            yield from _connections(element, flows)
        yield from _joins(nodes, _graph(nodes, flows))


def _graph(nodes: Mapping[str, etree._Element], flows: list[etree._Element]) -> _Graph:
    graph: dict[str, list[str]] = defaultdict(list)
    for flow in flows:
        graph[flow.get("sourceRef", "")].append(flow.get("targetRef", ""))
    for name, element in nodes.items():
        if kind_of(element) == "boundary":
            graph[element.get("attachedToRef", "")].append(name)
    return graph


def _connections(element: etree._Element, flows: list[etree._Element]) -> Iterator[tuple[str, str, str]]:
    name, kind = element.get("id", ""), kind_of(element)
    out = [flow for flow in flows if flow.get("sourceRef") == name]
    sources = [flow.get("sourceRef") for flow in flows if flow.get("targetRef") == name]
    alone = kind == "event_subprocess"
    if kind in ("start", "boundary") or alone:
        if sources:
            yield name, "bad_flow", "no flow may lead here"
    elif not sources:
        yield name, "unreachable", "no flow leads here"
    if kind == "end" or alone:
        if out:
            yield name, "bad_flow", "no flow may lead on from here"
    elif not out:
        yield name, "dead_end", "no flow leads on from here"
    elif len(out) > 1 and kind not in GATEWAYS:
        yield name, "implicit_split", "only gateways have several flows out"
    if len(set(sources)) < len(sources):
        yield name, "duplicate_flow", "two flows join the same nodes"
    yield from _conditions(element, kind, out)
    if kind == "event_gateway":
        yield from _event_gateway(element, out, flows)


def _conditions(element: etree._Element, kind: str, out: list[etree._Element]) -> Iterator[tuple[str, str, str]]:
    name, default = element.get("id", ""), element.get("default")
    decides = kind in ("exclusive", "inclusive") and len(out) > 1
    if decides and default not in [flow.get("id") for flow in out]:
        yield name, "no_default", "a gateway with several ways out needs a default one, for when no condition holds"
    for flow in out:
        condition = text_of(flow, "conditionExpression")
        if decides and flow.get("id") != default:
            if condition:
                yield from _expression(flow.get("id", ""), condition)
            else:
                yield flow.get("id", ""), "no_condition", "a way out that is not the default needs a condition"
        elif condition:
            yield flow.get("id", ""), "idle_condition", "this condition would never be asked"


def _event_gateway(
    element: etree._Element, out: list[etree._Element], flows: list[etree._Element]
) -> Iterator[tuple[str, str, str]]:
    nodes = nodes_of(_parent(element))
    targets = [flow.get("targetRef", "") for flow in out]
    arrivals = Counter(flow.get("targetRef", "") for flow in flows)
    if len(targets) < 2:
        yield element.get("id", ""), "bad_event_gateway", "it needs at least two events to wait for"
    for target in targets:
        if kind_of(nodes[target]) != "catch" or arrivals[target] != 1:
            yield target, "bad_event_gateway", "behind an event-based gateway stand catch events that it alone leads to"


def _joins(nodes: Mapping[str, etree._Element], graph: _Graph) -> Iterator[tuple[str, str, str]]:
    """A parallel join with a way in that can be reached through itself only would wait for itself for ever."""
    starts = [name for name, element in nodes.items() if kind_of(element) == "start"]
    for name, element in nodes.items():
        sources = [source for source, targets in graph.items() if name in targets]
        if kind_of(element) == "parallel" and len(sources) > 1:
            before = _reached(graph, starts, without=name)
            for source in sources:
                if source not in before and source in _reached(graph, graph.get(name, []), without=""):
                    yield name, "join_in_loop", f"the way in from {source} comes back from the join itself"


def _reached(graph: _Graph, starts: list[str], *, without: str) -> set[str]:
    todo, seen = list(starts), {without}
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += graph.get(name, [])
    return seen - {without}
