"""What is known when a helper says goodbye."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.core import prepared
from backend.helpers import successions
from backend.helpers.models import Succession
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known


def farewell(context: Context, data: Mapping[str, Any]) -> Known:
    """Who leaves, when, and who comes next; the day of the visit is today's, mostly."""
    row = prepared.found(Succession, data["succession"], follow=("pairing__helper",))
    successor = successions.successor_of(row.pairing, context.today)
    facts = {
        "leaving_helper": row.pairing.helper.name,
        "ends_on": row.ends_on.isoformat(),
        "successor": successor.helper.name if successor else "",
    }
    return {"values": {"visited_on": context.today.isoformat()}, "facts": facts}


FORM_VALUES: FormValues = {
    ("succession", "accompany_farewell"): farewell,
}
