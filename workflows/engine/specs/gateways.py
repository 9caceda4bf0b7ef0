"""Gateways, and the join at the end of a scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin, ExclusiveGatewayMixin, InclusiveGatewayMixin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.specs.events import BoundaryEvent, Listener
from workflows.engine.specs.nodes import Node, ProcessFailed
from workflows.engine.specs.tokens import cancel


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
    patient = True
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

    patient = True

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
