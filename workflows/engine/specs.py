"""How each kind of node behaves: SpiffWorkflow's node classes with the behaviour that long-lived cases need.

What differs from the library, and why:

* Nothing is predicted. The library keeps the nodes that may come after each token; here a node's successors are made
  when it completes. A token is one task, so the state of an instance is its tokens and nothing else.
* Process data is one mapping per instance (`Flow.data`), not a copy per token that is merged at joins. Only an instance
  of a multi-instance node has a small scope of its own.
* Joins count arrived tokens instead of searching the history of the run; so history can be cut away (see `state`).
* Event sub-processes listen in any scope, interrupting or not, and end with it.
* A spec belongs to all runs of a process at once: nothing here writes to a spec after it was parsed.
"""

from __future__ import annotations

from collections import ChainMap, deque
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import ErrorEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition, TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import (
    BoundaryEventMixin,
    BpmnSpecMixin,
    CallActivityMixin,
    EndEventMixin,
    ExclusiveGatewayMixin,
    InclusiveGatewayMixin,
    IntermediateCatchEventMixin,
    IntermediateThrowEventMixin,
    ParallelGatewayMixin,
    StartEventMixin,
    SubWorkflowTaskMixin,
    UserTaskMixin,
)
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine import durations
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


# -- flows: one per scope (process, sub-process, called process) ---------------------------------------------------


class Scope:
    """What the top flow and the flows of sub-processes have in common."""

    def update_waiting_tasks(self) -> None:
        """The library looks at every waiting node after each completed one; here arrivals and `Flow.advance` do."""

    def live(self) -> list[Task]:
        """The tokens of this scope, oldest first."""
        return [task for task in self.tasks.values() if task.has_state(LIVE)]  # type: ignore[attr-defined]


class SubFlow(Scope, BpmnSubWorkflow):  # type: ignore[misc]
    """A running sub-process or called process."""


class Flow(Scope, BpmnWorkflow):  # type: ignore[misc]
    """A running process with everything in it."""

    def __init__(self, spec: Any, subprocess_specs: Mapping[str, Any], *, effects: Effects, **kwargs: Any) -> None:
        self.effects = effects
        self.due_now = False  # whether timers set by earlier commands may fire
        self.ready: deque[Task] = deque()
        super().__init__(spec, subprocess_specs, script_engine=Evaluator(), **kwargs)

    @property
    def now(self) -> datetime:
        return self.effects.now

    def create_subprocess(self, my_task: Task, spec_name: str) -> SubFlow:
        """The library's, with our class."""
        flow = SubFlow(self.subprocess_specs[spec_name], parent_task_id=my_task.id, top_workflow=self)
        self.subprocesses[my_task.id] = flow
        return flow

    def scopes(self) -> list[Any]:
        """This flow and those of its sub-processes, the innermost first."""
        inner = [flow for flow in self.subprocesses.values() if not flow.completed]
        return [*sorted(inner, key=lambda flow: -flow.depth), self]

    def tokens(self) -> Iterator[Task]:
        """All tokens, oldest first within their scope, the outermost scope first."""
        for scope in reversed(self.scopes()):
            yield from scope.live()

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
        """Let one join go on that waited for no other token to come; innermost scopes first, ends of scopes last."""
        for kind in (InclusiveGateway, EndJoin):
            for scope in self.scopes():
                live = scope.live()
                for task in live:
                    if isinstance(task.task_spec, kind) and task.state == TaskState.WAITING:
                        if task.task_spec.release(task, live):
                            return True
        return False


class Evaluator:
    """Stands where the library expects a script engine: expressions only, in the sandbox."""

    def evaluate(self, task: Task, expression: str, external_context: Mapping[str, Any] | None = None) -> Any:
        """The value of an expression over the data the token sees. Raises ExpressionRefused, ExpressionFailed."""
        return parse(expression).evaluate({**data_of(task), **(external_context or {})})


def data_of(task: Task) -> MutableMapping[str, Any]:
    """The data a token sees: process data, under the scopes of the multi-instance nodes it runs in.

    Writing goes to the innermost scope.
    """
    flow = task.workflow.top_workflow
    scopes: list[MutableMapping[str, Any]] = []
    current: Task | None = task
    while current is not None:
        if current.triggered and isinstance(current.parent.task_spec, MultiInstance):
            scopes.append(current.data)
        inside = current.workflow
        current = None if inside is flow else flow.get_task_from_id(inside.parent_task_id)
    return ChainMap(*scopes, flow.data)


