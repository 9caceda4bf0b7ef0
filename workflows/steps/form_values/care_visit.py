"""What is known of a visit that is recorded, called back about, followed up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.cases import surveys
from backend.core import prepared
from backend.emergencies.models import Incident
from backend.health.hospitals import hospitals
from backend.visits.models import Visit
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, case_of, text


def visit(context: Context, data: Mapping[str, Any]) -> Known:
    """What a visitor needs: where, how to reach whom in an emergency, what to mind, when to come."""
    family = case_of(context).family
    planned = _visit(data)
    mind = surveys.latest_answers(family)
    facts = {
        "address": family.live_address,
        "emergency_contact": family.emergency_contact,
        "emergency_phone": family.emergency_phone,
        "needs": list(family.needs),
        "avoid": mind.get("avoid", ""),
        "manner": mind.get("manner", ""),
        "planned_for": text(planned.planned_for) if planned else None,
    }
    channel = planned.channel if planned else "home"
    return {"values": {"channel": channel, "visit_result": "met"}, "facts": facts}


def after_visit(context: Context, data: Mapping[str, Any]) -> Known:
    """What was found at the visit, for whoever follows up."""
    made = _visit(data)
    found = surveys.answers_of(made.answers) if made else {}
    facts = {"flags": data.get("flags") or [], "flag_reasons": data.get("flag_reasons") or [], "visit": found}
    if made:
        facts |= {"recorded_by": made.recorded_by_label, "recorded_at": text(made.recorded_at)}
        facts |= _where_it_went(context, made)
    return {"facts": facts}


def _where_it_went(context: Context, made: Visit) -> Mapping[str, Any]:
    """The emergency that the visit became, unless it is sealed; whom a health service can be for, and where."""
    persons = made.family.persons.filter(died_on__isnull=True).order_by("-is_head", "id")
    told = {
        "persons": [{"person": str(each.pk), "name": each.name} for each in persons],
        "hospitals": [
            {"hospital": str(each.pk), "name": each.name} for each in hospitals(made.family.unit, context.today)
        ],
    }
    incident = Incident.objects.filter(visit=made).first()
    if incident is None or incident.is_delicate:
        return told
    return {"emergency_number": incident.number, **told}


def _visit(data: Mapping[str, Any]) -> Visit | None:
    return prepared.found(Visit, data["visit"], follow=("family__unit",)) if data.get("visit") else None


FORM_VALUES: FormValues = {
    ("care_visit", "record_visit"): visit,
    ("care_visit", "visit_instead"): visit,
    ("care_visit", "follow_up"): after_visit,
    ("care_visit", "call_back"): after_visit,
    ("care_visit", "allow_late_record"): after_visit,
    ("late_record", "allow_late_record"): after_visit,
}
