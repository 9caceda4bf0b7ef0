"""What a visit found that cannot wait (E8): the record becomes an emergency, one for each visit.

Whoever recorded the visit is the finder: kept as secretly as any other finder.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from backend.cases.surveys import answers_of
from backend.emergencies.incidents import CHILD_ALONE, Report, create_incident, of_child_alone
from backend.emergencies.models import Incident
from backend.visits.models import Visit

CHANNEL = "visit"
"""A code of the list emergency_channel."""
DANGERS: Mapping[str, str] = {
    "gas_or_fire": "fire",
    "minor_alone": CHILD_ALONE,
    "abuse_signs": "abuse",
    "despair_or_self_harm": "self_harm",
    "injured_or_unconscious": "fall",
    "nobody_answers": "no_answer",
}
"""Reason of decision D07 → code of the list emergency_kind; of several the first one names the emergency."""


def is_dangerous(reasons: Collection[str]) -> bool:
    """Whether one of the reasons of decision D07 cannot wait."""
    return any(reason in reasons for reason in DANGERS)


def raise_alarm(*, visit: Visit, reasons: Collection[str], now: datetime) -> Incident:
    """The emergency of a visit; a second time the one there is."""
    known = Incident.objects.filter(visit=visit).first()
    return known or create_incident(report=report_of(visit, reasons, now), now=now)


def report_of(visit: Visit, reasons: Collection[str], now: datetime) -> Report:
    """What the record tells, as much of it as decisions D08 and D09 ask for."""
    said = answers_of(visit.answers)
    report = Report(
        kind=next(kind for reason, kind in DANGERS.items() if reason in reasons),
        place=visit.family.unit,
        found_at=min(visit.started_at or now, now),
        channel=CHANNEL,
        what=str(said.get("note") or said.get("requests") or ""),
        family=visit.family,
        case=visit.case,
        visit=visit,
        unconscious=said.get("physical") == "unconscious",
        fire_gas="gas_or_fire" in reasons,
        violence="abuse_signs" in reasons,
        minor="abuse_signs" in reasons and "child" in (said.get("persons_met") or ()),
        finder=visit.recorded_by_label,
        found_by=visit.recorded_by_id,
    )
    return of_child_alone(report) if "minor_alone" in reasons else report
