"""SpiffWorkflow's BPMN parser, taught to make our kinds of nodes. What may stand in a diagram is checked before (see
`checks`), so this parser meets only what it knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser, full_tag
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    EndEventParser,
    EventBasedGatewayParser,
    IntermediateCatchEventParser,
    IntermediateThrowEventParser,
    StartEventParser,
)
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import (
    CallActivityParser,
    ConditionalGatewayParser,
    GatewayParser,
    SubWorkflowParser,
)
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition

from workflows.engine.durations import NotATime, is_duration, moment
from workflows.engine.specs import activities, events, flow, gateways, nodes


def timer_expression(text: str) -> str:
    """A timer's text as an expression: a bare duration or time stands for itself."""
    text = text.strip()
    if is_duration(text):
        return repr(text)
    try:
        moment(text)
    except NotATime:
        return text
    return repr(text)


class _Activity:
    """What the parsers of activities have in common: our multi-instance and boundary classes."""

    PARALLEL_MI_CLASS = activities.ParallelMultiInstance
    SEQUENTIAL_MI_CLASS = activities.SequentialMultiInstance

    bpmn_id: str
    spec: Any
    task: Any
    process_parser: Any

    def _add_boundary_event(self, children: list[etree._Element]) -> Any:
        split = events.BoundarySplit(self.spec, f"{self.bpmn_id}.BoundaryEventSplit")  # the library looks for this name
        end = events.BoundaryEnd(self.spec, f"{self.bpmn_id}.BoundaryEnd")
        split.connect(self.task)
        self.task.connect(end)
        for element in children:
            event = self.process_parser.parse_node(element)
            split.connect(event)
            event.connect(end)
        return split


class _Task(_Activity, TaskParser):  # type: ignore[misc]
    pass


class _SubProcess(_Activity, SubWorkflowParser):  # type: ignore[misc]
    pass


class _CallActivity(_Activity, CallActivityParser):  # type: ignore[misc]
    pass


class _Event:
    """What the parsers of events have in common: our definitions of messages and timers."""

    process_parser: Any

    def parse_message_event(self, element: etree._Element) -> events.Message:
        return events.Message(self.process_parser.parser.messages[element.get("messageRef")])

    def parse_timer_event(self, element: etree._Element) -> events.Timer:
        texts = [element.findtext(full_tag(name)) for name in ("timeDuration", "timeDate")]
        return events.Timer(timer_expression("".join(filter(None, texts))))


class _StartEvent(_Event, StartEventParser):  # type: ignore[misc]
    pass


class _EndEvent(_Event, EndEventParser):  # type: ignore[misc]
    pass


class _IntermediateCatchEvent(_Event, IntermediateCatchEventParser):  # type: ignore[misc]
    pass


class _IntermediateThrowEvent(_Event, IntermediateThrowEventParser):  # type: ignore[misc]
    pass


class _BoundaryEvent(_Event, BoundaryEventParser):  # type: ignore[misc]
    pass


class _Process(ProcessParser):  # type: ignore[misc]
    def create_spec(self) -> flow.ProcessSpec:
        return flow.ProcessSpec(name=self.bpmn_id, description=self.get_name(), filename=self.filename)

    def add_tasks(self) -> None:
        self.parse_node(self.xpath("./bpmn:startEvent")[0])
        for element in self.xpath("./bpmn:subProcess[@triggeredByEvent='true']"):
            self._listen(element)

    def _listen(self, element: etree._Element) -> None:
        """An event sub-process: its start event is caught by a listener that stands beside the scope's start event."""
        inside = self.parse_node(element)
        (start,) = self.parser.process_parsers[inside.spec].get_spec().bpmn_start_events
        interrupting = self.get_node_by_id(start.name).get("isInterrupting", "true") == "true"
        listener = events.Listener(
            self.spec, f"{inside.name}.Listener", start.event_definition, interrupting=interrupting
        )
        start.event_definition = NoneEventDefinition()
        self.spec.start.connect(listener)
        listener.connect(inside)
        inside.connect(self.spec.end)


class Parser(BpmnParser):  # type: ignore[misc]
    """Makes specs of our kinds."""

    PROCESS_PARSER_CLASS = _Process
    OVERRIDE_PARSER_CLASSES: Mapping[str, tuple[type, type]] = {
        full_tag("userTask"): (_Task, nodes.UserTask),
        full_tag("serviceTask"): (_Task, nodes.ServiceTask),
        full_tag("businessRuleTask"): (_Task, nodes.BusinessRuleTask),
        full_tag("subProcess"): (_SubProcess, activities.SubProcess),
        full_tag("callActivity"): (_CallActivity, activities.SubProcess),
        full_tag("exclusiveGateway"): (ConditionalGatewayParser, gateways.ExclusiveGateway),
        full_tag("inclusiveGateway"): (ConditionalGatewayParser, gateways.InclusiveGateway),
        full_tag("parallelGateway"): (GatewayParser, gateways.ParallelGateway),
        full_tag("eventBasedGateway"): (EventBasedGatewayParser, events.EventBasedGateway),
        full_tag("startEvent"): (_StartEvent, events.StartEvent),
        full_tag("endEvent"): (_EndEvent, events.EndEvent),
        full_tag("intermediateCatchEvent"): (_IntermediateCatchEvent, events.IntermediateCatchEvent),
        full_tag("intermediateThrowEvent"): (_IntermediateThrowEvent, nodes.IntermediateThrowEvent),
        full_tag("boundaryEvent"): (_BoundaryEvent, events.BoundaryEvent),
    }


def parse_processes(roots: Iterable[etree._Element], process_id: str) -> tuple[Any, dict[str, Any]]:
    """The spec of a process, and those of all sub-processes and called processes by their ids."""
    parser = Parser()
    for root in roots:
        parser.add_bpmn_xml(root)
    spec = parser.get_spec(process_id)
    inner = parser.get_subprocess_specs(process_id)
    for each in (spec, *inner.values()):
        _add_reach(each)
    return spec, inner


def _add_reach(spec: Any) -> None:
    """Tell every inclusive join from which nodes its ways in can be reached without passing it."""
    for gateway in spec.task_specs.values():
        if isinstance(gateway, gateways.InclusiveGateway):
            reach: dict[str, set[str]] = defaultdict(set)
            for way_in in gateway._inputs:
                todo, seen = [way_in], {gateway.name}
                while todo:
                    name = todo.pop()
                    if name not in seen:
                        seen.add(name)
                        reach[name].add(way_in)
                        todo += spec.task_specs[name]._inputs
            gateway.reach = {name: frozenset(ways) for name, ways in reach.items()}
