"""What is known of a month's bulletin: who reported how, sums, the draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.coordination.models import Bulletin
from backend.coordination.quality import TOLD
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known


def bulletin(context: Context, data: Mapping[str, Any]) -> Known:
    """Units by how they reported; the words of the draft, to be changed or approved."""
    row = Bulletin.objects.get(pk=data["bulletin"])
    words = {"foreword": row.foreword, "outlook": row.outlook}
    facts: dict[str, Any] = {
        "reported_month": f"{row.month:%Y-%m}",
        "returned_because": row.returned if row.state == Bulletin.State.DRAFTING else "",
        "reporting_units": _units(row.content),
        "told": _in_order(row.content.get("told", {})),
        "counted": row.content.get("counted", {}),
    }
    if row.state == Bulletin.State.APPROVING:
        facts |= words
    return {"facts": facts, "values": {name: value for name, value in words.items() if value}}


def _in_order(told: Mapping[str, Any]) -> dict[str, Any]:
    """As the reports ask them: the database keeps an order of its own."""
    return {name: told[name] for name in TOLD if name in told}


def _units(content: Mapping[str, Any]) -> dict[str, list[str]]:
    """How they reported → names."""
    found: dict[str, list[str]] = {}
    for each in content.get("units", ()):
        found.setdefault(each["how"], []).append(each["name"])
    return found


FORM_VALUES: FormValues = {
    ("bulletin", "draft_bulletin"): bulletin,
    ("bulletin", "approve_bulletin"): bulletin,
}
