"""Tasks of a meeting: begun when the minutes are confirmed, closed by four evidences that another person saw (G4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.coordination.models import GroupTask
from backend.core.errors import FieldProblem, Invalid
from backend.org.access import Actor

EVIDENCES = ("arrangement", "grip", "carried_out", "effect")
"""有安排、有抓手、有落实、有效果."""
State = GroupTask.State


class EvidenceMissing(Invalid):
    """Closing takes all four."""

    code = "evidence_missing"
    message = _("All four are needed: arranged, with a grip, carried out, with an effect.")


def begin(*, task: GroupTask, actor: Actor, now: datetime) -> None:
    """The minutes are confirmed: it is the unit's work."""
    _move(task, State.OPEN)
    _tell("group_task.given", task, actor, now)


def show(*, task: GroupTask, evidence: Mapping[str, str], actor: Actor, now: datetime) -> None:
    """What shows that it is done. Raises EvidenceMissing."""
    wanting = [name for name in EVIDENCES if not evidence.get(name, "").strip()]
    if wanting:
        raise EvidenceMissing([FieldProblem(f"/{name}", EvidenceMissing.code, EvidenceMissing.message)
                               for name in wanting])  # fmt: skip
    for name in EVIDENCES:
        setattr(task, name, evidence[name])
    task.done_by_id, task.done_label = actor.user_id, actor.label
    _move(task, State.CHECKING)
    _tell("group_task.shown", task, actor, now)


def close(*, task: GroupTask, actor: Actor, now: datetime) -> None:
    """The office saw that it is so."""
    _check(task, State.DONE, actor, now)
    _tell("group_task.closed", task, actor, now)


def drop(*, task: GroupTask, reason: str, actor: Actor, now: datetime) -> None:
    """It is not done any more; why stays with it."""
    task.returned = reason
    _check(task, State.DROPPED, actor, now)
    _tell("group_task.dropped", task, actor, now)


def return_task(*, task: GroupTask, reason: str, actor: Actor, now: datetime) -> None:
    """It is not enough."""
    task.returned, task.done_by = reason, None
    _move(task, State.OPEN)
    _tell("group_task.returned", task, actor, now)


def note_late(*, task: GroupTask, actor: Actor, now: datetime) -> bool:
    """Its day is over: head and office are told, once."""
    if task.late_told_at is not None:
        return False
    task.late_told_at = now
    _move(task, State(task.state))
    _tell("group_task.late", task, actor, now)
    return True


def _check(task: GroupTask, state: GroupTask.State, actor: Actor, now: datetime) -> None:
    task.checked_by_id, task.checked_label, task.closed_at = actor.user_id, actor.label, now
    _move(task, state)


def _move(task: GroupTask, state: GroupTask.State) -> None:
    task.state, task.version = state, task.version + 1
    task.save()


def _tell(action: str, task: GroupTask, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    told = {"unit_name": task.unit.name, "due": task.due_on, **(data or {})}
    record(action=action, object=task, actor=actor, now=now, data=told)
