"""Activities with an inside: sub-processes, called processes, and activities that run several times."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin, SubWorkflowTaskMixin
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.specs.nodes import Node, ProcessFailed
from workflows.engine.specs.tokens import LIVE, cancel, data_of

MAX_INSTANCES = 1_000  # of one multi-instance node


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


def _key(reference: Any) -> str:
    """The key in the data that a reference means: its name, or else its id (which must be the only one in a file)."""
    return str(reference.bpmn_name or reference.bpmn_id)


class MultiInstance(Node, MultiInstanceTask, BpmnSpecMixin):  # type: ignore[misc]
    """Runs its activity once for each item of a list, or a number of times; each instance with a scope of its own.

    Its token keeps `total`, `done`, the collected `outputs` by index, and, one after another, the `items` to come.
    """

    runs_many = True
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
            items = data.get(_key(self.data_input))
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
            child.data[_key(self.input_item)] = item
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
                _key(self.output_item)
            )
        else:
            given = _key(self.input_item) if self.input_item is not None else None
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
            data_of(my_task)[_key(self.data_output)] = [outputs[key] for key in sorted(outputs, key=int)]
        return True


class ParallelMultiInstance(MultiInstance):
    """All instances at once."""


class SequentialMultiInstance(MultiInstance):
    """One instance after another."""

    sequential = True
