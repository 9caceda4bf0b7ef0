"""What is known of volunteers, their hours and certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.activities import certificates
from backend.activities.models import Certificate, HourClaim, Volunteer
from backend.core import prepared
from backend.helpers.gates import years_on
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def volunteer(context: Context, data: Mapping[str, Any]) -> Known:
    """Who wants to serve, what they offer, for a minor whose word there is; what the register says of the papers."""
    row = prepared.found(Volunteer, data["volunteer"], follow=("helper", "kind"))
    facts: dict[str, Any] = {
        "volunteer": row.name,
        "volunteer_source": row.source,
        "age": years_on(row.birth_date, context.today),
        "kind": row.kind.label,
        "kind_en": row.kind.label_en,
        "with_minors": row.with_minors,
        "risky": row.risky,
        "notice_accepted": f"{row.notice_version} · {row.accepted_on.isoformat()}",
        "guardian": row.guardian,
        "accompanied_by": row.accompanied_by,
    }
    if row.helper is not None:
        facts |= {
            "helper_number": row.helper.number,
            "training_done": [each.module for each in row.helper.trainings.order_by("module")],
            "insured_to": text(row.helper.insured_until),
            "checked_to": text(row.helper.check_until),
        }
    return {"facts": facts}


def claim(context: Context, data: Mapping[str, Any]) -> Known:
    """What somebody claims, what shows it, and what is odd about it; never which family it was."""
    row = prepared.found(HourClaim, data["claim"], follow=("helper", "place"))
    facts = {
        "volunteer": row.helper.name,
        "service_content": row.content,
        "hours_source": row.source,
        "began": text(row.started_at),
        "ended": text(row.ended_at),
        "hours_claimed": row.claimed / 2,
        "where": row.place.name if row.place else "",
        "hours_evidence": row.evidence,
        "hours_flags": list(row.flags),
        "said_about_it": row.note,
        "claimed_by": row.claimed_label,
        "decided_before": f"{row.counted / 2} · {row.reason}" if row.disputed_at else "",
        "dispute": row.dispute,
    }
    return {"values": {"verification": "all"}, "facts": facts}


def certificate(context: Context, data: Mapping[str, Any]) -> Known:
    """Whose hours, of which months, how many, and what somebody objects."""
    row = prepared.found(Certificate, data["certificate"], follow=("helper",))
    facts = {
        "certificate_number": row.number,
        "volunteer": row.name,
        "helper_number": row.helper.number,
        "certified_from": text(row.from_date),
        "certified_to": text(row.to_date),
        "hours_certified": certificates.half_hours(row) / 2,
        "announced_to": text(row.announced_until),
        "objection_text": row.objection,
        "answered_by": row.handled_label,
    }
    return {"facts": facts}


FORM_VALUES: FormValues = {
    ("volunteer_service", "screen_volunteer"): volunteer,
    ("volunteer_service", "prepare_volunteer"): volunteer,
    ("volunteer_service", "renew_papers"): volunteer,
    ("hours_claim", "verify_hours"): claim,
    ("hours_claim", "verify_in_village"): claim,
    ("hours_claim", "verify_in_unit"): claim,
    ("hours_claim", "settle_dispute"): claim,
    ("hours_certificate", "check_hours"): certificate,
    ("hours_certificate", "settle_objection"): certificate,
    ("hours_certificate", "sign_certificate"): certificate,
}