def cancel(task: Task) -> None:
    """Cancel a token with all that runs inside it; the library forgets what runs inside multi-instance nodes."""
    for child in task.children:
        if child.has_state(LIVE):
            cancel(child)
    task.cancel()


# -- nodes --------------------------------------------------------------------------------------------------------


class Node(BpmnSpecMixin):  # type: ignore[misc]
    """Base of all nodes. A subclass that `chooses` makes its successors itself."""

    chooses = False

    def test(self) -> None:
        """The library checks each node's wiring whenever it is reached; the compiler has done so."""

    def _predict(self, my_task: Task, *args: Any, **kwargs: Any) -> None:
        """Nothing ahead of a token is kept."""

    def _on_ready_hook(self, my_task: Task) -> None:
        super()._on_ready_hook(my_task)
        my_task.workflow.top_workflow.ready.append(my_task)

    def _on_complete_hook(self, my_task: Task) -> None:
        super()._on_complete_hook(my_task)
        flow = my_task.workflow.top_workflow
        flow.effects.passed(my_task)
        if my_task.triggered and isinstance(my_task.parent.task_spec, MultiInstance):
            my_task.parent.task_spec.instance_done(my_task.parent, my_task)
        elif not self.chooses and not my_task.workflow.completed:
            my_task._sync_children(self.outputs, TaskState.FUTURE)


class Start(Node, BpmnStartTask):  # type: ignore[misc]
    """The root of a scope; the event sub-processes of the scope hang here beside its start event."""


class UserTask(UserTaskMixin, Node):  # type: ignore[misc]
    """Waits for a person."""


class ServiceTask(Node):
    """Calls a step."""

    def _run_hook(self, my_task: Task) -> bool:
        my_task.workflow.top_workflow.effects.call(my_task)
        return True


class BusinessRuleTask(Node):
    """Asks a decision table."""

    def _run_hook(self, my_task: Task) -> bool:
        my_task.workflow.top_workflow.effects.decide(my_task)
        return True


class StartEvent(Node, StartEventMixin):  # type: ignore[misc]
    """Where a scope begins. Of an event sub-process too: what it waits for is caught outside, by its Listener."""


class IntermediateThrowEvent(Node, IntermediateThrowEventMixin):  # type: ignore[misc]
    """A milestone: passed at once."""


class IntermediateCatchEvent(Node, IntermediateCatchEventMixin):  # type: ignore[misc]
    """Waits for a message or a time."""


class End(Node):
    """Completes the scope (`Workflow._task_completed_notify` knows it by its name)."""


class EndEvent(Node, EndEventMixin):  # type: ignore[misc]
    """Ends a token; a terminate end the scope; an error end the nearest activity that catches it, or else everything."""

    def _run_hook(self, my_task: Task) -> bool:
        return True

    def _on_complete_hook(self, my_task: Task) -> None:
        if isinstance(self.event_definition, TerminateEventDefinition):
            self._end(my_task.workflow)
        elif isinstance(self.event_definition, ErrorEventDefinition):
            self._throw(my_task)
        # Not EndEventMixin's hook: it cancels without what runs inside multi-instance nodes.
        Node._on_complete_hook(self, my_task)

    def _end(self, scope: Any) -> None:
        for task in scope.live():
            cancel(task)
        scope.completed = True

    def _throw(self, my_task: Task) -> None:
        flow = my_task.workflow.top_workflow
        scope = my_task.workflow
        while scope is not flow:
            activity = flow.get_task_from_id(scope.parent_task_id)
            for task in activity.parent.children:
                spec = task.task_spec
                if isinstance(spec, BoundaryEvent) and task.has_state(LIVE) and spec.event_definition == self.event_definition:
                    spec.event_definition.catch(task)
                    spec._update(task)
                    my_task.workflow.completed = True
                    return
            scope = activity.workflow
        self._end(flow)


class ExclusiveGateway(ExclusiveGatewayMixin, Node):  # type: ignore[misc]
    """One way out."""

    chooses = True

    def test(self) -> None:
        """As of Node."""
