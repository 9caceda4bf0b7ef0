"""What is told beside the form of a health service's work item: one file at a time, to whoever does it and nobody else.

The hospital is told the voucher's number and what to arrange, no name. Whoever is told a name is noted in history.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from backend.core import prepared
from backend.health import services as health
from backend.health.models import HealthService
from backend.health.notices import NOTICES
from backend.org.models import Unit
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known

PLACES: Mapping[str, str] = {"caseworker": "office", "village": "village", "liaison": "hospital"}
"""Role → the unit in the process data where it does this work. Whoever looks on in another role is told nothing."""


def consent(context: Context, data: Mapping[str, Any]) -> Known:
    """Who asks for what, and what to read out."""
    row = _told(context, data)
    if row is None:
        return {}
    others = [each for each in health.of_person(row.person_id) if each.pk != row.pk] if row.person_id else []
    facts = {
        **_whom(row),
        "health_under_way": any(each.kind == row.kind and each.closed_at is None for each in others),
        "health_notice": " ".join(gettext(text) for text in NOTICES[row.kind]),
    }
    return {"values": {"given_on": context.today.isoformat(), "given_by": "self"}, "facts": facts}


def decision(context: Context, data: Mapping[str, Any]) -> Known:
    """What the person said, and what the table advises."""
    row = _told(context, data)
    if row is None:
        return {}
    said = {
        "residence_months": row.residence_months,
        "health_planning": row.planning,
        "health_had_before": row.had_before,
        "health_advice": data.get("advice"),
        "health_reason": data.get("eligibility_reason"),
        "health_green": data.get("green") or None,
    }
    advised = "grant" if data.get("advice") == "eligible" else "not_eligible"
    return {"values": {"decision": advised}, "facts": {**_whom(row), **said}}


def errand(context: Context, data: Mapping[str, Any]) -> Known:
    """Whom it is about and when: for whoever hands out, keeps company, enters or looks again."""
    row = _told(context, data)
    return {"facts": {**_whom(row), **_when(row)}} if row else {}


def voucher(context: Context, data: Mapping[str, Any]) -> Known:
    """For the hospital: the number, what to arrange, until when. No name."""
    row = _told(context, data)
    return {"facts": {"health_number": row.number, "health_kind": row.kind, **_when(row)}} if row else {}


def _told(context: Context, data: Mapping[str, Any]) -> HealthService | None:
    """The service, when the reader does this work here; that a name was told goes to history."""
    actor = context.actor
    place = data.get(PLACES.get(actor.role, ""))
    if not place or not _works_at(actor.unit_id, str(place)):
        return None
    row = prepared.found(HealthService, data["service"], follow=("person__family__unit", "hospital", "place"))
    if actor.role != "liaison":
        health.tell_read(rows=[row], actor=actor, path=row.unit_path, now=context.now)
    return row


def _works_at(unit_id: object, place: str) -> bool:
    """Whether the unit in whose name somebody reads is the place or lies above it."""
    paths = dict(Unit.objects.filter(pk__in=[unit_id, place]).values_list("pk", "path"))
    held = [path for pk, path in paths.items() if pk == unit_id]
    wanted = [path for pk, path in paths.items() if str(pk) == place]
    return bool(held and wanted and wanted[0].startswith(held[0]))


def _whom(row: HealthService) -> dict[str, Any]:
    person = row.person
    return {
        "health_number": row.number,
        "health_person": f"{person.name} · {row.place.name}" if person else "",
        "health_kind": row.kind,
        "health_hospital": row.hospital.name if row.hospital else "",
        "health_company": row.company or None,
    }


def _when(row: HealthService) -> dict[str, Any]:
    return {
        "health_valid_until": row.expires_at.isoformat() if row.expires_at else None,
        "health_appointment": row.appointment_at.isoformat() if row.appointment_at else None,
        "health_handed_out": row.handed_out or None,
    }


FORM_VALUES: FormValues = {
    ("health_service", "explain_and_ask"): consent,
    ("health_service", "confirm_eligibility"): decision,
    ("health_service", "hand_out"): errand,
    ("health_service", "enter_record"): errand,
    ("health_service", "arrange_company"): errand,
    ("health_service", "offer_counselling"): errand,
    ("health_service", "review_plan"): errand,
    ("health_service", "agree_appointment"): voucher,
    ("health_service", "report_attendance"): voucher,
    ("health_service", "report_return"): voucher,
}
