"""Tickets to what is closed: asked for, granted or refused by another person, used, given back, looked at afterwards.

Every look by a ticket is a row and an event. What a ticket opens is read from its times, so that it is over when its
time is, whatever the process does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.families import reveal
from backend.cases.models import Family, Person
from backend.cases.numbers import next_number, township_code
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.powers import is_behind
from backend.org.roles import roles_with
from backend.rights.models import AccessTicket, AccessUse

KEY = "access_ticket.hours"
LONGEST_HOURS = 8
"""Where the parameter is not set (P16)."""
AHEAD = timedelta(days=7)
"""So far ahead a ticket is asked for at most: what is needed later is asked for later."""
LATE = timedelta(minutes=5)
"""A form takes a while to fill in: a beginning so long ago is now."""
HEALTH = frozenset({"health", "self_care", "disability_kind", "disability_grade"})
SEEING = roles_with("person.reveal")
"""Roles that see what they look after in their own office without a ticket."""
Subject = AccessTicket.Subject


class NotToAsk(Invalid):
    """Something about the ticket asked for does not fit."""

    code = "ticket_incomplete"
    message = _("This does not fit a ticket.")


class TooLong(Invalid):
    """More hours than a ticket may have here."""

    code = "ticket_too_long"
    message = _("A ticket cannot be given for so long.")


class OwnTicket(NotAllowed):
    """Whoever asks does not decide, and does not look at it afterwards (four eyes)."""

    code = "four_eyes"
    message = _("You asked for this yourself: it needs another person.")


class TicketOver(Conflict):
    """There is nothing left to give back."""

    code = "ticket_over"
    message = _("This ticket opens nothing any more.")


@dataclass(frozen=True)
class Asked:
    """What somebody wants to look at (F22)."""

    family: Family
    subject: str
    purpose: str
    reason: str
    hours: int
    person: Person | None = None
    from_at: datetime | None = None
    """None: at once, from the approval on."""


def subject_of(person: Person, field: str, day: date) -> str:
    """The class of data that a field of this person belongs to; a minor's is a minor's, whatever it is."""
    if person.is_minor_on(day):
        return Subject.MINOR
    return Subject.HEALTH if field in HEALTH else Subject.NORMAL


def longest(path: str, day: date) -> int:
    """Hours that a ticket may have at this place."""
    return int(parameters.value(KEY, path=path, day=day, default=LONGEST_HOURS))


def create_ticket(*, asked: Asked, office: Unit, actor: Actor, now: datetime) -> AccessTicket:
    """Keep what is asked for. Raises NotToAsk, TooLong."""
    begin = _checked(asked, now)
    assert actor.user_id is not None, "a person asks"
    scope = f"SQ-{township_code(asked.family.unit)}-{timezone.localdate(now).year}"
    row = AccessTicket.objects.create(
        number=f"{scope}-{next_number(scope):04d}",
        asked_by_id=actor.user_id, asked_label=actor.label, role=actor.role,
        family=asked.family, person=asked.person, subject=asked.subject, purpose=asked.purpose, reason=asked.reason,
        office=office, hours=asked.hours, from_at=begin, to_at=begin + timedelta(hours=asked.hours), created_at=now,
    )  # fmt: skip
    _tell(row, "access_ticket.asked", actor, now)
    return row


def grant(*, ticket: AccessTicket, hours: int | None, actor: Actor, now: datetime) -> None:
    """Leave to look, from now (or from the time asked for) on; for fewer hours when the approver says so.

    Raises OwnTicket, TooLong.
    """
    _refuse_own(ticket, actor, now)
    if hours is not None and hours > ticket.hours:
        raise TooLong([FieldProblem("/hours", TooLong.code, TooLong.message)])
    ticket.hours = hours or ticket.hours
    ticket.from_at = max(ticket.from_at, now)
    ticket.to_at = ticket.from_at + timedelta(hours=ticket.hours)
    _decide(ticket, granted=True, actor=actor, now=now)
    _tell(ticket, "access_ticket.granted", actor, now)


def refuse(*, ticket: AccessTicket, reason: str, actor: Actor, now: datetime) -> None:
    """No leave, and why. Raises OwnTicket."""
    _refuse_own(ticket, actor, now)
    ticket.refusal = reason
    _decide(ticket, granted=False, actor=actor, now=now)
    _tell(ticket, "access_ticket.refused", actor, now)


def rule_out(*, ticket: AccessTicket, reason: str, actor: Actor, now: datetime) -> None:
    """The table leaves nothing to decide: the role sees it anyway, or never."""
    ticket.granted, ticket.ruled_out, ticket.decided_at = False, reason, now
    _tell(ticket, "access_ticket.ruled_out", actor, now, {"access_reason": reason})


def lapse(*, ticket: AccessTicket, actor: Actor, now: datetime) -> None:
    """Nobody decided while it could have opened anything."""
    _tell(ticket, "access_ticket.lapsed", actor, now)


def use(*, ticket: AccessTicket, person: Person, field: str, reason: str, actor: Actor, now: datetime) -> str:
    """Look at a field by the ticket: a row, and an event of the person that names the ticket."""
    told = note_use(ticket=ticket, person=person, field=field, now=now)
    return reveal(person=person, field=field, reason=reason, actor=actor, now=now, told=told)


def note_use(*, ticket: AccessTicket, person: Person, field: str, now: datetime) -> dict[str, str]:
    """A row of what was looked at; returns what the event tells of the ticket."""
    AccessUse.objects.create(ticket=ticket, person=person, field=field, used_at=now, created_at=now)
    return {"ticket": ticket.number, "access_purpose": ticket.purpose}


def close_ticket(*, ticket: AccessTicket, actor: Actor, now: datetime) -> AccessTicket:
    """Give it back, or take it back, before its time is over. Raises TicketOver."""
    row = prepared.found(AccessTicket, ticket.pk, follow=("office",), lock=True)
    if row.state(now) not in {AccessTicket.State.GRANTED, AccessTicket.State.OPEN}:
        raise TicketOver
    row.from_at, row.to_at, row.closed_at = min(row.from_at, now), now, now
    _tell(row, "access_ticket.closed", actor, now)
    return row


def review(*, ticket: AccessTicket, found: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Looked at afterwards: in order, or not. Raises OwnTicket."""
    _refuse_own(ticket, actor, now)
    ticket.review, ticket.review_note = str(found["review"]), str(found.get("note") or "")
    ticket.reviewed_by_id, ticket.reviewed_label, ticket.reviewed_at = actor.user_id, actor.label, now
    _tell(ticket, "access_ticket.reviewed", actor, now, {"access_review": ticket.review})


