"""What is known of a meeting: its agenda with results, its resolutions, its minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.coordination.models import Meeting
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def meeting(context: Context, data: Mapping[str, Any]) -> Known:
    """When, about what, what was resolved. What is confidential about a referral stands in the referral alone."""
    row = Meeting.objects.get(pk=data["meeting"])
    facts: dict[str, Any] = {
        "meeting_title": row.title,
        "held_at": text(row.held_at),
        "agenda_items": [_item(each) for each in row.agenda.select_related("unit").order_by("created_at", "id")],
        "resolutions": [
            f"{task.unit.name}: {task.text} ({task.due_on:%Y-%m-%d})"
            for task in row.tasks.select_related("unit").order_by("created_at", "id")
        ],
        "returned_because": row.returned if row.state == Meeting.State.CALLED else "",
    }
    words = {"present": row.present, "minutes": row.minutes}
    if row.state == Meeting.State.MINUTED:
        facts |= words
    return {"facts": facts, "values": {name: value for name, value in words.items() if value}}


def _item(item: Any) -> str:
    told = " ".join(part for part in (item.unit.name if item.unit else "", item.text) if part)
    told = told or str(item.get_kind_display())
    return f"{told} → {item.result}" if item.result else told


FORM_VALUES: FormValues = {
    ("meeting", "set_agenda"): meeting,
    ("meeting", "write_minutes"): meeting,
    ("meeting", "confirm_minutes"): meeting,
}
