"""How each kind of node behaves: SpiffWorkflow's node classes with the behaviour that long-lived cases need.

What differs from the library, and why:

* Nothing is predicted. The library keeps the nodes that may come after each token; here a node's successors are made
  when it completes. A token is one task of the library, so the state of an instance is its tokens and nothing else.
* Process data is one mapping per instance (`Flow.data`), not a copy per token that is merged at joins. Only an instance
  of a multi-instance node has a small scope of its own.
* Joins count arrived tokens instead of searching what was passed before; so the past can be cut away (see `state`).
* A message is delivered to one node that waits for it; a timer fires when the run is woken, by the clock it is given.
* Event sub-processes listen in any scope, interrupting or not, and end with it.
* A spec serves all runs of a process at once: nothing here writes to a spec after it was parsed.
"""

from __future__ import annotations

from collections import ChainMap, deque
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, Protocol

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import ErrorEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition, TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import (
    BoundaryEventMixin,
    BpmnSpecMixin,
    EndEventMixin,
    ExclusiveGatewayMixin,
    InclusiveGatewayMixin,
    IntermediateCatchEventMixin,
    IntermediateThrowEventMixin,
    StartEventMixin,
    SubWorkflowTaskMixin,
    UserTaskMixin,
)
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.durations import NotATime, due
from workflows.engine.expressions import parse

LIVE = TaskState.WAITING | TaskState.READY | TaskState.STARTED
MAX_INSTANCES = 1_000  # of one multi-instance node


class ProcessFailed(Exception):
    """The process cannot go on as it is drawn: no condition holds, a timer names no time, a list is no list."""


class Effects(Protocol):
    """What a flow asks of the run it belongs to."""

    now: datetime

    def call(self, task: Task) -> None:
        """Call the step of a service node."""

    def decide(self, task: Task) -> None:
        """Evaluate the table of a business rule node."""

    def passed(self, task: Task) -> None:
        """Take note that a node was passed."""


# -- flows: one per scope (process, sub-process, called process) --------------------------------------------------


class _Scope:
    """What the top flow and the flows of sub-processes have in common."""

    tasks: dict[Any, Task]

    def update_waiting_tasks(self) -> None:
        """The library looks at every waiting node after each completed one; here arrivals and `Flow.advance` do."""

    def live(self) -> list[Task]:
        """The tokens of this scope, oldest first."""
        return [task for task in self.tasks.values() if task.has_state(LIVE)]


class SubFlow(_Scope, BpmnSubWorkflow):  # type: ignore[misc]
    """A running sub-process or called process."""


class Flow(_Scope, BpmnWorkflow):  # type: ignore[misc]
    """A running process with everything in it."""

    def __init__(self, spec: Any, subprocess_specs: Mapping[str, Any], *, effects: Effects, **kwargs: Any) -> None:
        self.effects = effects
        self.ready: deque[Task] = deque()
        super().__init__(spec, subprocess_specs, script_engine=Evaluator(), **kwargs)

    def create_subprocess(self, my_task: Task, spec_name: str) -> SubFlow:
        """The library's, with our class."""
        flow = SubFlow(self.subprocess_specs[spec_name], parent_task_id=my_task.id, top_workflow=self)
        self.subprocesses[my_task.id] = flow
        return flow

    def scopes(self) -> list[Any]:
        """This flow and those of its sub-processes, the outermost first."""
        inner = [flow for flow in self.subprocesses.values() if not flow.completed]
        return [self, *sorted(inner, key=lambda flow: int(flow.depth))]

    def tokens(self) -> list[Task]:
        """All tokens, those of the outermost scope first, oldest first within their scope."""
        return [task for scope in self.scopes() for task in scope.live()]

    def advance(self, limit: int) -> None:
        """Walk on until every token waits for something from outside. Raises ProcessFailed after `limit` nodes."""
        while True:
            while self.ready:
                task = self.ready.popleft()
                if task.state == TaskState.READY and not task.task_spec.manual:
                    limit -= 1
                    if limit < 0:
                        raise ProcessFailed("the process runs in a circle without ever waiting")
                    task.run()
            if not self._release():
                return

    def _release(self) -> bool:
        """Let joins go on that waited for no other token to come: ends of scopes only when no other join can."""
        return any(self._release_each(kind) for kind in (InclusiveGateway, EndJoin))

    def _release_each(self, kind: type) -> bool:
        """Let one join of this kind go on in each scope; in the next round others may follow."""
        released = False
        for scope in self.scopes():
            live = scope.live()
            waiting = [task for task in live if isinstance(task.task_spec, kind) and task.state == TaskState.WAITING]
            released |= any(task.task_spec.release(task, live) for task in waiting)
        return released


