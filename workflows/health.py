"""Asking for a health service, and wanting it no more: the row, and the process that hangs on no case."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.core.errors import FieldProblem, Invalid
from backend.health import services as health
from backend.health.hospitals import hospitals
from backend.health.models import HealthService
from backend.health.services import AT_HOSPITAL, AlreadyForgotten, Asked
from backend.org.access import Actor
from workflows import services, store


class HospitalNeeded(Invalid):
    """A hospital of the area has to be named, with somebody who answers for it."""

    code = "hospital_needed"
    message = _("Choose a designated hospital of this area for which somebody answers.")


def ask_for(*, asked: Asked, actor: Actor, now: datetime) -> HealthService:
    """Keep what was asked for and bring it to whoever explains it and asks for consent.

    Raises HospitalNeeded when no hospital is named that the service needs. Whether it is under way already is not told:
    a village worker could find out about anybody by asking.
    """
    _check(asked, now)
    with collect():
        service = health.ask(asked=asked, actor=actor, now=now)
        begin(service=service, actor=actor, now=now)
    return service


def begin(*, service: HealthService, actor: Actor, now: datetime) -> None:
    """Start the process of a service that has none yet."""
    if service.instance_id is not None:
        return
    data = {
        "service": str(service.pk),
        "reference": service.number,
        "office": str(store.unit_for("caseworker", service.place).pk),
        "village": str(service.place_id),
    }
    instance = services.start(process="health_service", case=None, data=data, actor=actor, now=now)
    service.instance_id = instance.pk
    service.save(update_fields=["instance_id"])


def decline(*, service: HealthService, actor: Actor, now: datetime) -> None:
    """The person wants it no more, or wants nothing kept of it: at once, without a reason. Raises AlreadyForgotten."""
    if service.person_id is None or service.instance_id is None:
        raise AlreadyForgotten
    told = services.send_message(
        instance_id=service.instance_id, name="service_declined", data={}, actor=actor, now=now
    )
    if not told:  # it has come to its end: only what is kept of it goes
        health.forget(service=service, actor=actor, now=now)


def _check(asked: Asked, now: datetime) -> None:
    if asked.kind in AT_HOSPITAL and asked.hospital not in hospitals(asked.person.family.unit, timezone.localdate(now)):
        raise HospitalNeeded([FieldProblem("/hospital", HospitalNeeded.code, HospitalNeeded.message)])
