"""What is known of a nomination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.activities.models import Honour
from backend.core import prepared
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known


def honour(context: Context, data: Mapping[str, Any]) -> Known:
    """Who is nominated for what, by whom, and what was found so far."""
    row = _honour(data)
    facts = {
        "honour_number": row.number,
        "honour_kind": row.call.kind,
        "candidate": row.candidate,
        "village": row.unit.name,
        "merits": row.merits,
        "nominated_by": row.nominated_label,
        "self_scores": row.self_scores,
        "self_findings": row.self_findings,
        "site_checked_on": row.site_checked_on and row.site_checked_on.isoformat(),
        "site_scores": row.site_scores,
        "site_findings": row.site_findings,
        "votes_for": row.votes_for,
        "votes_against": row.votes_against,
        "recused": row.recused,
        "score": row.score,
    }
    return {"facts": facts}


def town_review(context: Context, data: Mapping[str, Any]) -> Known:
    """The same; a model community's sum is what was found on site."""
    row = _honour(data)
    known = honour(context, data)
    return {**known, "values": {"score": sum(row.site_scores.values())}} if row.site_scores else known


def honour_objection(context: Context, data: Mapping[str, Any]) -> Known:
    """The objection, and who raised it: for whoever looks into it, and nobody else."""
    row = _honour(data)
    told = {"honour_objection": row.objection, "objector": row.objector}
    return {"facts": {**honour(context, data)["facts"], **told}}


def _honour(data: Mapping[str, Any]) -> Honour:
    return prepared.found(Honour, data["honour"], follow=("call", "unit", "candidate_family", "helper"))


FORM_VALUES: FormValues = {
    ("honours_selection", "self_check"): honour,
    ("honours_selection", "check_on_site"): honour,
    ("honours_selection", "review_in_village"): honour,
    ("honours_selection", "check_records"): honour,
    ("honours_selection", "review_at_township"): town_review,
    ("honours_selection", "settle_objection"): honour_objection,
    ("honours_selection", "approve_award"): honour,
    ("honours_selection", "ask_story"): honour,
}
