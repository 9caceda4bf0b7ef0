"""What is known of an emergency: only to whoever does something in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from backend.core import prepared
from backend.emergencies.models import Incident
from backend.org import codes
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text

ANSWERING = frozenset({"village", "caseworker", "supervisor"})
"""Roles that do something in an emergency; nobody else reads in its work items whom it is about."""
KNOWN = ("minor", "incapable", "violence")
"""What was said of the person, where it was said."""


def emergency(context: Context, data: Mapping[str, Any]) -> Known:
    """Where to go and to whom, for those who act; who reported it stands nowhere here."""
    row = prepared.found(Incident, data["emergency"], follow=("about_family", "place"))
    facts: dict[str, Any] = {
        "emergency_number": row.number,
        "emergency_kind": row.kind,
        "emergency_level": row.level,
        "report_due": row.report_due,
        "police_told_at": text(row.reported_at),
        "place": row.place.name,
    }
    if context.actor.role not in ANSWERING:
        return {"facts": facts}
    family = row.about_family
    facts |= {
        "where": row.where or (family.live_address if family else ""),
        "what": row.what,
        "who": row.who or (family.label if family else ""),
        **{name: True for name in KNOWN if getattr(row, name)},
        "situations": row.situations,
        "tell_kin": row.tell_kin,
        "unverified": row.unverified,
        "callback": row.callback,
        "emergency_contact": family.emergency_contact if family and row.tell_kin else "",
        "emergency_phone": family.emergency_phone if family and row.tell_kin else "",
    }
    return {"facts": facts}


def acknowledgement(context: Context, data: Mapping[str, Any]) -> Known:
    """The same, with what is open besides: two people may have told of one thing."""
    row = Incident.objects.get(pk=data["emergency"])
    others = Incident.objects.open().filter(office=row.office_id, sealed=False).exclude(pk=row.pk).order_by("-pk")[:20]
    told = emergency(context, data)["facts"]
    rows = [
        {
            "emergency": str(each.pk),
            "name": each.number,
            "kind": codes.name("emergency_kind", each.kind, "zh-hans"),
            "kind_en": codes.name("emergency_kind", each.kind, "en"),
            "unit": f"{timezone.localtime(each.found_at):%m-%d %H:%M}",
        }
        for each in others
    ]
    return {"facts": {**told, "others": rows}}


def arrival(context: Context, data: Mapping[str, Any]) -> Known:
    """The same, and that it is now."""
    return {**emergency(context, data), "values": {"arrived_at": context.now.isoformat()}}


FORM_VALUES: FormValues = {
    ("emergency_response", "acknowledge"): acknowledgement,
    ("emergency_response", "arrive"): arrival,
    ("emergency_response", "go_from_office"): arrival,
    ("emergency_response", "take_measures"): emergency,
    ("emergency_response", "follow_up_weekly"): emergency,
    ("emergency_response", "add_what_is_missing"): emergency,
    ("emergency_response", "report_at_once"): emergency,
    ("emergency_response", "report_what_was_found"): emergency,
    ("emergency_response", "write_brief"): emergency,
    ("emergency_response", "review_response"): emergency,
}
