"""Asking for a ticket to what is closed, and looking at it: by one's own right, by a ticket, or not (decision D32)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.cases import families
from backend.core.errors import NotAllowed
from backend.funds import study_aid
from backend.org.access import Actor, may
from backend.rights import tickets
from backend.rights.models import AccessTicket
from backend.rights.offices import office_for
from backend.rights.tickets import Asked
from workflows import services
from workflows.models import NotDeployed, Process
from workflows.steps.access_ticket import PROCESS, judge_of, ticket_facts

if TYPE_CHECKING:
    from backend.cases.models import Person
    from backend.funds.models import StudyAidApplication
    from backend.org.models import User

PROOF = "school_proof"
"""As uses of tickets call it."""


class TicketNeeded(NotAllowed):
    """This is closed to the role; somebody responsible can open it for a while."""

    code = "ticket_needed"
    message = _("To see this you need a ticket: ask for access, and say what for.")


class TicketPending(NotAllowed):
    """It stays masked while the ticket is being decided, or is for a purpose that needs no names."""

    code = "ticket_pending"
    message = _("This stays masked until your ticket is granted.")


def ask_for_access(*, asked: Asked, actor: Actor, now: datetime) -> AccessTicket:
    """Keep what is asked for and bring it to whoever is responsible. Raises NotToAsk, TooLong."""
    place = asked.family.unit
    office = office_for("supervisor", place=place, about=None, day=timezone.localdate(now))
    with collect():
        row = tickets.create_ticket(asked=asked, office=office, actor=actor, now=now)
        data = {
            "ticket": str(row.pk),
            "reference": row.number,
            "office": str(office.pk),
            "asker": str(row.asked_by_id),
            "answer_by": row.to_at.isoformat(),
        }
        services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
    row.refresh_from_db()
    return row


def look(*, person: Person, field: str, reason: str, user: User, actor: Actor, now: datetime) -> str:
    """A sensitive field in full: by the right of one's own office, or by a ticket in force, whose use is recorded.

    Raises TicketNeeded, TicketPending, NotAllowed for a role that never sees it, and as families.reveal does.
    """
    if may(user, "person.reveal", path=person.unit_path):
        return families.reveal(person=person, field=field, reason=reason, actor=actor, now=now)
    families.check_revealable(field, reason)
    ticket = _opening(person=person, field=field, user=user, actor=actor, now=now)
    return tickets.use(ticket=ticket, person=person, field=field, reason=reason, actor=actor, now=now)


def look_at_proof(*, application: StudyAidApplication, reason: str, user: User, actor: Actor, now: datetime) -> str:
    """The school's proof of an application: by the right of one's own office, or by a ticket to the pupil's data.

    Raises TicketNeeded, TicketPending, NotAllowed.
    """
    told: dict[str, str] = {}
    if not may(user, "person.reveal", path=application.unit_path):
        pupil = application.pupil
        ticket = _opening(person=pupil, field=PROOF, user=user, actor=actor, now=now)
        told = tickets.note_use(ticket=ticket, person=pupil, field=PROOF, now=now)
    return study_aid.show_proof(application=application, reason=reason, told=told, actor=actor, now=now)


def _opening(*, person: Person, field: str, user: User, actor: Actor, now: datetime) -> AccessTicket:
    """The asker's ticket that opens it. Raises TicketNeeded, TicketPending, NotAllowed."""
    subject = tickets.subject_of(person, field, timezone.localdate(now))
    ticket = tickets.ticket_for(person=person, subject=subject, asker=user.pk, now=now)
    facts = ticket_facts(ticket, role=actor.role, subject=subject, now=now)
    try:
        verdict = judge_of(Process.objects.newest(PROCESS))(facts)
    except NotDeployed:  # where nobody can ask for a ticket, nothing opens by one
        raise NotAllowed from None
    if verdict == "allow" and ticket is not None:
        return ticket
    raise {"ask": TicketNeeded, "masked": TicketPending}.get(verdict, NotAllowed)
