"""What is known of an application: what was declared, what each level found, what the tables advise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.core import prepared
from backend.subsidies.applications import advice_of
from backend.subsidies.models import Application
from backend.subsidies.rules import Children, governing_birth
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def application(context: Context, data: Mapping[str, Any]) -> Known:
    """Who applies for what, with which papers; nothing of children."""
    return {"facts": _outline(_row(data))}


def reviewed(context: Context, data: Mapping[str, Any]) -> Known:
    """The same with what is declared of children, and what the levels below found: for whoever reviews it."""
    row = _row(data)
    return {"facts": {**_outline(row), **_declared(row), **_found(row)}}


def advised(context: Context, data: Mapping[str, Any]) -> Known:
    """The same with what the tables advise, and the day on which the age is reached (E17)."""
    row = _row(data)
    advice = advice_of(row)
    told = {
        "verdict": row.verdict,
        "verdict_reason": row.verdict_reason,
        "subsidy_category": row.category,
        "age_reached_on": text(row.true_on),
        "combination": advice.get("combination"),
        "combination_reason": advice.get("combination_reason"),
        "yearly_amount": advice.get("yearly"),
        "amount_layers": [f"{each['area']} {each['part']}（{each['reference']}）" for each in advice.get("layers", [])],
        "paid_from": advice.get("from_date"),
    }
    return {"facts": {**_outline(row), **_declared(row), **_found(row), **told}}


def decided(context: Context, data: Mapping[str, Any]) -> Known:
    """What was decided, for whoever tells the family."""
    row = _row(data)
    told = {"application_state": row.state, "refusal_reason": row.reason}
    return {"facts": {**_outline(row), **{name: value for name, value in told.items() if value}}}


def _outline(row: Application) -> dict[str, Any]:
    return {
        "subsidy_number": row.number,
        "subsidy_kind": row.kind,
        "subsidy_year": row.year,
        "applicant": row.person.name,
        "spouse": row.spouse.name if row.spouse else None,
        "village": row.unit.name,
        "declared_on": text(row.declared_on),
        "papers": row.papers,
        "papers_missing": row.missing,
        "recorded_by": row.recorded_label,
    }


def _declared(row: Application) -> dict[str, Any]:
    told = Children.of(row)
    return {
        "applicant_born_on": text(governing_birth(row.person)),
        "spouse_born_on": text(governing_birth(row.spouse)),
        "children_ever": told.ever,
        "children_living": told.living,
        "paper_number": told.certificate,
        "disability_grade": told.grade or None,
        "card_until": told.card_until or None,
    }


def _found(row: Application) -> dict[str, Any]:
    stages = list(row.stages.order_by("created_at", "id"))
    return {f"{stage.level}_opinion": stage.opinion for stage in stages}


def _row(data: Mapping[str, Any]) -> Application:
    return prepared.found(Application, data["application"], follow=("person", "spouse", "unit"))


PROCESS = "subsidy_application"
FORM_VALUES: FormValues = {
    (PROCESS, "check_materials"): application,
    (PROCESS, "hand_in_papers"): application,
    (PROCESS, "give_withdrawal_notice"): application,
    (PROCESS, "village_review"): reviewed,
    (PROCESS, "township_review"): reviewed,
    (PROCESS, "county_review"): reviewed,
    (PROCESS, "decide"): advised,
    (PROCESS, "tell_confirmation"): decided,
    (PROCESS, "bring_refusal"): decided,
}
