"""A disaster declared for a place (E30): every family asked after, once; figures of each hour; ended by a person."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Family
from backend.cases.numbers import next_number
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, StaleVersion
from backend.emergencies.models import Disaster, Incident, RollCount, RollEntry
from backend.org import codes, parameters
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit

KEY = "disaster.roll"
COUNT_MINUTES, LONGEST_DAYS = 60, 30
"""Where the parameter is not set: how often the figures are kept, and the longest that can be foreseen."""
LOWEST_TIER = "D"
State = RollEntry.State


class RunsAlready(Conflict):
    """A unit has one roll at a time."""

    code = "disaster_runs_already"
    message = _("A disaster has been declared for this unit already: its roll goes on.")


class DisasterOver(Conflict):
    """Nothing is ticked in a roll that has ended."""

    code = "disaster_over"
    message = _("This roll has ended.")


class WrongTimes(Invalid):
    """It is expected to end before now, or much later than anybody can foresee."""

    code = "wrong_times"
    message = _("Choose a time to come that can be foreseen.")


class UnknownDisaster(Invalid):
    """A kind that is not on the list."""

    code = "unknown_code"
    message = _("Choose an entry of the list.")


def declare(*, unit: Unit, kind: str, until_at: datetime, actor: Actor, now: datetime) -> Disaster:
    """From now on the families of the unit are asked after. Raises UnknownDisaster, WrongTimes, RunsAlready."""
    day = timezone.localdate(now)
    if kind not in codes.choices("disaster_kind", day=day):
        raise UnknownDisaster([FieldProblem("/kind", UnknownDisaster.code, UnknownDisaster.message)])
    if not now < until_at <= now + timedelta(days=_number("longest_days", LONGEST_DAYS, unit, day)):
        raise WrongTimes([FieldProblem("/until_at", WrongTimes.code, WrongTimes.message)])
    scope = f"ZQ-{unit.code}-{day.year}"
    try:
        with transaction.atomic():
            row = Disaster.objects.create(
                number=f"{scope}-{next_number(scope):02d}", kind=kind, unit=unit, from_at=now, until_at=until_at,
                declared_label=actor.label, created_at=now,
            )  # fmt: skip
    except IntegrityError:
        raise RunsAlready from None
    _tell("disaster.declared", row, actor, now, {"disaster_kind": kind})
    return row


def open_roll(*, disaster: Disaster, now: datetime) -> int:
    """Everybody who is on file at the unit and below it, each family once; returns how many."""
    on_file = Family.objects.filter(
        unit__path__startswith=disaster.unit.path, status__in=(Family.Status.REGISTERED, Family.Status.PAUSED)
    )
    rows = [
        RollEntry(disaster=disaster, family_id=pk, tier=tier or LOWEST_TIER, created_at=now)
        for pk, tier in on_file.order_by("pk").values_list("pk", "risk_tier")
    ]
    RollEntry.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
    return len(rows)


def tick(
    *, entry: RollEntry, state: str, note: str, actor: Actor, now: datetime, version: int | None = None
) -> RollEntry:
    """How a family was found; the last word counts. Raises DisasterOver, StaleVersion."""
    held = prepared.found(RollEntry, entry.pk, follow=("disaster", "family__unit"), lock=True)
    if held.disaster.ended_at is not None:
        raise DisasterOver
    if version is not None and version != held.version:
        raise StaleVersion
    held.state, held.note, held.ticked_at, held.ticked_label = state, note, now, actor.label
    held.version += 1
    held.save(update_fields=["state", "note", "ticked_at", "ticked_label", "version"])
    data = {"disaster": held.disaster.number, "roll_state": state}
    record(action="disaster.ticked", object=held, label=held.family.label, actor=actor, now=now, data=data)
    return held


def needs_help(*, entry: RollEntry, incident: Incident) -> None:
    """Remember what the need for help became."""
    entry.incident = incident
    entry.save(update_fields=["incident"])


def figures(disaster: Disaster) -> dict[str, int]:
    """How the roll stands now."""
    counts = {f"{state}": Count("pk", filter=Q(state=state)) for state in State.values if state != State.UNKNOWN}
    found: dict[str, int] = disaster.entries.aggregate(families=Count("pk"), **counts)
    return found


def count_hour(*, disaster: Disaster, now: datetime) -> RollCount:
    """Keep how the roll stands: the report of this hour."""
    row, is_new = RollCount.objects.get_or_create(
        disaster=disaster, at=now, defaults={**figures(disaster), "created_at": now}
    )
    if is_new:
        told = {name: getattr(row, name) for name in ("families", "reached", "not_reached", "needs_help")}
        _tell("disaster.counted", disaster, SYSTEM, now, told)
    return row


def next_count(disaster: Disaster, now: datetime) -> datetime:
    """When the figures are kept again."""
    return now + timedelta(minutes=_number("count_minutes", COUNT_MINUTES, disaster.unit, timezone.localdate(now)))


def end(*, disaster: Disaster, outcome: str, remark: str, actor: Actor, now: datetime) -> None:
    """A named person ends it; how it stood is kept once more."""
    count_hour(disaster=disaster, now=now)
    disaster.ended_at, disaster.ended_label = now, actor.label
    disaster.outcome, disaster.remark = outcome, remark
    disaster.version += 1
    disaster.save()
    _tell("disaster.ended", disaster, actor, now, {"disaster_outcome": outcome})


def _number(name: str, default: int, unit: Unit, day: date) -> int:
    return int(parameters.value(KEY, path=unit.path, day=day, default={}).get(name, default))


def _tell(action: str, row: Disaster, actor: Actor, now: datetime, data: dict[str, Any]) -> None:
    record(action=action, object=row, actor=actor, now=now, data=data)
