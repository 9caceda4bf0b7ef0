"""Whose a planned visit is: the helper's, a stand-in's while the helper is away, else the village worker's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from backend.audit.history import record
from backend.helpers.models import Helper, Pairing
from backend.helpers.stand_ins import Presence, visitor_on
from backend.org.access import Actor
from backend.visits.models import Visit


def readdress(*, pairings: Iterable[Pairing], actor: Actor, now: datetime) -> list[Visit]:
    """Give every planned visit of these pairings to whoever is there: today, or on the day on which it may be made.

    Returns the visits that changed hands.
    """
    chosen = list(pairings)
    rows = Visit.objects.select_for_update(of=("self",)).filter(pairing__in=chosen, state=Visit.State.PLANNED)
    presence, spells = Presence(chosen), {pairing.pk: pairing for pairing in chosen}
    moved = []
    for visit in rows.select_related("case", "family__unit__parent", "helper").order_by("id"):
        pairing = spells[visit.pairing_id]  # type: ignore[index]
        visitor = presence.visitor(pairing, day_of(visit, now))
        if visit.helper != visitor:
            _hand(visit, visitor, actor, now)
            moved.append(visit)
    return moved


def find_visitor(*, visit: Visit, actor: Actor, now: datetime) -> Helper | None:
    """Who goes, now that the visit may be made; the visit is theirs from now on. None: the village worker."""
    if visit.pairing is None:
        return None
    visitor = visitor_on(visit.pairing, timezone.localdate(now))
    if visit.helper != visitor:
        _hand(visit, visitor, actor, now)
    return visitor


def open_beyond(family: UUID, day: date, now: datetime) -> list[UUID]:
    """The runs whose visit to this family may be made already, and is planned for later than that day."""
    rows = Visit.objects.filter(family=family, state=Visit.State.PLANNED, planned_for__gt=day, opens_at__lte=now)
    runs = rows.filter(paused_at__isnull=True, instance_id__isnull=False).order_by("id")
    return [run for run in runs.values_list("instance_id", flat=True) if run is not None]


def day_of(visit: Visit, now: datetime) -> date:
    """The first day from today on which the visit may be made: who is there then, goes."""
    opens = timezone.localdate(visit.opens_at) if visit.opens_at else visit.planned_for
    return max(timezone.localdate(now), opens or date.min)


def _hand(visit: Visit, visitor: Helper | None, actor: Actor, now: datetime) -> None:
    visit.helper, visit.version = visitor, visit.version + 1
    visit.save(update_fields=["helper", "version"])
    record(
        action="visit.readdressed" if visitor else "visit.left_to_village",
        object=visit,
        label=visit.family.label,
        actor=actor,
        now=now,
        data={"helper_name": visitor.name} if visitor else {},
    )
