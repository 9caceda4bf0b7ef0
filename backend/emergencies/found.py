"""What a visit (E8) or a survey (D03, row 1) found that cannot wait: the record becomes an emergency, once.

Whoever recorded it is the finder: kept as secretly as any other finder.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from backend.cases.models import Survey
from backend.cases.surveys import answers_of
from backend.emergencies.incidents import ABANDONED, CHILD_ALONE, Report, create_incident, of_child_alone
from backend.emergencies.models import Incident, SafetyWatch
from backend.org.access import Actor
from backend.visits.models import Visit

CHANNEL, BY_SURVEY = "visit", "survey"
"""Codes of the list emergency_channel."""
DANGERS: Mapping[str, str] = {
    "gas_or_fire": "fire",
    "minor_alone": CHILD_ALONE,
    "abuse_signs": "abuse",
    "despair_or_self_harm": "self_harm",
    "injured_or_unconscious": "fall",
    "nobody_answers": "no_answer",
}
"""Reason of decision D07 → code of the list emergency_kind; of several the first one names the emergency."""
UNATTENDED, CARER_UNFIT = "unattended", "carer_unfit"
"""What a survey says of a household's minors that is dangerous (D03, row 1): nobody looks after them, or nobody who
can."""


def is_dangerous(reasons: Collection[str]) -> bool:
    """Whether one of the reasons of decision D07 cannot wait."""
    return any(reason in reasons for reason in DANGERS)


def is_raised(visit: Visit) -> bool:
    """Whether the visit has become an emergency already: that is told once, however late its record is allowed."""
    return Incident.objects.filter(visit=visit).exists()


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
        incapable=_is_watched(visit),
        finder=visit.recorded_by_label,
        found_by=visit.recorded_by_id,
    )
    return of_child_alone(report) if "minor_alone" in reasons else report


def _is_watched(visit: Visit) -> bool:
    """Somebody of the family cannot decide for oneself, as was heard and decided (E27)."""
    return SafetyWatch.objects.filter(case__family=visit.family_id, state=SafetyWatch.State.WATCHED).exists()


def raise_alarm_of_survey(*, survey: Survey, finder: Actor, now: datetime) -> Incident | None:
    """The emergency of a child who is not looked after, by what a survey says. None when the survey says nothing of the
    kind, or when an emergency of this sort is open for the family: a file that is returned is surveyed again."""
    said = answers_of(survey.answers)
    minor = said.get("minor")
    if minor not in {UNATTENDED, CARER_UNFIT} or _is_known(survey):
        return None
    report = Report(
        kind=CHILD_ALONE, place=survey.family.unit, found_at=now, channel=BY_SURVEY, what=str(said.get("note") or ""),
        family=survey.family, case=survey.case, minor=True, situations=(ABANDONED,), alone=minor == UNATTENDED,
        finder=finder.label, found_by=finder.user_id,
    )  # fmt: skip
    return create_incident(report=report, now=now)


def _is_known(survey: Survey) -> bool:
    of_family = Incident.objects.open().filter(about_family=survey.family_id, minor=True)
    return of_family.filter(situations__contains=[ABANDONED]).exists()