class Evaluator:
    """Stands where the library expects a script engine: expressions only, in the sandbox."""

    def evaluate(self, task: Task, expression: str, external_context: Mapping[str, Any] | None = None) -> Any:
        """The value of an expression over the data the token sees. Raises ExpressionRefused, ExpressionFailed."""
        return parse(expression).evaluate(ChainMap(dict(external_context or {}), data_of(task)))


def is_instance(task: Task) -> bool:
    """Whether the task is one instance of a multi-instance node."""
    return bool(task.triggered) and isinstance(task.parent.task_spec, MultiInstance)


def data_of(task: Task) -> MutableMapping[str, Any]:
    """The data a token sees: process data, under the scopes of the multi-instance nodes it runs in.

    Writing goes to the innermost scope.
    """
    flow = task.workflow.top_workflow
    scopes: list[MutableMapping[str, Any]] = []
    current: Task | None = task
    while current is not None:
        if is_instance(current):
            scopes.append(current.data)
        current = None if current.workflow is flow else flow.get_task_from_id(current.workflow.parent_task_id)
    return ChainMap(*scopes, flow.data)


def cancel(task: Task) -> None:
    """Cancel a token with all that runs inside it (the library forgets what runs inside multi-instance nodes)."""
    for child in task.children:
        if child.has_state(LIVE):
            cancel(child)
    task.cancel()


# -- nodes --------------------------------------------------------------------------------------------------------


class Node:
    """Stands first among the bases of every node. A node that `chooses` makes its successors itself."""

    chooses = False
    name: str
    outputs: list[TaskSpec]

    def test(self) -> None:
        """The library checks each node's wiring whenever it is reached; the compiler has done so."""

    def _predict(self, my_task: Task, *args: Any, **kwargs: Any) -> None:
        """Nothing ahead of a token is kept."""

    def _on_ready_hook(self, my_task: Task) -> None:
        my_task.workflow.top_workflow.ready.append(my_task)

    def _on_complete_hook(self, my_task: Task) -> None:
        my_task.workflow.top_workflow.effects.passed(my_task)
        if is_instance(my_task):
            my_task.parent.task_spec.instance_done(my_task.parent, my_task)
        elif not self.chooses:
            my_task._sync_children(self.outputs, TaskState.FUTURE)


class Start(Node, BpmnStartTask):  # type: ignore[misc]
    """The root of a scope; the scope's event sub-processes listen beside its start event."""


class End(Node, BpmnTaskSpec):  # type: ignore[misc]
    """Completes the scope; the library knows it by its name, `End`."""


class UserTask(Node, UserTaskMixin, BpmnSpecMixin):  # type: ignore[misc]
    """Waits for a person."""


class ServiceTask(Node, BpmnSpecMixin):  # type: ignore[misc]
    """Calls a step."""

    def _run_hook(self, my_task: Task) -> bool:
        my_task.workflow.top_workflow.effects.call(my_task)
        return True


class BusinessRuleTask(Node, BpmnSpecMixin):  # type: ignore[misc]
    """Asks a decision table."""

    def _run_hook(self, my_task: Task) -> bool:
        my_task.workflow.top_workflow.effects.decide(my_task)
        return True


class IntermediateThrowEvent(Node, IntermediateThrowEventMixin, BpmnSpecMixin):  # type: ignore[misc]
    """A milestone: passed at once."""


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


