"""What is known of a task: what was resolved, by when, why it was returned, what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.coordination import tasks
from backend.coordination.models import GroupTask
from backend.core import prepared
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def task(context: Context, data: Mapping[str, Any]) -> Known:
    """For the unit and for whoever checks."""
    row = prepared.found(GroupTask, data["task"], follow=("meeting", "unit"))
    shown = {name: getattr(row, name) for name in tasks.EVIDENCES if getattr(row, name)}
    facts: dict[str, Any] = {
        "meeting_title": row.meeting.title,
        "unit": row.unit.name,
        "resolution": row.text,
        "answer_until": text(row.due_at),
        "returned_because": row.returned,
    }
    if row.state == GroupTask.State.CHECKING:
        facts |= {**shown, "reported_by": row.done_label}
    return {"facts": facts, "values": shown}


FORM_VALUES: FormValues = {
    ("meeting_task", "do_task"): task,
    ("meeting_task", "check_task"): task,
}
