"""Emergencies: reported, answered, reported to the police, looked after, closed. History never says who found it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case, Family
from backend.cases.numbers import next_number, township_code
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.core.models import new_id
from backend.emergencies import clocks
from backend.emergencies.duties import is_confidant
from backend.emergencies.models import Entry, Incident, finder_key
from backend.helpers.models import Helper
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit, User
from backend.visits.models import Visit

CHILD_ALONE = "child_alone"
"""The kind (list emergency_kind) that says by itself who is in danger: a child whom nobody looks after."""
ABANDONED = "abandoned"
"""Abandoned, or long without care: one of the nine situations (list report_situation)."""
POLICE = "110"
KIN = "kin"
ON_IT = "on_it"
FALSE_ALARM = "false_alarm"
MERGED = "merged"
LEVELS = (Incident.Level.PLANNED, Incident.Level.SAME_DAY, Incident.Level.AT_ONCE)
"""Ever more urgent."""
REPORTED_TO = ("", "nobody", "police_civil", "police_civil_education")
"""Whom the law demands to be told (decision D09), ever more of them."""
LEEWAY = timedelta(minutes=5)
"""So far a telephone's clock may be ahead of ours."""


class TellNobody(Invalid):
    """Whoever may be the cause is not warned (E9)."""

    code = "tell_nobody"
    message = _("It may be about the family itself: nobody of it is told.")


class LookFirst(Conflict):
    """What the law demands to report is no false alarm before somebody has been there."""

    code = "look_first"
    message = _("This had to be reported by law: only who has been there can say that it was a false alarm.")


class IncidentClosed(Conflict):
    """Nothing is added to a closed emergency."""

    code = "incident_closed"
    message = _("This emergency is closed.")


class NotAhead(Invalid):
    """What has happened lies in the past."""

    code = "not_ahead"
    message = _("This time lies in the future.")


class NotTheSame(Invalid):
    """Two reports of one thing: both open, of one office, and no duty or suspicion is lost with the one that goes."""

    code = "not_the_same"
    message = _("Choose another open emergency of this office; what has to be reported by law stays by itself.")


class ReportFirst(Conflict):
    """What the law demands to report is not closed unreported (未保法 11)."""

    code = "report_first"
    message = _("This has to be reported to the police by law: that comes before it is closed.")


class NotAConfidant(NotAllowed):
    """Two named officers may know who reported."""

    code = "not_a_confidant"
    message = _("Only the two officers named for it may see who reported.")


@dataclass(frozen=True)
class Report:
    """What somebody tells who needs help: little, for help comes first (F08)."""

    kind: str
    place: Unit
    found_at: datetime
    channel: str
    id: UUID = field(default_factory=new_id)
    where: str = ""
    what: str = ""
    who: str = ""
    family: Family | None = None
    case: Case | None = None
    visit: Visit | None = None
    minor: bool = False
    incapable: bool = False
    violence: bool = False
    situations: tuple[str, ...] = ()
    unconscious: bool = False
    fire_gas: bool = False
    alone: bool = False
    in_hospital: bool = False
    suspect: str = Incident.Suspect.NOBODY
    suspect_helper: Helper | None = None
    secret: bool = True
    finder: str = ""
    finder_contact: str = ""
    unverified: bool = False
    callback: str = ""
    public_receipt: str | None = None
    found_by: UUID | None = None
    """The user who found it; none when somebody without an account called."""


def of_child_alone(report: Report) -> Report:
    """The report with what follows from it when a child has nobody: one of the nine situations, whatever else was seen
    (未保法 11)."""
    situations = dict.fromkeys((*report.situations, ABANDONED))
    return replace(report, minor=True, alone=True, situations=tuple(situations))


