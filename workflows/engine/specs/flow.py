"""Running processes: one flow for each scope, that is for the process and each sub-process or called process in it."""

from __future__ import annotations

from collections import ChainMap, deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.expressions import parse
from workflows.engine.specs.gateways import EndJoin
from workflows.engine.specs.nodes import End, ProcessFailed, Start
from workflows.engine.specs.tokens import LIVE, data_of


class Effects(Protocol):
    """What a flow asks of the run it belongs to."""

    now: datetime

    def call(self, task: Task) -> None:
        """Call the step of a service node."""

    def decide(self, task: Task) -> None:
        """Evaluate the table of a business rule node."""

    def passed(self, task: Task) -> None:
        """Take note that a node was passed."""

    def stands_still(self, key: str) -> bool:
        """Whether the run is paused, and the timer of this node with it."""


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
        """Let joins go on that waited until no other token can come: one in each scope, for others may follow."""
        released = False
        for scope in self.scopes():
            live = scope.live()
            waiting = [task for task in live if task.task_spec.patient and task.state == TaskState.WAITING]
            released |= any(task.task_spec.release(task, live) for task in waiting)
        return released


class Evaluator:
    """Stands where the library expects a script engine: expressions only, in the sandbox."""

    def evaluate(self, task: Task, expression: str, external_context: Mapping[str, Any] | None = None) -> Any:
        """The value of an expression over the data the token sees. Raises ExpressionRefused, ExpressionFailed."""
        return parse(expression).evaluate(ChainMap(dict(external_context or {}), data_of(task)))


class ProcessSpec(BpmnProcessSpec):  # type: ignore[misc]
    """A process or sub-process, with our start and end."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.task_specs.clear()
        self.start = Start(self, "Start")
        self.end = EndJoin(self, f"{self.name}.EndJoin")
        self.end.connect(End(self, "End"))