def ticket_for(*, person: Person, subject: str, asker: Any, now: datetime) -> AccessTicket | None:
    """The asker's ticket to this class of this person's data: one in force, else the newest of any state."""
    rows = AccessTicket.objects.filter(asked_by=asker, family=person.family_id, subject=subject)
    rows = rows.filter(Q(person__isnull=True) | Q(person=person.pk)).select_related("office")
    return rows.in_force(now).order_by("to_at").last() or rows.order_by("id").last()


def _checked(asked: Asked, now: datetime) -> datetime:
    """When it begins."""
    day, begin = timezone.localdate(now), asked.from_at or now
    wrong = []
    if asked.purpose not in codes.choices("access_purpose", day=day):
        wrong.append("purpose")
    if asked.person is not None and asked.person.family_id != asked.family.pk:
        wrong.append("person")
    if not now - LATE <= begin <= now + AHEAD:
        wrong.append("from_at")
    if not asked.reason.strip():
        wrong.append("reason")
    if wrong:
        raise NotToAsk([FieldProblem(f"/{name}", NotToAsk.code, NotToAsk.message) for name in wrong])
    if not 0 < asked.hours <= longest(asked.family.unit_path, day):
        raise TooLong([FieldProblem("/hours", TooLong.code, TooLong.message)])
    return max(begin, now)


def _refuse_own(ticket: AccessTicket, actor: Actor, now: datetime) -> None:
    if is_behind(actor, ticket.asked_by_id, day=timezone.localdate(now)):
        raise OwnTicket


def _decide(ticket: AccessTicket, *, granted: bool, actor: Actor, now: datetime) -> None:
    ticket.granted, ticket.decided_at = granted, now
    ticket.decided_by_id, ticket.decided_label = actor.user_id, actor.label


def _tell(
    ticket: AccessTicket, action: str, actor: Actor, now: datetime, more: Mapping[str, str] | None = None
) -> None:
    ticket.version += 1
    ticket.save()
    data = {"access_subject": ticket.subject, "access_purpose": ticket.purpose, "who": ticket.asked_label}
    if ticket.granted:
        data["until"] = ticket.to_at.isoformat()
    record(action=action, object=ticket, actor=actor, now=now, data={**data, **(more or {})})
