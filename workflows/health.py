"""Asking for a health service, and wanting it no more: the row, and the process that hangs on no case."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.core.errors import FieldProblem, Invalid
from backend.health import services as health
from backend.health.models import HealthService
from backend.health.services import AT_HOSPITAL, AlreadyForgotten, Asked
from backend.org.access import Actor
from backend.org.models import Membership, Unit
from workflows import services, store

HOSPITAL = "hospital"
"""What a partner unit is that can be asked for a time (code list partner_kind)."""


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
    place = asked.person.family.unit
    with collect():
        service = health.ask(asked=asked, actor=actor, now=now)
        data = {
            "service": str(service.pk),
            "reference": service.number,
            "office": str(store.unit_for("caseworker", place).pk),
            "village": str(place.pk),
        }
        instance = services.start(process="health_service", case=None, data=data, actor=actor, now=now)
        service.instance_id = instance.pk
        service.save(update_fields=["instance_id"])
    return service


def decline(*, service: HealthService, actor: Actor, now: datetime) -> None:
    """The person wants it no more, or wants nothing kept of it: at once, without a reason. Raises AlreadyForgotten."""
    if service.person_id is None or service.instance_id is None:
        raise AlreadyForgotten
    told = services.send_message(
        instance_id=service.instance_id, name="service_declined", data={}, actor=actor, now=now
    )
    if not told:  # it has come to its end: only what is kept of it goes
        health.forget(service=service, actor=actor, now=now)


def hospitals(place: Unit, now: datetime) -> list[Unit]:
    """The hospitals that can be asked for a time for somebody of a village: those of the village's county and below for
    which somebody answers today."""
    county: Unit | None = place
    while county is not None and county.kind != Unit.Kind.COUNTY:
        county = county.parent
    found = Unit.objects.below((county or place).path).filter(kind=Unit.Kind.PARTNER, sort=HOSPITAL)
    answering = Membership.objects.on(timezone.localdate(now)).filter(role="liaison", user__is_active=True)
    return list(found.filter(pk__in=answering.values("unit")).order_by("name"))


def _check(asked: Asked, now: datetime) -> None:
    if asked.kind in AT_HOSPITAL and asked.hospital not in hospitals(asked.person.family.unit, now):
        raise HospitalNeeded([FieldProblem("/hospital", HospitalNeeded.code, HospitalNeeded.message)])
