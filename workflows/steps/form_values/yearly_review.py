"""What is known of a year that is looked back on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.cases import reviews
from backend.cases.models import Review
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known


def review(context: Context, data: Mapping[str, Any]) -> Known:
    """The year's facts and what has been said so far."""
    row = Review.objects.get(pk=data["review"])
    said = reviews.notes(row)
    wish, proposal = said.get("wish", {}), said.get("proposal", {})
    return {"facts": {**row.facts, "wish": wish, "proposal": proposal}}


FORM_VALUES: FormValues = {
    ("yearly_review", "ask_family_wish"): review,
    ("yearly_review", "prepare_review"): review,
    ("yearly_review", "decide_review"): review,
}
