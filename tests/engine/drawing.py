"""Draws small models for tests: a few lines of text become the BPMN file that an author would have drawn.

    process("loop", '''
        start -> visit -> more
        more -> visit : again
        more -> done
    ''', user("visit", keep="again"), exclusive("more"))

A line is a chain of flows; ` : expression` at its end is the condition of its last flow; a flow without a condition out
of an exclusive or inclusive gateway is the default one. Nodes that are not given are made: the first name is the start
event, what leads nowhere is an end event, everything else a service node that calls the step of its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
)
FORM = """{
  "type": "object", "title": "表", "title_en": "Form", "additionalProperties": false,
  "properties": {
    "again": {"type": "boolean", "title": "再", "title_en": "Again"},
    "answer": {"type": "string", "maxLength": 100, "title": "答", "title_en": "Answer"},
    "number": {"type": "integer", "title": "数", "title_en": "Number"},
    "secret": {"type": "boolean", "title": "密", "title_en": "Secret", "x-sensitive": true}
  }
}""".encode()


@dataclass
class Drawn:
    """One node as XML."""

    id: str
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    inside: str = ""  # child elements after the flows

    def xml(self, incoming: list[str], outgoing: list[str], default: str | None) -> str:
        attributes = {"id": self.id, "name": f"名 {self.id}", **self.attributes}
        if default:
            attributes["default"] = default
        properties = {"name_en": f"The {self.id}", **self.properties}
        called = properties.pop("calledDecisionId", "")
        return (
            f"<bpmn:{self.tag} {' '.join(f'{key}={quoteattr(value)}' for key, value in attributes.items())}>"
            "<bpmn:extensionElements>"
            + (f"<spiffworkflow:calledDecisionId>{called}</spiffworkflow:calledDecisionId>" if called else "")
            + f"{_properties(properties)}</bpmn:extensionElements>"
            + "".join(f"<bpmn:incoming>{flow}</bpmn:incoming>" for flow in incoming)
            + "".join(f"<bpmn:outgoing>{flow}</bpmn:outgoing>" for flow in outgoing)
            + f"{self.inside}</bpmn:{self.tag}>"
        )


def _properties(properties: Mapping[str, str]) -> str:
    items = "".join(
        f"<spiffworkflow:property name={quoteattr(name)} value={quoteattr(value)}/>"
        for name, value in properties.items()
    )
    return f"<spiffworkflow:properties>{items}</spiffworkflow:properties>"


def user(id: str, **properties: str) -> Drawn:
    """A user task with the test form."""
    return Drawn(id, "userTask", {}, {"form": "form", "due": "P3D", **properties})


def service(id: str, step: str | None = None) -> Drawn:
    """A service node; by default its step is called as the node."""
    return Drawn(id, "serviceTask", {}, {"step": f"steps.{id}" if step is None else step})


def rule(id: str, table: str, **properties: str) -> Drawn:
    """A business rule node."""
    return Drawn(id, "businessRuleTask", {}, {"calledDecisionId": table, **properties})


def exclusive(id: str) -> Drawn:
    return Drawn(id, "exclusiveGateway")


def inclusive(id: str) -> Drawn:
    return Drawn(id, "inclusiveGateway")


def parallel(id: str) -> Drawn:
    return Drawn(id, "parallelGateway")


def event_gateway(id: str) -> Drawn:
    return Drawn(id, "eventBasedGateway")


def end(id: str, kind: str = "") -> Drawn:
    """A plain end, or kind "terminate" or "error:<code>"."""
    return Drawn(id, "endEvent", inside=_definition(kind))


def milestone(id: str) -> Drawn:
    return Drawn(id, "intermediateThrowEvent")


def catch(id: str, kind: str, **properties: str) -> Drawn:
    """kind: message:<name>, timer:<duration or expression> or date:<expression>."""
    return Drawn(id, "intermediateCatchEvent", {}, properties, inside=_definition(kind))


def boundary(id: str, on: str, kind: str, *, interrupting: bool = True, **properties: str) -> Drawn:
    """kind as for `catch`, or error:<code>."""
    attributes = {"attachedToRef": on, "cancelActivity": str(interrupting).lower()}
    return Drawn(id, "boundaryEvent", attributes, properties, inside=_definition(kind))


def call(id: str, process: str) -> Drawn:
    return Drawn(id, "callActivity", {"calledElement": process})


def sub(id: str, flows: str, *nodes: Drawn) -> Drawn:
    """A sub-process."""
    return Drawn(id, "subProcess", inside=_scope(flows, nodes))


def event_sub(id: str, kind: str, flows: str, *nodes: Drawn, interrupting: bool = True) -> Drawn:
    """An event sub-process; the first name in its flows is its start event."""
    start = flows.split()[0]
    begin = Drawn(start, "startEvent", {"isInterrupting": str(interrupting).lower()}, inside=_definition(kind))
    return Drawn(id, "subProcess", {"triggeredByEvent": "true"}, inside=_scope(flows, (begin, *nodes)))


def many(node: Drawn, *, sequential: bool = False, **parts: str) -> Drawn:
    """Make a node run several times. parts: count, over, item, into, result, until."""
    inside = ""
    for part, tag in (("count", "loopCardinality"), ("over", "loopDataInputRef"), ("into", "loopDataOutputRef")):
        if part in parts:
            inside += f"<bpmn:{tag}>{escape(parts[part])}</bpmn:{tag}>"
    for part, tag in (("item", "inputDataItem"), ("result", "outputDataItem")):
        if part in parts:
            inside += f'<bpmn:{tag} id="{node.id}_{part}" name="{parts[part]}"/>'
    if "until" in parts:
        inside += f"<bpmn:completionCondition>{escape(parts['until'])}</bpmn:completionCondition>"
    tag = "bpmn:multiInstanceLoopCharacteristics"
    loop = f'<{tag} isSequential="{str(sequential).lower()}">{inside}</{tag}>'
    return Drawn(node.id, node.tag, node.attributes, node.properties, loop + node.inside)


def _definition(kind: str) -> str:
    name, _, value = kind.partition(":")
    if name == "message":
        return f'<bpmn:messageEventDefinition messageRef="message_{value}"/>'
    if name in ("timer", "date"):
        tag = "bpmn:timeDuration" if name == "timer" else "bpmn:timeDate"
        return f"<bpmn:timerEventDefinition><{tag}>{escape(value)}</{tag}></bpmn:timerEventDefinition>"
    if name == "error":
        return f'<bpmn:errorEventDefinition errorRef="error_{value}"/>'
    return "<bpmn:terminateEventDefinition/>" if name == "terminate" else ""


@dataclass
class _Flow:
    source: str
    target: str
    condition: str

    @property
    def id(self) -> str:
        return f"{self.source}__{self.target}"


def _flows(text: str) -> tuple[list[_Flow], list[str]]:
    flows, names = [], []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        chain, _, condition = line.partition(" : ")
        stops = [stop.strip() for stop in chain.split("->")]
        names += stops
        pairs = list(pairwise(stops))
        flows += [_Flow(a, b, condition if (a, b) == pairs[-1] else "") for a, b in pairs]
    return flows, list(dict.fromkeys(names))


def _made(name: str, flows: list[_Flow], first: str) -> Drawn:
    if name == first:
        return Drawn(name, "startEvent")
    if not any(flow.source == name for flow in flows):
        return end(name)
    return service(name)


def _scope(text: str, nodes: tuple[Drawn, ...]) -> str:
    flows, names = _flows(text)
    drawn = {node.id: node for node in nodes}
    for name in names:
        drawn.setdefault(name, _made(name, flows, names[0]))
    xml = ""
    for node in drawn.values():
        out = [flow for flow in flows if flow.source == node.id]
        default = None
        if node.tag in ("exclusiveGateway", "inclusiveGateway") and len(out) > 1:
            default = next((flow.id for flow in out if not flow.condition), None)
        xml += node.xml([flow.id for flow in flows if flow.target == node.id], [flow.id for flow in out], default)
    for flow in flows:
        condition = (
            f"<bpmn:conditionExpression>{escape(flow.condition)}</bpmn:conditionExpression>" if flow.condition else ""
        )
        xml += (
            f'<bpmn:sequenceFlow id="{flow.id}" sourceRef="{flow.source}" targetRef="{flow.target}">'
            f"{condition}</bpmn:sequenceFlow>"
        )
    return xml


def process(id: str, flows: str, *nodes: Drawn, role: str = "caseworker") -> dict[str, bytes]:
    """The files of a process: its diagram and the test form. All its nodes are in one lane."""
    body = _scope(flows, nodes)
    drawn = {node.id for node in nodes} | set(_flows(flows)[1])
    messages = sorted({part.split('"')[0] for part in body.split('messageRef="message_')[1:]})
    errors = sorted({part.split('"')[0] for part in body.split('errorRef="error_')[1:]})
    head = "".join(f'<bpmn:message id="message_{name}" name="{name}"/>' for name in messages)
    head += "".join(f'<bpmn:error id="error_{name}" name="{name}" errorCode="{name}"/>' for name in errors)
    references = "".join(f"<bpmn:flowNodeRef>{name}</bpmn:flowNodeRef>" for name in sorted(drawn))
    xml = (
        f'<bpmn:definitions {NAMESPACES} id="definitions_{id}" targetNamespace="http://jieqin.example/bpmn">{head}'
        f'<bpmn:process id="{id}" name="流程 {id}" isExecutable="true">'
        f"<bpmn:extensionElements>{_properties({'name_en': f'Process {id}'})}</bpmn:extensionElements>"
        f'<bpmn:laneSet id="lanes_{id}"><bpmn:lane id="lane_{role}_{id}" name="专干">'
        f"<bpmn:extensionElements>{_properties({'role': role, 'name_en': 'Lane'})}</bpmn:extensionElements>"
        f"{references}</bpmn:lane></bpmn:laneSet>{body}</bpmn:process></bpmn:definitions>"
    )
    return {f"{id}/{id}.bpmn": xml.encode(), f"{id}/forms/form.json": FORM}


def table(
    id: str, policy: str, inputs: list[str], outputs: list[str], rules: list[tuple[list[str], list[str]]], **values: str
) -> bytes:
    """A decision table. `values`: allowed values by output, as DMN writes them: `'"A","B"'`."""
    body = ""
    for index, name in enumerate(inputs):
        text = f'<inputExpression id="e_{index}"><text>{escape(name)}</text></inputExpression>'
        body += f'<input id="in_{index}" label="{escape(name)}">{text}</input>'
    for index, name in enumerate(outputs):
        text = (
            f'<outputValues id="v_{index}"><text>{escape(values[name])}</text></outputValues>' if name in values else ""
        )
        body += f'<output id="out_{index}" label="{name}" name="{name}">{text}</output>'
    for number, (tests, results) in enumerate(rules, 1):
        body += f'<rule id="r{number}"><description>row {number}</description>'
        for kind, cells in (("input", tests), ("output", results)):
            for index, text in enumerate(cells):
                body += f'<{kind}Entry id="{kind}_{number}_{index}"><text>{escape(text)}</text></{kind}Entry>'
        body += "</rule>"
    return (
        f'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d_{id}" name="{id}" namespace="urn:x">'
        f'<decision id="{id}" name="表 {id}"><decisionTable id="t_{id}" hitPolicy="{policy}">{body}</decisionTable>'
        "</decision></definitions>"
    ).encode()
