"""Declaring a disaster and asking after its families: the rows, the process that counts and ends, the emergencies."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from backend.audit.history import collect
from backend.cases.models import Family
from backend.core.jobs import enqueue
from backend.emergencies import disasters
from backend.emergencies.incidents import Report
from backend.emergencies.models import Disaster, RollEntry
from backend.org.access import Actor
from backend.org.models import Unit
from workflows import services
from workflows.emergencies import report_emergency
from workflows.pauses import begin_many, end_many

PROCESS = "disaster_roll"
KIND = "disaster"
"""A code of the list emergency_kind."""
PAUSED = "disaster"
"""Why families' time stands still (backend.cases.pauses)."""
CHANNEL = "roll_call"
"""A code of the list emergency_channel."""


def declare_disaster(*, unit: Unit, kind: str, until_at: datetime, actor: Actor, now: datetime) -> Disaster:
    """The disaster with the list of its families. Raises UnknownDisaster, WrongTimes, RunsAlready."""
    with collect():
        row = disasters.declare(unit=unit, kind=kind, until_at=until_at, actor=actor, now=now)
        data = {"disaster": str(row.pk), "reference": row.number, "office": str(unit.pk)}
        instance = services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
        row.instance_id = instance.pk
        row.save(update_fields=["instance_id"])
        # Not in this request: somebody may be at work on one of the families, and the roll waits for nobody.
        enqueue("disasters.pause", lock=f"disaster:{row.pk}", disaster_id=str(row.pk), actor=actor.as_json())
    return row


def pause_families(*, disaster: Disaster, actor: Actor, now: datetime) -> int:
    """What can wait of the families in the roll stands still, unless it has ended meanwhile; returns how many. Raises
    Busy."""
    if disaster.ended_at is not None:
        return 0
    return begin_many(families=_families(disaster), reason=PAUSED, actor=actor, now=now)


def let_go_on(*, disaster: Disaster, actor: Actor, now: datetime) -> int:
    """It goes on; families for whom another disaster's roll still runs wait for that one. Raises Busy."""
    others = RollEntry.objects.filter(disaster__ended_at__isnull=True).exclude(disaster=disaster)
    families = _families(disaster).exclude(pk__in=others.values("family"))
    return end_many(families=families, reason=PAUSED, actor=actor, now=now)


def _families(disaster: Disaster) -> QuerySet[Family]:
    return Family.objects.filter(pk__in=disaster.entries.values("family"))


def tick_family(
    *, entry: RollEntry, state: str, note: str, actor: Actor, now: datetime, version: int | None = None
) -> RollEntry:
    """How a family was found; whoever needs help becomes an emergency, once in a roll. Raises DisasterOver,
    StaleVersion."""
    with collect():
        held = disasters.tick(entry=entry, state=state, note=note, actor=actor, now=now, version=version)
        if state == RollEntry.State.NEEDS_HELP and held.incident_id is None:
            family = held.family
            report = Report(
                kind=KIND, place=family.unit, found_at=now, channel=CHANNEL, what=note, family=family, alone=True,
                finder=actor.label, found_by=actor.user_id,
            )  # fmt: skip
            disasters.needs_help(entry=held, incident=report_emergency(report=report, now=now))
    return held
