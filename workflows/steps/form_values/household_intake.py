"""What is known when a family is surveyed and its file checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.cases import surveys
from backend.cases.models import Review
from workflows.steps.context import Context
from workflows.steps.duplicates import judged
from workflows.steps.form_values.known import FormValues, Known, case_of

ABOUT_FAMILY = ("residence", "child_state", "needs", "emergency_contact", "emergency_phone")


def survey(context: Context, data: Mapping[str, Any]) -> Known:
    """The file as it stands, to be compared with what is found."""
    family = case_of(context).family
    values = {key: value for key in ABOUT_FAMILY if (value := getattr(family, key))}
    facts = {
        "members": family.persons.filter(died_on__isnull=True).count(),
        "declared_categories": list(family.declared_categories),
        "willingness": str(family.willingness),
        "helper_number": family.helper_number,
        "attempts": data.get("attempts", 0),
    }
    return {"values": {**values, "surveyed_on": context.today.isoformat()}, "facts": facts}


def duplicates(context: Context, data: Mapping[str, Any]) -> Known:
    """Households that may be the same."""
    found = [
        {
            "family": str(each.duplicate.family.pk),
            "label": each.duplicate.family.label,
            "number": each.duplicate.family.number,
            "unit": each.duplicate.family.unit.name,
            "score": each.score,
            "reasons": list(each.duplicate.reasons),
        }
        for each in judged(context.instance.process, case_of(context).family)
    ]
    return {"facts": {"duplicates": found}}


def check_file(context: Context, data: Mapping[str, Any]) -> Known:
    """What the tables advise, with their reasons, and what the survey says."""
    advised = {"categories": data.get("categories") or [], "tier": data.get("tier") or ""}
    reasons = {"category_reasons": data.get("category_reasons") or [], "tier_reason": data.get("tier_reason") or ""}
    family = case_of(context).family
    facts = {
        **advised,
        **reasons,
        "declared_categories": list(family.declared_categories),
        "without_certificate": family.persons.filter(status="present", certificate="").count() or None,
        "survey": surveys.latest_answers(family),
    }
    return {"values": advised, "facts": facts}


def confirm_file(context: Context, data: Mapping[str, Any]) -> Known:
    """What was advised, what the caseworker chose, and why."""
    open_reviews = Review.objects.filter(case=case_of(context), subject="filing", decided_at__isnull=True)
    review = open_reviews.order_by("-id").first()
    return {"facts": dict(review.facts) if review else {}}


FORM_VALUES: FormValues = {
    ("household_intake", "survey_family"): survey,
    ("household_intake", "collect_by_contact"): survey,
    ("household_intake", "resolve_duplicates"): duplicates,
    ("household_intake", "check_file"): check_file,
    ("household_intake", "confirm_file"): confirm_file,
}