def create_incident(*, report: Report, now: datetime) -> Incident:
    """Keep what was told. History hears of it when its urgency is known (`open_incident`). Raises NotAhead."""
    check_past("/found_at", report.found_at, now)
    office = office_of(report.place)
    scope = f"JJ-{township_code(office)}-{timezone.localdate(now).year}"
    return Incident.objects.create(
        id=report.id, number=f"{scope}-{next_number(scope):04d}", kind=report.kind, office=office, place=report.place,
        about_family=report.family, about_case=report.case, visit=report.visit, who=report.who, where=report.where,
        what=report.what, minor=report.minor, incapable=report.incapable, violence=report.violence,
        situations=list(report.situations), unconscious=report.unconscious, fire_gas=report.fire_gas,
        alone=report.alone, in_hospital=report.in_hospital, suspect=report.suspect,
        suspect_helper=report.suspect_helper, channel=report.channel, finder=report.finder,
        finder_contact=report.finder_contact, finder_key=finder_key(report.found_by) if report.found_by else None,
        secret=report.secret, unverified=report.unverified, callback=report.callback,
        public_receipt=report.public_receipt, found_at=report.found_at,
        acknowledge_by=now, arrive_by=now, report_by=now, brief_by=now,
        created_at=now,
    )  # fmt: skip


def open_incident(*, incident: Incident, advised: dict[str, Any], now: datetime) -> None:
    """Its urgency and whether the law demands a report (decisions D08, D09): all clocks start."""
    incident.level, incident.level_reason = advised["level"], advised["level_reason"]
    incident.report_due, incident.report_to = advised["report"], advised["report_to"]
    incident.sealed, incident.tell_kin = advised["sealed"], advised["tell_kin"]
    path = incident.office.path
    incident.acknowledge_by = clocks.acknowledge_by(incident.level, path=path, now=now)
    incident.arrive_by = clocks.arrive_by(incident.level, incident.place, path=path, now=now)
    incident.report_by = clocks.after("report_minutes", path=path, now=now)
    incident.brief_by = clocks.after("brief_hours", path=path, now=now)
    # Never who reported it, not even where the finder does not mind: whoever acts later is named.
    _move(incident, "emergency.reported", SYSTEM, now)


def raise_urgency(*, incident: Incident, advised: Mapping[str, Any], now: datetime) -> bool:
    """What decisions D08 and D09 say of it by now, where that is more: a level never falls, a seal never opens, a
    report that the law demands stays demanded, and whoever must not hear of it never does. Whether it was more."""
    before = _judgement(incident)
    path = incident.office.path
    if LEVELS.index(advised["level"]) > LEVELS.index(Incident.Level(incident.level)):
        incident.level, incident.level_reason = advised["level"], advised["level_reason"]
        sooner = clocks.arrive_by(incident.level, incident.place, path=path, now=now)
        incident.arrive_by = min(incident.arrive_by, sooner)
    if advised["report"] and not incident.report_due:
        incident.report_due, incident.report_by = True, clocks.after("report_minutes", path=path, now=now)
    incident.report_to = max(incident.report_to, advised["report_to"], key=REPORTED_TO.index)
    incident.sealed, incident.tell_kin = incident.sealed or advised["sealed"], incident.tell_kin and advised["tell_kin"]
    if _judgement(incident) == before:
        return False
    _move(incident, "emergency.raised", SYSTEM, now)
    return True


def note_call(*, incident: Incident, party: str, at: datetime, receipt: str, now: datetime) -> bool:
    """Somebody was called, with the time and the receipt number; whether this is the report that the law demands.

    Raises IncidentClosed, NotAhead, TellNobody.
    """
    if incident.closed_at is not None:
        raise IncidentClosed
    check_past("/at", at, now)
    if party == KIN:
        refuse_kin(incident, "/party")
    Entry.objects.create(incident=incident, kind=Entry.Kind.CALL, at=at, party=party, receipt=receipt, created_at=now)
    is_report = party == POLICE and incident.report_due and incident.reported_at is None
    if party == POLICE and incident.reported_at is None:
        incident.reported_at, incident.receipt = at, receipt
    _move(incident, "emergency.called", SYSTEM, now, party=party)
    return is_report


