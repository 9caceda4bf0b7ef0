"""Requests and complaints: taken in, placed, put off once, decided, told. History never says who complained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case, Family, Person
from backend.cases.numbers import next_number, township_code
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.helpers.models import Helper
from backend.org.access import Actor
from backend.org.models import Unit, User
from backend.rights import clocks
from backend.rights.models import Grievance

EXTEND = "extend"
"""What an investigator answers who needs more time."""


class ExtendedAlready(Conflict):
    """A clock can be put off once."""

    code = "extended_already"
    message = _("This has been put off once already: it has to be decided now.")


class NoExtension(Conflict):
    """What takes effect at once is not put off."""

    code = "no_extension"
    message = _("This cannot be put off.")


class WrongPerson(Invalid):
    """Whose data it is belongs to the family that the request is about."""

    code = "wrong_person"
    message = _("This person does not belong to the family.")


class OtherWay(Invalid):
    """The person chose how to be answered."""

    code = "other_way"
    message = _("The person wanted to be answered in another way: please say why it was done like this.")


class WrongDay(Invalid):
    """Told before it was decided, or on a day to come."""

    code = "wrong_day"
    message = _("The day lies before the decision or in the future.")


class NoCopyAsked(Conflict):
    """A copy is made for who asked to see or to have one, while that is being answered."""

    code = "no_copy_asked"
    message = _("Nobody has asked for a copy here, or it has been answered.")


class NothingToNotify(Conflict):
    """Nobody is to be told that it is looked into: answered already, told already, or nobody is known."""

    code = "nothing_to_notify"
    message = _("Nobody has to be told of this any more.")


@dataclass(frozen=True)
class Intake:
    """What is written down when somebody comes, calls or writes (F21)."""

    kind: str
    target: str
    family: Family
    text: str
    channel: str
    reply_by: str
    case: Case | None = None
    helper: Helper | None = None
    officer: User | None = None
    """Whom it is about, or who signed the decision."""
    purpose: str = ""
    complainant: str = ""
    contact: str = ""
    identity: str = ""
    danger: bool = False
    minor: bool = False


def create_grievance(*, intake: Intake, actor: Actor, now: datetime) -> Grievance:
    """Keep what was said. History hears of it when its place is known (`place_grievance`)."""
    place = intake.family.unit
    scope = f"TS-{township_code(place)}-{timezone.localdate(now).year}"
    return Grievance.objects.create(
        number=f"{scope}-{next_number(scope):04d}",
        kind=intake.kind, target=intake.target, purpose=intake.purpose,
        about_family=intake.family, about_case=intake.case, about_helper=intake.helper, about_user=intake.officer,
        text=intake.text, complainant=intake.complainant, contact=intake.contact, identity=intake.identity,
        channel=intake.channel, reply_by=intake.reply_by, danger=intake.danger, minor=intake.minor,
        registered_by_id=actor.user_id, registered_label=actor.label, office=place, due_at=now, created_at=now,
    )  # fmt: skip


def place_grievance(
    *,
    grievance: Grievance,
    office: Unit,
    handler: str,
    clock: str,
    holds_case: bool,
    alarm: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Where it is looked into, by which role, and by when (decision D31)."""
    grievance.office, grievance.handler, grievance.clock, grievance.alarm = office, handler, clock, alarm
    grievance.holds_case = holds_case and grievance.about_case_id is not None
    grievance.due_at = clocks.first_due(clock, path=office.path, now=now)
    if grievance.is_sealed and grievance.reply_by != Grievance.Reply.NONE:
        grievance.notice_by = clocks.notice_by(path=office.path, now=now)
    _move(grievance, "grievance.registered", actor, now)


def notify(*, grievance: Grievance, way: str, told_on: date, actor: Actor, now: datetime) -> Grievance:
    """The person was told that it is looked into. Raises NothingToNotify, WrongDay."""
    row = prepared.found(Grievance, grievance.pk, follow=("office",), lock=True)
    if row.notice_by is None or row.notified_on is not None or row.decided_at is not None:
        raise NothingToNotify
    if not timezone.localdate(row.created_at) <= told_on <= timezone.localdate(now):
        raise WrongDay([FieldProblem("/told_on", WrongDay.code, WrongDay.message)])
    row.notified_on, row.notified_by = told_on, way
    _move(row, "grievance.notified", actor, now)
    return row


def note_copy(*, grievance: Grievance, person: Person, actor: Actor, now: datetime) -> None:
    """A copy of what is kept about this person is made for the answer. Raises NoCopyAsked, WrongPerson."""
    asked = grievance.kind in {Grievance.Kind.SEE, Grievance.Kind.COPY}
    if not asked or grievance.state == Grievance.State.CLOSED:
        raise NoCopyAsked
    if person.family_id != grievance.about_family_id:
        raise WrongPerson([FieldProblem("/person", WrongPerson.code, WrongPerson.message)])
    data = {"grievance_kind": grievance.kind, "name": person.history_label(timezone.localdate(now))}
    record(action="grievance.copy_made", object=grievance, actor=actor, now=now, data=data)


def remind_notice(*, grievance: Grievance, actor: Actor, now: datetime) -> None:
    """The 15 days are over, and the person has heard nothing."""
    _move(grievance, "grievance.notice_due", actor, now)


