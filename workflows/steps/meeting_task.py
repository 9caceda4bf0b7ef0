"""Steps of a task that a meeting gave: four evidences (G4), seen by the office."""

from __future__ import annotations

from collections.abc import Mapping

from backend.coordination import tasks
from backend.coordination.models import GroupTask
from backend.reminders.outbox import intend, role_at
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def record_evidence(call: Call) -> None:
    """What shows that it is done."""
    context = of(call)
    evidence = {name: str(call.answers.get(name) or "") for name in tasks.EVIDENCES}
    tasks.show(task=_task(call), evidence=evidence, actor=context.actor, now=context.now)


def record_check(call: Call) -> None:
    """Closed, returned or dropped."""
    context, task, reason = of(call), _task(call), str(call.answers.get("reason") or "")
    if call.answers["check"] == "close":
        tasks.close(task=task, actor=context.actor, now=context.now)
    elif call.answers["check"] == "drop":
        tasks.drop(task=task, reason=reason, actor=context.actor, now=context.now)
    else:
        tasks.return_task(task=task, reason=reason, actor=context.actor, now=context.now)


def tell_late(call: Call) -> None:
    """Its day is over: the unit's head and the office hear it, and the county."""
    context, task = of(call), _task(call)
    if tasks.note_late(task=task, actor=context.actor, now=context.now):
        office, page = task.meeting.office, f"/meeting-tasks/{task.pk}/"
        for role, unit in (("head", task.unit), ("leading_group", office), ("county", office)):
            intend(
                "group_task.late", to=role_at(role, unit), key=f"group_task.late:{task.pk}:{role}", about=task,
                label=task.meeting.title, page="" if role == "county" else page, now=context.now,
            )  # fmt: skip


def _task(call: Call) -> GroupTask:
    rows = GroupTask.objects.select_for_update(of=("self",)).select_related("unit", "meeting__office")
    return rows.get(pk=call.data["task"])


STEPS: Mapping[str, Step] = {
    "meeting_task.record_evidence": record_evidence,
    "meeting_task.record_check": record_check,
    "meeting_task.tell_late": tell_late,
}