def acknowledge(*, incident: Incident, kin: str, actor: Actor, now: datetime) -> None:
    """The officer on duty has it. Raises TellNobody."""
    if kin == "told":
        refuse_kin(incident, "/kin")
    incident.acknowledged_at, incident.acknowledged_label = now, actor.label
    incident.state = Incident.State.ACKNOWLEDGED
    _move(incident, "emergency.acknowledged", actor, now)


def tell_officers(*, incident: Incident, post: str, officers: Iterable[User], channel: str, now: datetime) -> None:
    """Who was told, how and when; the list was climbed so far."""
    rows = [
        Entry(incident=incident, kind=Entry.Kind.TOLD, at=now, party=post, label=user.name, channel=channel)
        for user in officers
    ]
    Entry.objects.bulk_create(rows)
    incident.told_last = post
    told = "、".join(row.label for row in rows) or "—"
    _move(incident, "emergency.officer_told", SYSTEM, now, duty_post=post, told=told, duty_channel=channel)


def arrive(*, incident: Incident, at: datetime, found: str, actor: Actor, now: datetime) -> None:
    """Somebody is there. Raises NotAhead."""
    check_past("/arrived_at", at, now)
    incident.arrived_at, incident.arrived_label, incident.state = at, actor.label, Incident.State.ON_SITE
    _see(incident, at, found, actor)
    _move(incident, "emergency.arrived", actor, now)


def record_report(*, incident: Incident, at: datetime, receipt: str, actor: Actor, now: datetime) -> None:
    """An officer has made the report that the finder could not make. Raises NotAhead."""
    check_past("/reported_at", at, now)
    incident.reported_at, incident.receipt = at, receipt
    _move(incident, "emergency.police_told", actor, now)


def take_measures(
    *, incident: Incident, measures: Iterable[str], text: str, settled: str, actor: Actor, now: datetime
) -> None:
    """What was done for the person."""
    incident.measures, incident.state = list(measures), Incident.State.FOLLOWED
    _see(incident, now, text, actor)
    _settle(incident, settled)
    _move(incident, "emergency.measures_taken", actor, now)


def follow_up(*, incident: Incident, at: datetime, text: str, settled: str, actor: Actor, now: datetime) -> None:
    """The person was seen again. Raises NotAhead."""
    check_past("/seen_at", at, now)
    _see(incident, at, text, actor)
    _settle(incident, settled)
    _move(incident, "emergency.followed_up", actor, now)


def brief(*, incident: Incident, text: str, sent_to: Iterable[str], actor: Actor, now: datetime) -> None:
    """The written brief of the first day."""
    incident.briefed_at, incident.brief = now, text
    _move(incident, "emergency.briefed", actor, now)


def start_review(*, incident: Incident, now: datetime) -> datetime:
    """Everything is done; somebody who did none of it looks at it. By when."""
    incident.review_by = clocks.after("review_days", path=incident.office.path, now=now)
    incident.state = Incident.State.REVIEWED
    _move(incident, "emergency.to_review", SYSTEM, now)
    return incident.review_by


def review(*, incident: Incident, may_close: bool, opinion: str, actor: Actor, now: datetime) -> None:
    """The reviewer's word. Raises ReportFirst."""
    if may_close and incident.report_due and incident.reported_at is None:
        raise ReportFirst
    incident.reviewed_label = actor.label
    Entry.objects.create(
        incident=incident, kind=Entry.Kind.SEEN, at=now, party="review", label=actor.label, text=opinion
    )
    _move(incident, "emergency.reviewed" if may_close else "emergency.returned", actor, now)


def close(*, incident: Incident, actor: Actor, now: datetime) -> None:
    """Nothing is left to do."""
    incident.state, incident.closed_at = Incident.State.CLOSED, now
    _move(incident, "emergency.closed", actor, now, emergency_outcome=incident.outcome)


def note_false_alarm(*, incident: Incident, reason: str) -> None:
    """It was none, for a reason. Raises LookFirst where the law demands a report and nobody has been there."""
    if incident.report_due and incident.arrived_at is None:
        raise LookFirst
    incident.outcome, incident.false_reason = FALSE_ALARM, reason
    incident.save(update_fields=["outcome", "false_reason"])


