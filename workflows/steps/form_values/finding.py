"""What is known of a finding that is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from backend.inspection.models import Finding
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def finding(context: Context, data: Mapping[str, Any]) -> Known:
    """What was found, by when it has to be answered, why the last answer was returned; then the answer itself."""
    row = Finding.objects.get(pk=data["finding"])
    facts: dict[str, Any] = {
        "finding_kind": row.kind,
        "found": row.text,
        "raised_by": row.raised_label,
        "answer_until": text(row.due_at),
        "returned_because": row.returned if row.state == Finding.State.OPEN else "",
    }
    if row.state != Finding.State.OPEN:
        answered = f"{row.answered_label}, {timezone.localdate(row.answered_at)}" if row.answered_at else ""
        facts |= {"unit_answer": row.answer, "unit_evidence": row.evidence, "answered_by": answered}
    return {"facts": {**facts, "confirmed_by": row.confirmed_label}}


FORM_VALUES: FormValues = {
    ("finding", "answer_finding"): finding,
    ("finding", "confirm_answer"): finding,
    ("finding", "check_answer"): finding,
}
