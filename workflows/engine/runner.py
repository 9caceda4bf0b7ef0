"""One run of a process: started or restored, moved by one command, read, and saved.

    run = Run.restore(definition, state, steps=steps, context=context, now=now)
    run.complete(token, answers)
    run.waiting, run.wake_at, run.state, run.outcome, run.passed, run.decisions, run.dump()

A run knows neither database nor clock: state comes as bytes, `now` as an argument. If a command raises, the run is half
done and answers to nothing any more: throw it away with the transaction.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine import state
from workflows.engine.decisions import DecisionFailed, Made, decide
from workflows.engine.definition import Definition, Node
from workflows.engine.expressions import ExpressionFailed, ExpressionRefused
from workflows.engine.specs.activities import MultiInstance
from workflows.engine.specs.events import BoundaryEvent, Catching, Listener
from workflows.engine.specs.flow import Flow
from workflows.engine.specs.nodes import ProcessFailed
from workflows.engine.specs.tokens import cancel, data_of
from workflows.engine.state import StateTooLarge

__all__ = [
    "Call",
    "Made",
    "NotWaiting",
    "Passed",
    "ProcessFailed",
    "Run",
    "RunSpoilt",
    "StateTooLarge",
    "Step",
    "StepFailed",
    "Waiting",
    "Where",
]

MAX_NODES = 10_000  # passed in one command; more is a circle
MAX_VALUE = 8_000  # characters of one value in process data, as JSON


@dataclass(frozen=True)
class Call:
    """What a step is called with."""

    name: str  # of the step
    node_id: str
    data: Mapping[str, Any]  # a copy of the process data the node sees
    answers: Mapping[str, Any]  # of the form, when the node is a user task; else empty
    context: Any  # whatever the run was given
    now: datetime
    token: str  # of the node


Step = Callable[[Call], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Waiting:
    """A node that waits: a user task for a person, an event or gateway for a message or a time."""

    token: str  # stays the same as long as it waits, over saving and restoring
    node: Node
    data: Mapping[str, Any] = field(
        compare=False
    )  # what the node sees: process data and, if it is one of many, its item


@dataclass(frozen=True)
class Passed:
    """A node that was completed by this command, in the order of completion."""

    node_id: str
    kind: str
    token: str
    at: datetime


@dataclass(frozen=True)
class Where:
    """A place in a diagram."""

    process: str
    node: str
    step: str = ""

    def __str__(self) -> str:
        return f"{self.process}/{self.node}" + (f" ({self.step})" if self.step else "")


class NotWaiting(Exception):
    """No user task with this token waits in the run."""


class RunSpoilt(Exception):
    """An earlier command of this run raised; its state in memory is half done. Restore it anew."""


class StepFailed(Exception):
    """A step raised something that is no refusal of the domain: a fault in the program or in a service behind it.

    The cause is chained. An exception with a `code` (all of the domain's have one) keeps its own type and gets `where`,
    a text.
    """

    def __init__(self, where: Where) -> None:
        super().__init__(f"step {where.step} failed at {where.process}/{where.node}")
        self.where = where


@dataclass
class _Effects:
    """What the nodes of a flow ask of their run, and what they report."""

    definition: Definition
    steps: Mapping[str, Step]
    context: Any
    now: datetime
    paused: bool = False
    passed_nodes: list[Passed] = field(default_factory=list)
    decisions: list[Made] = field(default_factory=list)
    outcome: str | None = None

    def call(self, task: Task) -> None:
        """Call the step of a service node and merge what it returns into the process data."""
        node = self.node(task)
        _merge(task, self.step(task, node.step, {}))

    def decide(self, task: Task) -> None:
        """Evaluate the table of a business rule node and merge its outputs into the process data."""
        node = self.node(task)
        facts = self.step(task, node.facts, {}) if node.facts else data_of(task)
        made = decide(self.definition.decisions[node.decision], facts or {})
        self.decisions.append(made)
        _merge(task, made.outputs)

    def passed(self, task: Task) -> None:
        """Note a node of the diagram as passed; of a multi-instance node its instances count."""
        spec = task.task_spec
        if getattr(spec, "bpmn_id", None) is None or (isinstance(spec, MultiInstance) and task.children):
            return
        node = self.node(task)
        self.passed_nodes.append(Passed(node.id, node.kind, task.id.hex, self.now))
        if node.kind == "end":
            self.outcome = node.id

    def stands_still(self, key: str) -> bool:
        """Whether the run is paused, and the timer of this node with it."""
        return self.paused and key in self.definition.pausable

    def node(self, task: Task) -> Node:
        """The definition's node behind a task."""
        return self.definition.nodes[task.task_spec.bpmn_id]

    def step(self, task: Task, name: str, answers: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Call a step. Raises StepFailed, or what the step raised when it has a `code`."""
        node = self.node(task)
        where = Where(node.process, node.id, name)
        call = Call(
            name=name,
            node_id=node.id,
            data=copy.deepcopy(dict(data_of(task))),
            answers=answers,
            context=self.context,
            now=self.now,
            token=task.id.hex,
        )
        try:
            return self.steps[name](call)
        except Exception as error:
            if not isinstance(getattr(error, "code", None), str):
                raise StepFailed(where) from error
            error.where = str(where)  # type: ignore[attr-defined]
            error.add_note(f"in step {where.step} at {where.process}/{where.node}")
            raise


def _merge(task: Task, values: Mapping[str, Any] | None) -> None:
    if values:
        data_of(task).update({key: _plain(key, value) for key, value in values.items()})


def _plain(key: object, value: Any) -> Any:
    """A copy of a value that can be process data. Raises ProcessFailed for anything but JSON of modest size."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ProcessFailed(f"{key} cannot be process data: {error}") from error
    if not isinstance(key, str) or len(text) > MAX_VALUE:
        raise ProcessFailed(f"{key} is too large for process data; such things belong into tables")
    return json.loads(text)


class Run:
    """One run of a process in memory."""

    def __init__(self, definition: Definition, effects: _Effects) -> None:
        """Use `start` or `restore`."""
        self.definition = definition
        self._effects = effects
        self._flow: Flow
        self._spoilt = False

    # -- making one ---------------------------------------------------------------------------------------------

    @classmethod
    def start(
        cls,
        definition: Definition,
        *,
        data: Mapping[str, Any],
        steps: Mapping[str, Step],
        context: Any,
        now: datetime,
        paused: bool = False,
    ) -> Run:
        """A new run, walked to its first waits. `now` must have a time zone."""
        run = cls(definition, _Effects(definition, steps, context, _aware(now), paused))
        with run._command():
            run._flow = Flow(definition.spec, definition.inner, effects=run._effects)
            run._flow.data.update({key: _plain(key, value) for key, value in data.items()})
            run._advance()
        return run

    @classmethod
    def restore(
        cls,
        definition: Definition,
        state_bytes: bytes,
        *,
        steps: Mapping[str, Step],
        context: Any,
        now: datetime,
        paused: bool = False,
    ) -> Run:
        """A saved run. Nothing moves by restoring it. Raises StateDoesNotFit when the definition has other nodes.

        `paused`: the timers of pausable nodes stand still until somebody restores it without.
        """
        effects = _Effects(definition, steps, context, _aware(now), paused)
        run = cls(definition, effects)
        run._flow, effects.outcome = state.unpack(state_bytes, definition.spec, definition.inner, effects)
        return run

    def dump(self, *, prune: bool = True) -> bytes:
        """The run as bytes: pruned, without the definition, at most 16 KB (else StateTooLarge)."""
        self._check()
        return state.pack(self._flow, self._effects.outcome, prune=prune)

    def at(self, now: datetime, *, paused: bool = False) -> None:
        """Move this run's clock, for a run that is kept in memory over several commands."""
        self._effects.now, self._effects.paused = _aware(now), paused

    # -- moving it ----------------------------------------------------------------------------------------------

    def complete(self, token: str, answers: Mapping[str, Any]) -> None:
        """Complete a user task: `keep` its answers, call its step, walk on. Raises NotWaiting."""
        self._check()
        task = self._user_task(token)
        node = self._effects.node(task)
        with self._command(node):
            _merge(task, {name: answers.get(name) for name in node.keep})
            if node.step:
                _merge(task, self._effects.step(task, node.step, dict(answers)))
            task.run()
            self._advance()

    def send(self, name: str, data: Mapping[str, Any]) -> bool:
        """Deliver a message to one node that waits for it: the innermost, then the oldest; event sub-processes last.

        Its data is merged into the process data. False when nobody waits: nothing happened then.
        """
        self._check()
        found = self._catcher(name)
        if found is None:
            return False
        task, key = found
        with self._command():
            _merge(task, data)
            task.task_spec.fire(task, key)
            self._advance()
        return True

    def wake(self) -> None:
        """Fire the timers that are due, the earliest first; one may cancel another."""
        self._check()
        with self._command():
            while (due := self._next_due()) is not None and due[0] <= self._effects.now:
                _, task, key = due
                task.task_spec.fire(task, key)
                self._advance()

    def cancel(self) -> None:
        """End the run where it stands: nothing waits any more, there is no outcome."""
        self._check()
        with self._command():
            for task in self._flow.live():
                cancel(task)
            self._flow.completed = True
            self._effects.outcome = None

    def move_timers(self, move: Callable[[datetime, datetime | None], datetime]) -> None:
        """The run was paused: pausable timers fall due when `move(due, since)` says, everything else as before.

        `since`: when the timer was set, if the run was paused already.
        """
        self._check()
        for task, due in self._timers():
            told = task.internal_data.pop("since", None)
            since = datetime.fromisoformat(told) if told else None
            for key in due.keys() & self.definition.pausable:
                due[key] = move(datetime.fromisoformat(due[key]), since).isoformat()

    # -- reading it ---------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> list[Waiting]:
        """The nodes that wait, oldest first: user tasks, catching events and event-based gateways.

        Not those that wait beside others (boundary events, event sub-processes).
        """
        return [self._waiting(task) for task in self._waiting_tasks() if not _is_beside(task)]

    @property
    def beside(self) -> list[Waiting]:
        """The boundary events that wait beside their activities."""
        return [self._waiting(task) for task in self._waiting_tasks() if isinstance(task.task_spec, BoundaryEvent)]

    @property
    def awaited(self) -> frozenset[str]:
        """The names of the messages that `send` would deliver now."""
        self._check()
        return frozenset(name for name in self.definition.messages if self._catcher(name) is not None)

    @property
    def wake_at(self) -> datetime | None:
        """When the earliest timer falls due that does not stand still."""
        self._check()
        due = self._next_due()
        return due[0] if due else None

    @property
    def state(self) -> Literal["running", "done"]:
        """Whether the run has ended."""
        self._check()
        return "done" if self._flow.completed else "running"

    @property
    def outcome(self) -> str | None:
        """The id of the end event reached last, once the run is done."""
        self._check()
        return self._effects.outcome if self._flow.completed else None

    @property
    def data(self) -> dict[str, Any]:
        """A copy of the process data."""
        self._check()
        copied: dict[str, Any] = copy.deepcopy(self._flow.data)
        return copied

    @property
    def passed(self) -> list[Passed]:
        """The nodes completed since the run was started or restored, in order."""
        self._check()
        return list(self._effects.passed_nodes)

    @property
    def decisions(self) -> list[Made]:
        """The decisions made since the run was started or restored, in order."""
        self._check()
        return list(self._effects.decisions)

    # -- inside -------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._spoilt:
            raise RunSpoilt

    @contextmanager
    def _command(self, node: Node | None = None) -> Iterator[None]:
        """Whatever raises inside spoils the run; what the library raises becomes ours."""
        try:
            yield
        except (SpiffWorkflowException, ExpressionFailed, ExpressionRefused, DecisionFailed) as error:
            self._spoilt = True
            raise ProcessFailed(f"{self.definition.process_id}: {error}") from error
        except BaseException:
            self._spoilt = True
            raise

    def _advance(self) -> None:
        """Walk on to the next waits. Raises ProcessFailed when there are none though the process has not ended."""
        self._flow.advance(MAX_NODES)
        tokens = self._flow.tokens()
        if not self._flow.completed and not any(_is_shown(task) and not _is_beside(task) for task in tokens):
            places = sorted({task.task_spec.bpmn_id for task in tokens if task.task_spec.bpmn_id})
            raise ProcessFailed(f"nothing can come any more, and yet tokens wait at {', '.join(places)}")

    def _waiting_tasks(self) -> list[Task]:
        self._check()
        return [task for task in self._flow.tokens() if _is_shown(task)]

    def _waiting(self, task: Task) -> Waiting:
        return Waiting(task.id.hex, self._effects.node(task), dict(data_of(task)))

    def _user_task(self, token: str) -> Task:
        try:
            task = self._flow.get_task_from_id(UUID(token))
        except (LookupError, ValueError, SpiffWorkflowException) as error:
            raise NotWaiting(token) from error
        if not task.task_spec.manual or task.state != TaskState.READY:
            raise NotWaiting(token)
        return task

    def _catcher(self, name: str) -> tuple[Task, str] | None:
        found: tuple[tuple[int, bool], Task, str] | None = None
        for task in self._flow.tokens():
            spec = task.task_spec
            if task.state == TaskState.WAITING and isinstance(spec, Catching):
                key = spec.catches(name)
                rank = (-task.workflow.depth, isinstance(spec, Listener))
                if key is not None and (found is None or rank < found[0]):
                    found = (rank, task, key)
        return (found[1], found[2]) if found else None

    def _next_due(self) -> tuple[datetime, Task, str] | None:
        found: tuple[datetime, Task, str] | None = None
        for task, due in self._timers():
            for key, text in due.items():
                at = datetime.fromisoformat(text)
                if (found is None or at < found[0]) and not self._effects.stands_still(key):
                    found = (at, task, key)
        return found

    def _timers(self) -> Iterator[tuple[Task, dict[str, str]]]:
        """The tokens that wait for times, and these by event."""
        for task in self._flow.tokens():
            if task.state == TaskState.WAITING and "due" in task.internal_data:
                yield task, task.internal_data["due"]


def _aware(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    return now


def _is_shown(task: Task) -> bool:
    spec = task.task_spec
    if isinstance(spec, Catching):
        return bool(task.state == TaskState.WAITING and getattr(spec, "bpmn_id", None))
    return bool(spec.manual and task.state == TaskState.READY)


def _is_beside(task: Task) -> bool:
    return isinstance(task.task_spec, BoundaryEvent | Listener)
