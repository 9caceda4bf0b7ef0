"""Volunteers registered, gone and banned: the row, and the process that brings them into service."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.activities import rules, stars, volunteers
from backend.activities.models import Ban, Volunteer
from backend.activities.volunteers import Registration
from backend.audit.history import collect
from backend.core.errors import FieldProblem, Invalid, NotAllowed
from backend.core.jobs import enqueue
from backend.helpers.models import Helper
from backend.helpers.pairings import check_reason, months_later
from backend.org.access import Actor
from backend.org.models import Unit, User
from workflows import services
from workflows.store import unit_for


class OwnBan(NotAllowed):
    """Nobody decides about oneself."""

    code = "own_ban"
    message = _("This is about yourself: somebody else has to decide.")


class BadTerm(Invalid):
    """A ban ends on a day to come, at most after the longest term; or it has no end."""

    code = "bad_term"
    message = _("The end of the ban lies in the past or too far ahead.")


def register(*, given: Registration, actor: Actor, now: datetime) -> Volunteer:
    """Keep the registration and lay it before the township. Raises what `register_volunteer` raises."""
    with collect():
        row = volunteers.register_volunteer(given=given, actor=actor, now=now)
        about = given.helper.user_id if given.helper else None
        data = {
            "volunteer": str(row.pk),
            "office": str(office_of(row.unit).pk),
            "closed_to": str(about or ""),
            "ready": False,
        }
        instance = services.start(process="volunteer_service", case=None, data=data, actor=actor, now=now)
        Volunteer.objects.filter(pk=row.pk).update(instance_id=instance.pk)
    row.refresh_from_db()
    return row


def leave(*, volunteer: Volunteer, reason: str, actor: Actor, now: datetime) -> Volunteer:
    """They go. Raises UnknownReason, WrongState."""
    check_reason("volunteer_end_reason", reason)
    with collect():
        row = volunteers.leave(volunteer=volunteer, reason=reason, actor=actor, now=now)
        _tell(row.instance_id, "volunteer_left", actor)
    return row


def ban(
    *, helper: Helper, reason: str, to_date: date | None, note: str, user: User, actor: Actor, now: datetime
) -> Ban:
    """Not a volunteer any more, until a day or for good (E22): the service and all pairings end, stars are withdrawn.

    Raises UnknownReason, BadTerm, OwnBan. Hours verified before stay on record; certificates are revoked one by one.
    """
    check_reason("ban_reason", reason)
    if helper.user_id == user.pk:
        raise OwnBan
    today = timezone.localdate(now)
    most = int(rules.of_volunteers(helper.unit_path, today)["longest_ban_months"])
    if to_date is not None and not today < to_date <= months_later(today, most):
        raise BadTerm([FieldProblem("/to_date", BadTerm.code, BadTerm.message)])
    with collect():
        running = list(Volunteer.objects.serving().filter(helper=helper).values_list("instance_id", flat=True))
        row = volunteers.ban(
            helper=helper, reason=reason, to_date=to_date, note=note, decided_by=user, actor=actor, now=now
        )
        stars.withdraw(helper=helper, actor=actor, now=now)
        for instance_id in running:
            _tell(instance_id, "volunteer_banned", actor)
    return row


def office_of(unit: Unit) -> Unit:
    """The township whose caseworkers do it."""
    return unit_for("caseworker", unit)


def _tell(instance_id: UUID | None, name: str, actor: Actor) -> None:
    if instance_id is not None:
        enqueue(
            "processes.message",
            lock=f"instance:{instance_id}",
            instance_id=str(instance_id),
            name=name,
            data={},
            actor=actor.as_json(),
        )
