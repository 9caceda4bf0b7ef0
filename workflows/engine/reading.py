"""Diagrams as files and XML: which belong together, which nodes they hold."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from workflows.engine import xmlfile
from workflows.engine.model import DEFAULT_PRIORITY, Node, Problem

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"

KINDS: Mapping[str, str] = {
    "userTask": "user",
    "serviceTask": "service",
    "businessRuleTask": "rule",
    "exclusiveGateway": "exclusive",
    "inclusiveGateway": "inclusive",
    "parallelGateway": "parallel",
    "eventBasedGateway": "event_gateway",
    "startEvent": "start",
    "endEvent": "end",
    "intermediateCatchEvent": "catch",
    "intermediateThrowEvent": "milestone",
    "boundaryEvent": "boundary",
    "subProcess": "subprocess",  # or event_subprocess
    "callActivity": "call",
}
"""The elements that are nodes, and what we call them."""

ACTIVITIES = frozenset({"user", "service", "rule", "subprocess", "call"})
GATEWAYS = frozenset({"exclusive", "inclusive", "parallel", "event_gateway"})
EVENTS: Mapping[str, str] = {
    "messageEventDefinition": "message",
    "timerEventDefinition": "timer",
    "errorEventDefinition": "error",
    "terminateEventDefinition": "terminate",
}


def tag(name: str) -> str:
    """A BPMN element's name as lxml writes it."""
    return f"{{{BPMN}}}{name}"


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace; "" for foreign elements."""
    name = etree.QName(element)
    return name.localname if name.namespace == BPMN else ""


def kind_of(element: etree._Element) -> str:
    """One of KINDS' values, or ""."""
    kind = KINDS.get(local_name(element), "")
    return "event_subprocess" if kind == "subprocess" and element.get("triggeredByEvent") == "true" else kind


def text_of(element: etree._Element, name: str) -> str:
    """The text of a child element, stripped; "" when there is none."""
    return (element.findtext(tag(name)) or "").strip()


def event_definitions(element: etree._Element) -> list[etree._Element]:
    """The event definitions of an event."""
    return [child for child in element.iterchildren("*") if local_name(child).endswith("EventDefinition")]


def event_of(element: etree._Element) -> str:
    """message, timer, error, terminate, another definition's own name, or "" for a plain event."""
    names = [local_name(child) for child in event_definitions(element)]
    return EVENTS.get(names[0], names[0]) if names else ""


@dataclass(frozen=True)
class Diagram:
    """One BPMN file with its one process."""

    path: str
    root: etree._Element = field(repr=False)
    process: etree._Element = field(repr=False)

    @property
    def id(self) -> str:
        return self.process.get("id", "")

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @cached_property
    def elements(self) -> dict[str, etree._Element]:
        """The elements of all nodes by id, those inside sub-processes too."""
        return {element.get("id", ""): element for element in self.process.iter("*") if kind_of(element)}

    @cached_property
    def messages(self) -> dict[str, str]:
        """Names of the messages by their ids in the file."""
        return {message.get("id", ""): message.get("name", "") for message in self.root.iter(tag("message"))}

    @cached_property
    def lanes(self) -> dict[str, str]:
        """The role of the lane that each node is drawn in."""
        roles: dict[str, str] = {}
        for lane in self.process.iter(tag("lane")):
            for reference in lane.findall(tag("flowNodeRef")):
                roles[(reference.text or "").strip()] = xmlfile.properties(lane).get("role", "")
        return roles

    def role(self, element: etree._Element) -> str:
        """The role of the lane of a node, or of the sub-process it is in."""
        for each in (element, *element.iterancestors()):
            if each.get("id") in self.lanes:
                return self.lanes[each.get("id", "")]
        return ""

    def scopes(self) -> Iterator[etree._Element]:
        """The process and its sub-processes."""
        yield self.process
        yield from self.process.iter(tag("subProcess"))

    def called(self) -> list[str]:
        """The processes it calls."""
        return [each.get("calledElement", "") for each in self.process.iter(tag("callActivity"))]


def nodes_of(scope: etree._Element) -> dict[str, etree._Element]:
    """The elements of the nodes that stand directly in a process or sub-process."""
    return {child.get("id", ""): child for child in scope.iterchildren("*") if kind_of(child)}


def flows_of(scope: etree._Element) -> list[etree._Element]:
    """The sequence flows directly in a process or sub-process."""
    return list(scope.iterfind(tag("sequenceFlow")))


def read_diagrams(files: Mapping[str, bytes]) -> tuple[dict[str, Diagram], list[Problem]]:
    """The diagrams among the files by the id of their process, and what could not be read."""
    diagrams: dict[str, Diagram] = {}
    problems: list[Problem] = []
    for path in sorted(files):
        if not path.endswith(".bpmn"):
            continue
        try:
            root = xmlfile.read(files[path])
        except xmlfile.XmlRefused as error:
            problems.append(Problem("", "bad_xml", str(error), path))
            continue
        processes = list(root.iterfind(tag("process")))
        if len(processes) != 1:
            problems.append(Problem("", "one_process", "a file holds exactly one process", path))
        elif processes[0].get("id") in diagrams:
            problems.append(Problem(processes[0].get("id", ""), "duplicate_id", "two files have this process", path))
        else:
            diagram = Diagram(path, root, processes[0])
            diagrams[diagram.id] = diagram
    return diagrams, problems


def decision_of(element: etree._Element) -> str:
    """The decision table that a business rule node names."""
    found = element.findtext(f"{tag('extensionElements')}/{{{xmlfile.SPIFF}}}calledDecisionId")
    return (found or "").strip()


def names_in(text: str) -> tuple[str, ...]:
    """A comma list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def node_of(diagram: Diagram, element: etree._Element) -> Node:
    """An element as a node. Wrong values are for `checks` to find; here they fall back to the default."""
    given = xmlfile.properties(element)
    definitions = event_definitions(element)
    priority = given.get("priority", "")
    return Node(
        id=element.get("id", ""),
        kind=kind_of(element),
        process=diagram.id,
        name=element.get("name", ""),
        name_en=given.get("name_en", ""),
        role=diagram.role(element),
        event=event_of(element),
        message=diagram.messages.get(definitions[0].get("messageRef", ""), "") if definitions else "",
        form=given.get("form", ""),
        due=given.get("due", ""),
        priority=int(priority) if priority.isdecimal() else DEFAULT_PRIORITY,
        not_same_as=names_in(given.get("not_same_as", "")),
        assignee=given.get("assignee", ""),
        closed_to=given.get("closed_to", ""),
        keep=names_in(given.get("keep", "")),
        outcome=given.get("outcome", ""),
        step=given.get("step", ""),
        facts=given.get("facts", ""),
        decision=decision_of(element),
        unit=given.get("unit", "own"),
        called=element.get("calledElement", ""),
        pausable=given.get("pausable", "") == "true",
    )
