"""What is known of a school year's study aid: totals only, no pupil's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, Sum

from backend.core import prepared
from backend.funds import study_aid
from backend.funds.models import StudyAidApplication, StudyAidCall
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known

Standing = StudyAidApplication.State


def plan(context: Context, data: Mapping[str, Any]) -> Known:
    """What the fund holds."""
    row = _call(data)
    return {"facts": {"study_aid_number": row.number, "fund_holds": str(study_aid.fund_holds(row.unit))}}


def approval(context: Context, data: Mapping[str, Any]) -> Known:
    """The plan."""
    row = _call(data)
    told = {name: str(getattr(row, name)) for name in ("budget", "primary", "junior", "senior", "college")}
    return {"facts": {**plan(context, data)["facts"], "closes_on": row.closes_on, **told}}


def progress(context: Context, data: Mapping[str, Any]) -> Known:
    """How many applications there are, how many wait, how many are on the list, and for how much."""
    row = _call(data)
    counted = row.applications.exclude(state=Standing.WITHDRAWN).aggregate(
        all=Count("pk"),
        unchecked=Count("pk", filter=Q(state=Standing.ENTERED)),
        listed=Count("pk", filter=Q(amount__isnull=False)),
        total=Sum("amount"),
    )
    facts = {
        "study_aid_number": row.number,
        "applications": counted["all"],
        "unchecked": counted["unchecked"],
        "listed": counted["listed"],
        "listed_total": str(counted["total"] or 0),
    }
    return {"facts": facts}


def objection(context: Context, data: Mapping[str, Any]) -> Known:
    """The words of the objection: for whoever looks into it, and nobody else."""
    return {"facts": {**progress(context, data)["facts"], "study_aid_objection": _call(data).objection}}


def review(context: Context, data: Mapping[str, Any]) -> Known:
    """What the donors are to be told."""
    return {"facts": {**progress(context, data)["facts"], "use_account": _call(data).use_account}}


def _call(data: Mapping[str, Any]) -> StudyAidCall:
    return prepared.found(StudyAidCall, data["call"], follow=("unit",))


FORM_VALUES: FormValues = {
    ("study_aid", "plan_call"): plan,
    ("study_aid", "approve_call"): approval,
    ("study_aid", "finish_checks"): progress,
    ("study_aid", "confirm_shortlist"): progress,
    ("study_aid", "settle_objection"): objection,
    ("study_aid", "approve_grants"): progress,
    ("study_aid", "report_use"): progress,
    ("study_aid", "confirm_report"): review,
}
