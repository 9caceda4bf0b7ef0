"""What file and reality say differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.helpers.models import Difference
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def difference(context: Context, data: Mapping[str, Any]) -> Known:
    """What file and reports say, who says so, and what the supervisor returned or has to confirm."""
    row = Difference.objects.select_related("pairing__helper", "pairing__kind", "helper__kind").get(
        pk=data["difference"]
    )
    spell, helper = row.pairing, row.helper
    facts: dict[str, Any] = {"difference": row.kind, "told_by": [f"told_by_{source}" for source in row.sources]}
    if spell is not None:
        facts |= {
            "helper_on_file": f"{spell.helper.name} {spell.helper.number}",
            "kind": spell.kind.label,
            "kind_en": spell.kind.label_en,
            "paired_from": spell.from_date.isoformat(),
            "paired_until": text(spell.to_date),
        }
    facts |= {
        "helper_reported": f"{helper.name} {helper.number}" if helper else row.named,
        "reported_since": text(row.since),
        "families_in_all": row.count or None,
        "returned_because": row.returned,
    }
    if row.state == Difference.State.WAITING:
        facts |= {"settlement": row.settlement, "end_reason": row.end_reason, "ended_on": text(row.ended_on)}
        facts |= {"note": row.note, "answered_by": row.settled_label}
    kind = row.helper_kind or (spell.kind_id if spell else "")
    values = {"helper_kind": kind} if kind and helper is None else {}
    return {"values": values, "facts": facts}


FORM_VALUES: FormValues = {
    ("reconciliation", "settle_difference"): difference,
    ("reconciliation", "confirm_ending"): difference,
}