# -- events that are waited for -----------------------------------------------------------------------------------


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

    A waiting token keeps in its internal data `due` (times by event) and, between firing and running, `fired`.
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
                at = event.due(my_task)
                my_task.internal_data.setdefault("due", {})[key] = at.isoformat()
                if at <= my_task.workflow.top_workflow.effects.now:
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


# -- gateways and joins -------------------------------------------------------------------------------------------


class ExclusiveGateway(Node, ExclusiveGatewayMixin, BpmnSpecMixin):  # type: ignore[misc]
    """One way out."""

    chooses = True


def _arrive(my_task: Task) -> None:
    my_task._set_state(TaskState.WAITING)
    my_task.internal_data["from"] = my_task.parent.task_spec.name


def _arrived(spec: Any, live: Iterable[Task]) -> dict[str, Task]:
    """By where it came from, the oldest token that waits at a join."""
    arrived: dict[str, Task] = {}
    for task in live:
        if task.task_spec is spec and task.state == TaskState.WAITING:
            arrived.setdefault(task.internal_data["from"], task)
    return arrived


class ParallelGateway(Node, BpmnSpecMixin):  # type: ignore[misc]
    """Goes on when a token has come on every way in, taking one from each."""

    def _update_hook(self, my_task: Task) -> bool:
        _arrive(my_task)
        arrived = _arrived(self, my_task.workflow.live())
        if not arrived.keys() >= set(self._inputs):
            return False
        for task in arrived.values():
            if task is not my_task:
                task.cancel()
        return True


class InclusiveGateway(Node, InclusiveGatewayMixin, BpmnSpecMixin):  # type: ignore[misc]
    """Goes on when no other token can still come on an empty way in (BPMN 2.0, 13.4.3); takes every way that holds."""

    chooses = True
    reach: Mapping[str, frozenset[str]] = {}  # node → ways in that it leads to without passing here; set when compiled

    def _update_hook(self, my_task: Task) -> bool:
        _arrive(my_task)
        return len(self._inputs) == 1

    def release(self, my_task: Task, live: list[Task]) -> bool:
        """Called when nothing else can be done."""
        arrived = _arrived(self, live)
        empty = set(self._inputs) - arrived.keys()
        for task in live:
            if task.task_spec is self or isinstance(task.task_spec, BoundaryEvent | Listener):
                continue
            reached = self.reach.get(task.task_spec.name, frozenset())
            if reached & empty and not reached & arrived.keys():
                return False
        for task in arrived.values():
            if task is not my_task and task.internal_data["from"] != my_task.internal_data["from"]:
                task.cancel()
        my_task._ready()
        return True

    def _run_hook(self, my_task: Task) -> bool:
        matches, defaults = self._get_matching_outputs(my_task)
        if not matches and not defaults:
            raise ProcessFailed(f"no condition holds at {self.name}")
        my_task._sync_children(matches or defaults, TaskState.FUTURE)
        return True


class EndJoin(Node, BpmnTaskSpec):  # type: ignore[misc]
    """Gathers the tokens of a scope that have ended; the scope ends with the last."""

    def _update_hook(self, my_task: Task) -> bool:
        for task in my_task.workflow.live():
            if task.task_spec is self:
                task.cancel()
        my_task._set_state(TaskState.WAITING)
        return False

    def release(self, my_task: Task, live: list[Task]) -> bool:
        """Called when nothing else can be done."""
        others = [task for task in live if task is not my_task]
        if not all(isinstance(task.task_spec, Listener) for task in others):
            return False
        for task in others:
            cancel(task)
        my_task._ready()
        return True


# -- activities with an inside ------------------------------------------------------------------------------------


class SubProcess(Node, SubWorkflowTaskMixin, BpmnSpecMixin):  # type: ignore[misc]
    """A sub-process, an event sub-process once it has started, or a called process: one more scope, the same data."""

    def copy_data(self, my_task: Task, subworkflow: Any) -> None:
        """Nothing to copy: data is shared."""

    def _on_subworkflow_completed(self, subworkflow: Any, my_task: Task) -> None:
        my_task._ready()

    def _run_hook(self, my_task: Task) -> bool:
        my_task.workflow.top_workflow.subprocesses.pop(my_task.id, None)
        return True

    def _on_cancel(self, my_task: Task) -> None:
        inside = my_task.workflow.top_workflow.subprocesses.pop(my_task.id, None)
        if inside is not None:
            inside.completed = True
            for task in inside.live():
                cancel(task)


