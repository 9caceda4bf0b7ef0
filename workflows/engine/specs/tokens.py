"""What can be asked of, and done to, a token: a task of the library that waits, is ready or has started."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

LIVE = TaskState.WAITING | TaskState.READY | TaskState.STARTED


def is_instance(task: Task) -> bool:
    """Whether the task is one instance of a multi-instance node."""
    return bool(task.triggered) and task.parent.task_spec.runs_many


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
