"""Events: ends, and everything that is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import ErrorEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition, TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import (
    BoundaryEventMixin,
    BpmnSpecMixin,
    EndEventMixin,
    IntermediateCatchEventMixin,
    StartEventMixin,
)
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.durations import NotATime, due
from workflows.engine.specs.nodes import Node, ProcessFailed
from workflows.engine.specs.tokens import LIVE, cancel


class Message(EventDefinition):  # type: ignore[misc]
    """Waits for a message of this name."""


class Timer(EventDefinition):  # type: ignore[misc]
    """Waits for a time: a duration from now on, or a point of time."""

    def __init__(self, expression: str) -> None:
        super().__init__()
        self.expression = expression

    def due(self, task: Task) -> datetime:
        """When it falls due if it is set now. Raises ProcessFailed."""
        try:
            flow = task.workflow.top_workflow
            return due(flow.effects.now, flow.script_engine.evaluate(task, self.expression))
        except (NotATime, TypeError) as error:
            raise ProcessFailed(f"the timer {self.expression!r} gives no time: {error}") from error


class Catching(Node):
    """A node that waits for messages and times; the first that comes counts.

    A waiting token keeps in its internal data `due` (times by event), `since` (when it began to wait, if the run was
    paused then) and, between firing and running, `fired`.
    """

    event_definition: EventDefinition
    _update: Any  # the library's; it calls the hook below

    def events(self) -> Mapping[str, EventDefinition]:
        """What the node waits for; the keys are names of its own."""
        return {self.name: self.event_definition}

    def catches(self, name: str) -> str | None:
        """The key of the event that a message of this name would be; None when the node does not wait for it."""
        for key, event in self.events().items():
            if isinstance(event, Message) and event.name == name:
                return key
        return None

    def fire(self, my_task: Task, key: str) -> None:
        """One of the events has come."""
        my_task.internal_data["fired"] = key
        self._update(my_task)

    def _update_hook(self, my_task: Task) -> bool:
        if my_task.state != TaskState.WAITING:
            self._wait(my_task)
        return "fired" in my_task.internal_data

    def _wait(self, my_task: Task) -> None:
        my_task._set_state(TaskState.WAITING)
        for key, event in self.events().items():
            if isinstance(event, NoneEventDefinition):
                my_task.internal_data["fired"] = key
            elif isinstance(event, Timer):
                effects, at = my_task.workflow.top_workflow.effects, event.due(my_task)
                my_task.internal_data.setdefault("due", {})[key] = at.isoformat()
                if effects.stands_still(key):
                    my_task.internal_data["since"] = effects.now.isoformat()
                elif at <= effects.now:
                    my_task.internal_data.setdefault("fired", key)

    def _run_hook(self, my_task: Task) -> bool:
        my_task.internal_data.clear()
        return True


class StartEvent(Catching, StartEventMixin, BpmnSpecMixin):  # type: ignore[misc]
    """Where a scope begins. What starts an event sub-process is caught outside it, by its Listener."""


class IntermediateCatchEvent(Catching, IntermediateCatchEventMixin, BpmnSpecMixin):  # type: ignore[misc]
    """Waits for a message or a time. Behind an event-based gateway the gateway waits in its stead."""


class EventBasedGateway(Catching, BpmnSpecMixin):  # type: ignore[misc]
    """Waits for the events that follow it and takes the way of the first."""

    chooses = True

    def __init__(self, wf_spec: Any, bpmn_id: str, event_definition: Any = None, **kwargs: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **kwargs)
        self.awaited: dict[str, EventDefinition] = {}

    def connect(self, taskspec: Any) -> None:
        """Called while parsing: the event is taken over from the node behind the gateway."""
        super().connect(taskspec)
        self.awaited[taskspec.name] = taskspec.event_definition
        taskspec.event_definition = NoneEventDefinition()

    def events(self) -> Mapping[str, EventDefinition]:
        """By the name of the node each event leads to."""
        return self.awaited

    def _run_hook(self, my_task: Task) -> bool:
        chosen = [spec for spec in self.outputs if spec.name == my_task.internal_data["fired"]]
        my_task._sync_children(chosen, TaskState.FUTURE)
        return super()._run_hook(my_task)


class BoundaryEvent(Catching, BoundaryEventMixin, BpmnSpecMixin):  # type: ignore[misc]
    """Waits as long as its activity runs. A message that does not interrupt may come again and again."""

    def _on_complete_hook(self, my_task: Task) -> None:
        super()._on_complete_hook(my_task)
        if not self.cancel_activity and isinstance(self.event_definition, Message):
            self._update(my_task.parent._add_child(self, TaskState.FUTURE))


class BoundarySplit(Node, BpmnTaskSpec):  # type: ignore[misc]
    """Stands before an activity with boundary events and starts it and them."""


class BoundaryEnd(Node, BpmnTaskSpec):  # type: ignore[misc]
    """Follows an activity with boundary events and each of the events: whichever comes ends the others."""

    def _update_hook(self, my_task: Task) -> bool:
        source = my_task.parent
        split = source.parent
        by_event = isinstance(source.task_spec, BoundaryEvent)
        if by_event and not source.task_spec.cancel_activity:
            return True
        for task in split.children:
            # A saved state may have put tokens here that had gone on from one of the events: they go on.
            if task is not source and task.has_state(LIVE) and task.task_spec.name in split.task_spec._outputs:
                cancel(task)
        return True


class Listener(Catching, BpmnTaskSpec):  # type: ignore[misc]
    """Waits beside a scope's start event for what starts an event sub-process."""

    def __init__(self, wf_spec: Any, name: str, event_definition: EventDefinition, *, interrupting: bool) -> None:
        super().__init__(wf_spec, name)
        self.event_definition = event_definition
        self.interrupting = interrupting

    def _on_complete_hook(self, my_task: Task) -> None:
        if self.interrupting:
            for task in my_task.workflow.live():
                cancel(task)
        elif isinstance(self.event_definition, Message):
            self._update(my_task.parent._add_child(self, TaskState.FUTURE))
        super()._on_complete_hook(my_task)


class EndEvent(Node, EndEventMixin, BpmnSpecMixin):  # type: ignore[misc]
    """Ends a token; a terminate end its scope; an error end the nearest activity that catches it, or else all."""

    chooses = True

    def _run_hook(self, my_task: Task) -> bool:
        return True

    def _on_complete_hook(self, my_task: Task) -> None:
        super()._on_complete_hook(my_task)
        if isinstance(self.event_definition, TerminateEventDefinition):
            _end(my_task.workflow)
        elif isinstance(self.event_definition, ErrorEventDefinition):
            _throw(my_task, self.event_definition)
        else:
            my_task._sync_children(self.outputs, TaskState.FUTURE)


def _end(scope: Any) -> None:
    for task in scope.live():
        cancel(task)
    scope.completed = True


def _throw(my_task: Task, error: ErrorEventDefinition) -> None:
    """Give an error to the nearest boundary event around it; without one the whole process ends."""
    flow = my_task.workflow.top_workflow
    scope = my_task.workflow
    while scope is not flow:
        activity = flow.get_task_from_id(scope.parent_task_id)
        for task in activity.parent.children:
            if _handles(task, error):
                for token in my_task.workflow.live():
                    cancel(token)
                task.task_spec.fire(task, task.task_spec.name)
                return
        scope = activity.workflow
    _end(flow)


def _handles(task: Task, error: ErrorEventDefinition) -> bool:
    spec = task.task_spec
    return bool(task.state == TaskState.WAITING and isinstance(spec, BoundaryEvent) and spec.event_definition == error)
