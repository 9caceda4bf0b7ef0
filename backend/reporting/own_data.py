"""What is kept about one person, as that person may see it and take it along (PIPL art. 45): a copy made on request.

Of others only what the person knows anyway: the family's own file, and who helped it. Health is the person's own:
nobody gets a copy of what a spouse or a grown child told; what surveys and visits found goes to the head of the
household, whom they asked, others learn only that there were some. What others said about the family (complaints, who
reported an emergency) is no part of it.
"""

from __future__ import annotations

from typing import Any

from backend.cases.models import Case, Consent, Family, Person, Survey
from backend.cases.surveys import answers_of
from backend.health.models import HealthService
from backend.helpers.models import Pairing
from backend.visits.models import Visit

PERSON = (
    "name", "alias", "relation", "certificate_kind", "certificate", "sex", "birth_date", "ethnicity", "marriage",
    "phone", "health", "self_care", "disability_kind", "disability_grade",
)  # fmt: skip
FAMILY = (
    "number", "label", "hukou_address", "live_address", "hukou_kind", "residence", "categories", "risk_tier",
    "willingness", "emergency_contact", "emergency_phone", "child_state", "needs", "policies", "languages",
)  # fmt: skip


def copy_of(person: Person) -> dict[str, Any]:
    """The copy, section by section; codes as they are kept."""
    family = person.family
    return {
        "person": {name: getattr(person, name) for name in PERSON},
        "family": {name: getattr(family, name) for name in FAMILY},
        "consents": [
            {"purpose": row.purpose, "items": row.items, "given_at": row.given_at, "withdrawn_at": row.withdrawn_at}
            for row in Consent.objects.filter(family=family).order_by("given_at", "id")
        ],
        "cases": [
            {"number": row.number, "programme": row.programme.name, "state": row.state, "opened_at": row.opened_at}
            for row in Case.objects.filter(family=family).select_related("programme").order_by("opened_at", "id")
        ],
        "helpers": [
            {"name": row.helper.name, "from_date": row.from_date, "to_date": row.to_date}
            for row in Pairing.objects.filter(family=family).select_related("helper").order_by("from_date", "id")
        ],
        "surveys": _surveys(family, whole=person.is_head),
        "visits": _visits(family, whole=person.is_head),
        "health_services": [_service(row) for row in _services(person)],
    }


def _surveys(family: Family, *, whole: bool) -> list[dict[str, Any]]:
    rows = Survey.objects.filter(family=family).order_by("surveyed_on", "id")
    return [{"surveyed_on": row.surveyed_on, "answers": answers_of(row.answers) if whole else {}} for row in rows]


def _visits(family: Family, *, whole: bool) -> list[dict[str, Any]]:
    rows = Visit.objects.filter(family=family, recorded_at__isnull=False).order_by("recorded_at", "id")
    return [
        {
            "on": row.started_at or row.recorded_at,
            "channel": row.channel,
            "state": row.state,
            "answers": answers_of(row.answers) if whole else {},
        }
        for row in rows
    ]


def _services(person: Person) -> list[HealthService]:
    """Those asked for by this person; of one that was declined nothing is kept."""
    rows = HealthService.objects.filter(person=person).select_related("hospital", "consent")
    return list(rows.order_by("created_at", "id"))


def _service(row: HealthService) -> dict[str, Any]:
    """What was answered and agreed to; the results are with the hospital, not here."""
    consent = getattr(row, "consent", None)
    return {
        "number": row.number,
        "kind": row.kind,
        "asked_at": row.created_at,
        "hospital": row.hospital.name if row.hospital else "",
        "residence_months": row.residence_months,
        "planning": row.planning,
        "had_before": row.had_before,
        "company": row.company,
        "voucher": row.voucher,
        "appointment_at": row.appointment_at,
        "attended": row.attended,
        "agreed_to": consent.items if consent else [],
        "agreed_on": consent.given_on if consent else None,
        "outcome": row.outcome,
    }
