"""Processes of rows that a step of another process has written: begun by a job queued together with the row.

Two instances are never locked together, and what is queued in the transaction of its cause cannot be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from backend.core import prepared
from backend.emergencies.models import Incident
from backend.health.models import HealthService
from backend.org.access import Actor
from backend.rights.models import Grievance
from backend.visits.models import Visit
from workflows import emergencies, grievances, health, visits


def begin(*, noun: str, id: UUID, actor: Actor, now: datetime) -> None:
    """Begin the process of a row; one that has begun is left alone."""
    BEGINNINGS[noun](id, actor, now)


def _emergency(id: UUID, actor: Actor, now: datetime) -> None:
    emergencies.begin(incident=Incident.objects.select_for_update(of=("self",)).get(pk=id), now=now)


def _grievance(id: UUID, actor: Actor, now: datetime) -> None:
    grievances.begin(grievance=prepared.found(Grievance, id, follow=("about_case",)), actor=actor, now=now)


def _health_service(id: UUID, actor: Actor, now: datetime) -> None:
    rows = HealthService.objects.select_for_update(of=("self",)).select_related("place")
    health.begin(service=rows.get(pk=id), actor=actor, now=now)


def _late_record(id: UUID, actor: Actor, now: datetime) -> None:
    visits.have_decided(visit=Visit.with_visitor(id, lock=True), now=now)


BEGINNINGS: Mapping[str, Callable[[UUID, Actor, datetime], None]] = {
    "emergency": _emergency,
    "grievance": _grievance,
    "health_service": _health_service,
    "late_record": _late_record,
}
"""What a job calls the row → how its process begins."""