def note_alarm(*, grievance: Grievance, incident_id: UUID, number: str, actor: Actor, now: datetime) -> None:
    """Somebody is in danger: an emergency runs beside it."""
    grievance.incident_id = incident_id
    _move(grievance, "grievance.alarm_raised", actor, now, {"number": number})


def extend(*, grievance: Grievance, reason: str, actor: Actor, now: datetime) -> datetime:
    """More time, once, for a reason that the person was told; returns by when. Raises ExtendedAlready, NoExtension."""
    if grievance.clock not in clocks.EXTENSION:
        raise NoExtension
    if grievance.extended_at is not None:
        raise ExtendedAlready
    path = grievance.unit_path
    grievance.due_at = clocks.extended_due(grievance.clock, grievance.due_at, path=path, now=now)
    grievance.extended_at, grievance.extension, grievance.escalated_at = now, reason, None
    _move(grievance, "grievance.extended", actor, now)
    return grievance.due_at


def decide(*, grievance: Grievance, found: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """What was found, and what the person is answered. A request's decision waits for the supervisor's signature."""
    _set_found(grievance, found)
    grievance.decided_by_id, grievance.decided_label, grievance.decided_at = actor.user_id, actor.label, now
    grievance.state = Grievance.State.DECIDED
    _move(grievance, "grievance.decided", actor, now)


def propose(*, grievance: Grievance, found: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """How a request is to be answered."""
    _set_found(grievance, found)
    grievance.identity = str(found.get("identity") or grievance.identity)
    grievance.decided_by_id, grievance.decided_label = actor.user_id, actor.label
    grievance.state, grievance.returned = Grievance.State.PROPOSED, ""
    _move(grievance, "grievance.proposed", actor, now)


def confirm(*, grievance: Grievance, actor: Actor, now: datetime) -> None:
    """The supervisor signs how a request is answered."""
    grievance.confirmed_label, grievance.decided_at = actor.label, now
    grievance.state = Grievance.State.DECIDED
    _move(grievance, "grievance.decided", actor, now)


def return_proposal(*, grievance: Grievance, reason: str, actor: Actor, now: datetime) -> None:
    """It has to be answered in another way."""
    grievance.returned, grievance.state = reason, Grievance.State.OPEN
    _move(grievance, "grievance.returned", actor, now)


def escalate(*, grievance: Grievance, actor: Actor, now: datetime) -> bool:
    """Its clock has run out: told once a round. Whether this was the time."""
    if grievance.escalated_at is not None or grievance.decided_at is not None:
        return False
    grievance.escalated_at = now
    _move(grievance, "grievance.escalated", actor, now)
    return True


def reply(
    *, grievance: Grievance, way: str, told_on: date, satisfied: str, why: str, actor: Actor, now: datetime
) -> None:
    """The person was told. Raises OtherWay without a reason for another way than the chosen one, WrongDay."""
    if way != grievance.reply_by and not why.strip():
        raise OtherWay([FieldProblem("/way_reason", OtherWay.code, OtherWay.message)])
    decided = timezone.localdate(grievance.decided_at) if grievance.decided_at else told_on
    if not decided <= told_on <= timezone.localdate(now):
        raise WrongDay([FieldProblem("/replied_on", WrongDay.code, WrongDay.message)])
    grievance.replied_by, grievance.replied_on, grievance.satisfied = way, told_on, satisfied
    _move(grievance, "grievance.answered", actor, now)


def close(*, grievance: Grievance, actor: Actor, now: datetime) -> None:
    """Nothing is left to do."""
    grievance.state, grievance.closed_at = Grievance.State.CLOSED, now
    _move(grievance, "grievance.closed", actor, now)


def suspended(*, grievance: Grievance, before: str) -> None:
    """Remember that the helper was suspended because of it, and what the helper was before."""
    grievance.helper_was = before
    grievance.save(update_fields=["helper_was"])


def holding(case: Case, *, beside: Grievance) -> str:
    """The number of another open objection that holds the case; empty when there is none."""
    held = Grievance.objects.open().filter(about_case=case, holds_case=True).exclude(pk=beside.pk).order_by("id")
    return held.values_list("number", flat=True).first() or ""


def _set_found(grievance: Grievance, found: Mapping[str, Any]) -> None:
    parts: Iterable[str] = found.get("restrict") or ()
    grievance.decision = str(found["finding"])
    grievance.measure, grievance.restricted = str(found.get("measure") or ""), list(parts)
    grievance.answer, grievance.evidence = str(found.get("answer") or ""), str(found.get("evidence") or "")
    grievance.kept_by_law = str(found.get("kept_by_law") or "")
    grievance.ban_reason = str(found.get("ban_reason") or "")
    asked = found.get("removal_asked_on")
    grievance.removal_asked_on = date.fromisoformat(str(asked)) if asked else None


def _move(
    grievance: Grievance, action: str, actor: Actor, now: datetime, more: Mapping[str, str] | None = None
) -> None:
    grievance.version += 1
    grievance.save()
    data = {"grievance_kind": grievance.kind, "due": grievance.due_at.isoformat()}
    if grievance.decided_at is not None:
        data["grievance_decision"] = grievance.decision
    record(action=action, object=grievance, actor=actor, now=now, data={**data, **(more or {})})
