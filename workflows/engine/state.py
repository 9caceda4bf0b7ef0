"""A run as bytes and back: its data and its tokens, without the spec and without the past.

What was passed is in the history; the run itself needs only its tokens. Kept are

* the root of each scope,
* each token (a task of the library that waits, is ready or has started),
* the split before an activity with boundary events, as long as the activity or one of its events waits.

Everything else is cut away and the tokens hung under the root, so the state stays the same size at the 1st and the
300th round of a loop. Nothing predicted is stored, for nothing is predicted (see `specs`).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from SpiffWorkflow.exceptions import TaskNotFoundException
from SpiffWorkflow.task import Task

from workflows.engine.specs.activities import MultiInstance
from workflows.engine.specs.events import BoundarySplit
from workflows.engine.specs.flow import Effects, Flow, SubFlow
from workflows.engine.specs.tokens import LIVE

FORMAT = 1
MAX_BYTES = 16_384
MAX_UNPACKED = 4_000_000

# [id, index of the parent, name of the spec, state, internal data, data]; the last two only when there are any
Row = list[Any]


class StateTooLarge(Exception):
    """The run would need more than MAX_BYTES: data that belongs into tables was put into the process data."""


class StateDoesNotFit(Exception):
    """The bytes are no saved run, or one of a version of the process that has other nodes; `nodes` names them."""

    def __init__(self, reason: str, nodes: tuple[str, ...] = ()) -> None:
        super().__init__(f"{reason} {', '.join(nodes)}".strip())
        self.nodes = nodes


def pack(flow: Flow, outcome: str | None, *, prune: bool) -> bytes:
    """The run as bytes. Raises StateTooLarge."""
    content = {
        "format": FORMAT,
        "data": flow.data,
        "outcome": outcome,
        "done": flow.completed,
        "scopes": [[_owner(scope), _rows(scope, prune)] for scope in flow.scopes()],
    }
    packed = zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), 6)
    if prune and len(packed) > MAX_BYTES:
        raise StateTooLarge(f"{len(packed)} bytes of {MAX_BYTES}; the process data has {', '.join(flow.data)}")
    return packed


def _owner(scope: Any) -> str | None:
    return scope.parent_task_id.hex if scope.parent_task_id else None


def _rows(scope: Any, prune: bool) -> list[Row]:
    kept = [task for task in scope.tasks.values() if not prune or _is_kept(scope, task)]
    places = {task.id: place for place, task in enumerate(kept)}
    return [_row(task, places) for task in kept]


def _is_kept(scope: Any, task: Task) -> bool:
    if task is scope.task_tree or task.has_state(LIVE):
        return True
    return isinstance(task.task_spec, BoundarySplit) and any(child.has_state(LIVE) for child in task.children)


def _row(task: Task, places: Mapping[UUID, int]) -> Row:
    parent = None if task.parent is None else places.get(task.parent.id, 0)
    row: Row = [task.id.hex, parent, task.task_spec.name, task.state]
    if task.internal_data or task.data:
        row += [task.internal_data, task.data]
    return row


def unpack(content: bytes, spec: Any, inner: Mapping[str, Any], effects: Effects) -> tuple[Flow, str | None]:
    """The run and its outcome so far. Raises StateDoesNotFit."""
    state = _decoded(content)
    flow = Flow(spec, inner, effects=effects, deserializing=True)
    flow.data = state["data"]
    missing: set[str] = set()
    for owner, rows in state["scopes"]:
        scope = flow if owner is None else _inner_scope(flow, UUID(owner), missing)
        if scope is not None:
            _fill(scope, rows, missing)
    if missing:
        raise StateDoesNotFit("the process has no", tuple(sorted(missing)))
    flow.completed = state["done"]
    return flow, state["outcome"]


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        unpacker = zlib.decompressobj()
        state = json.loads(unpacker.decompress(content, MAX_UNPACKED))
    except (zlib.error, ValueError) as error:
        raise StateDoesNotFit("not a saved run") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise StateDoesNotFit("not a saved run of this format")
    return state


def _inner_scope(flow: Flow, owner: UUID, missing: set[str]) -> SubFlow | None:
    try:
        task = flow.get_task_from_id(owner)
    except TaskNotFoundException:
        return None
    name = getattr(task.task_spec, "spec", None)
    if name not in flow.subprocess_specs:
        missing.add(task.task_spec.name)
        return None
    scope = SubFlow(flow.subprocess_specs[name], owner, flow, deserializing=True)
    scope.completed_event.connect(task.task_spec._on_subworkflow_completed, task)
    flow.subprocesses[owner] = scope
    return scope


def _fill(scope: Any, rows: list[Row], missing: set[str]) -> None:
    tasks: list[Task] = []
    for token, parent, name, state, *rest in rows:
        spec = scope.spec.task_specs.get(name)
        if spec is None:
            missing.add(name)
            spec = scope.spec.start  # the rest is read all the same, to name all that is missing
        above = tasks[parent] if parent is not None else None
        task = Task(scope, spec, above, state=state, id=UUID(token))
        task.internal_data, task.data = rest or ({}, {})
        task.triggered = above is not None and isinstance(above.task_spec, MultiInstance) and _is_inside(above, spec)
        tasks.append(task)
    scope.task_tree = tasks[0]


def _is_inside(container: Task, spec: Any) -> bool:
    return bool(spec.name == container.task_spec.task_spec)
