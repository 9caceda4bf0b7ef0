"""The base of all nodes, and the nodes that need nothing more."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin, IntermediateThrowEventMixin, UserTaskMixin
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.specs.tokens import is_instance


class ProcessFailed(Exception):
    """The process cannot go on as it is drawn: no condition holds, a timer names no time, a list is no list."""


class Node:
    """Stands first among the bases of every node."""

    chooses = False  # it makes its successors itself
    runs_many = False  # its children are instances of it
    patient = False  # it is a join that waits until no other token can come
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