class MultiInstance(Node, MultiInstanceTask, BpmnSpecMixin):  # type: ignore[misc]
    """Runs its activity once for each item of a list, or a number of times; each instance with a scope of its own.

    Its token keeps `total`, `done`, the collected `outputs` by index, and, one after another, the `items` to come.
    """

    sequential = False

    def _update_hook(self, my_task: Task) -> bool:
        items = self._items(my_task)
        my_task.internal_data.update(total=len(items), done=0, outputs={})
        my_task._set_state(TaskState.STARTED)
        if self.sequential:
            my_task.internal_data["items"] = items
            items = items[:1]
        for index, item in enumerate(items):
            self._begin(my_task, index, item)
        return not items and self._collect(my_task)

    def _items(self, my_task: Task) -> list[Any]:
        data = data_of(my_task)
        if self.data_input is not None:
            items = data.get(self.data_input.bpmn_id)
        else:
            count = my_task.workflow.script_engine.evaluate(my_task, self.cardinality)
            items = list(range(count)) if isinstance(count, int) and count <= MAX_INSTANCES else None
        if not isinstance(items, list) or len(items) > MAX_INSTANCES:
            raise ProcessFailed(f"{self.name} needs a list of at most {MAX_INSTANCES} items")
        return list(items)

    def _begin(self, my_task: Task, index: int, item: Any) -> None:
        spec = my_task.workflow.spec.task_specs[self.task_spec]
        child = my_task._add_child(spec, TaskState.FUTURE)
        child.triggered = True
        child.internal_data["index"] = index
        if self.input_item is not None:
            child.data[self.input_item.bpmn_id] = item
        spec._update(child)

    def instance_done(self, my_task: Task, child: Task) -> None:
        """One instance has completed: take over what it gives, then go on, end, or begin the next one."""
        own = my_task.internal_data
        own["done"] += 1
        self._take(my_task, child)
        if self._enough(my_task, child):
            for other in my_task.children:
                if other.has_state(LIVE):
                    cancel(other)
            own["total"] = own["done"]
        if own["done"] == own["total"]:
            self._collect(my_task)
            my_task._ready()
        elif self.sequential:
            self._begin(my_task, own["done"], own["items"][own["done"]])

    def _take(self, my_task: Task, child: Task) -> None:
        if self.data_output is not None and self.output_item is not None:
            # JSON, in which the state is saved, has no other keys than texts.
            my_task.internal_data["outputs"][str(child.internal_data["index"])] = data_of(child).get(
                self.output_item.bpmn_id
            )
        else:
            given = self.input_item.bpmn_id if self.input_item is not None else None
            data_of(my_task).update({key: value for key, value in child.data.items() if key != given})

    def _enough(self, my_task: Task, child: Task) -> bool:
        if self.condition is None:
            return False
        own = my_task.internal_data
        counts = {"instances_done": own["done"], "instances_total": own["total"]}
        return bool(my_task.workflow.script_engine.evaluate(child, self.condition, counts))

    def _collect(self, my_task: Task) -> bool:
        if self.data_output is not None:
            outputs = my_task.internal_data["outputs"]
            data_of(my_task)[self.data_output.bpmn_id] = [outputs[key] for key in sorted(outputs, key=int)]
        return True


class ParallelMultiInstance(MultiInstance):
    """All instances at once."""


class SequentialMultiInstance(MultiInstance):
    """One instance after another."""

    sequential = True


class ProcessSpec(BpmnProcessSpec):  # type: ignore[misc]
    """A process or sub-process, with our start and end."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.task_specs.clear()
        self.start = Start(self, "Start")
        self.end = EndJoin(self, f"{self.name}.EndJoin")
        self.end.connect(End(self, "End"))