def merge(*, incident: Incident, other: Incident | None) -> None:
    """The person on duty found that both tell of the same; the other one goes on. Raises NotTheSame."""
    fits = other is not None and other.pk != incident.pk and other.office_id == incident.office_id
    if other is None or not fits or other.closed_at is not None or incident.report_due or incident.suspect_helper_id:
        raise NotTheSame([FieldProblem("/same_as", NotTheSame.code, NotTheSame.message)])
    incident.same_as, incident.outcome = other, MERGED
    incident.save(update_fields=["same_as", "outcome"])


def note_late(*, incident: Incident, clock: str, now: datetime) -> bool:
    """A clock has run out: told once. Whether this was the time."""
    if clock in incident.late:
        return False
    incident.late = [*incident.late, clock]
    _move(incident, "emergency.late", SYSTEM, now, emergency_clock=clock)
    return True


def note_opened(*, incident: Incident, actor: Actor, now: datetime) -> None:
    """Somebody has read whom it is about, and where."""
    record(action="emergency.opened", object=incident, actor=actor, now=now)


def reveal_finder(*, incident: Incident, user: User, reason: str, actor: Actor, now: datetime) -> dict[str, str]:
    """Who reported it, for the two confidants of the office alone; an event with its reason. Raises NotAConfidant."""
    if not is_confidant(user, incident.office, timezone.localdate(now)):
        raise NotAConfidant
    record(action="emergency.finder_revealed", object=incident, actor=actor, now=now, reason=reason)
    return {"finder": incident.finder, "finder_contact": incident.finder_contact}


def helper_suspended(*, incident: Incident, before: str) -> None:
    """Remember that the helper was suspended because of it, and what the helper was before."""
    incident.helper_was = before
    incident.save(update_fields=["helper_was"])


def leave_suspended(*, incident: Incident, helper: Helper) -> bool:
    """Whether another open emergency suspends the helper, too: then that one remembers what the helper was before.

    Two that are settled at the same moment wait for each other here, so that the last one lifts the suspension.
    """
    Helper.objects.select_for_update().get(pk=helper.pk)
    incident.refresh_from_db(fields=["helper_was"])
    others = Incident.objects.open().filter(suspect_helper=helper).exclude(helper_was="").exclude(pk=incident.pk)
    # Who was reported later found the helper suspended already.
    others.filter(helper_was=Helper.Status.SUSPENDED).update(helper_was=incident.helper_was)
    return others.exists()


def refuse_kin(incident: Incident, pointer: str) -> None:
    """Raises TellNobody where kin must not hear of it."""
    if not incident.tell_kin:
        raise TellNobody([FieldProblem(pointer, TellNobody.code, TellNobody.message)])


def check_past(pointer: str, at: datetime, now: datetime) -> None:
    """Raises NotAhead for a time to come."""
    if at > now + LEEWAY:
        raise NotAhead([FieldProblem(pointer, NotAhead.code, NotAhead.message)])


def office_of(place: Unit) -> Unit:
    """The township above a place; without one the place itself."""
    unit: Unit | None = place
    while unit is not None and unit.kind != Unit.Kind.TOWN:
        unit = unit.parent
    return unit or place


def _judgement(incident: Incident) -> tuple[object, ...]:
    report = (incident.report_due, incident.report_to)
    return (incident.level, *report, incident.sealed, incident.tell_kin)


def _see(incident: Incident, at: datetime, text: str, actor: Actor) -> None:
    Entry.objects.create(incident=incident, kind=Entry.Kind.SEEN, at=at, label=actor.label, text=text)


def _settle(incident: Incident, settled: str) -> None:
    incident.outcome = "" if settled == "not_yet" else settled


def _move(incident: Incident, action: str, actor: Actor, now: datetime, **data: str) -> None:
    incident.version += 1
    incident.save()
    told = {"emergency_kind": incident.kind, "emergency_level": incident.level, **data}
    record(action=action, object=incident, actor=actor, now=now, data=told)
