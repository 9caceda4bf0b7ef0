"""Volunteers registered and gone: the row, and the process that brings them into service."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from backend.activities import volunteers
from backend.activities.models import Volunteer
from backend.activities.volunteers import Registration
from backend.audit.history import collect
from backend.core.jobs import enqueue
from backend.helpers.pairings import check_reason
from backend.org.access import Actor
from backend.org.models import Unit
from workflows import services
from workflows.store import unit_for


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
        tell(row.instance_id, "volunteer_left", actor)
    return row


def office_of(unit: Unit) -> Unit:
    """The township whose caseworkers do it."""
    return unit_for("caseworker", unit)


def tell(instance_id: UUID | None, name: str, actor: Actor) -> None:
    """Tell the run of the process, if there is one."""
    if instance_id is not None:
        enqueue(
            "processes.message",
            lock=f"instance:{instance_id}",
            instance_id=str(instance_id),
            name=name,
            data={},
            actor=actor.as_json(),
        )
