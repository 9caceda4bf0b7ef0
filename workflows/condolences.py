"""Beginning a festival's condolence: by hand, every night when a festival is near, and village by village."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from backend.audit.history import collect
from backend.benefits import condolences, gifts
from backend.benefits.condolences import HeldAlready
from backend.benefits.models import Condolence, Gift
from backend.cases.models import Family, Programme
from backend.core import prepared
from backend.org import calendar, parameters
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from backend.org.working_days import end_of_day
from workflows import services
from workflows.models import Process
from workflows.steps.festival_condolence import judge_of

PROCESS = "festival_condolence"


def start_condolence(
    *, unit: Unit, festival: str, festival_on: date, actor: Actor, now: datetime, programme: Programme | None = None
) -> Condolence:
    """A festival's campaign and the process that conducts it. Raises HeldAlready, NoSuchFestival."""
    with collect():
        row = condolences.open_condolence(
            unit=unit, festival=festival, festival_on=festival_on, programme=programme, actor=actor, now=now
        )
        data = {
            "condolence": str(row.pk),
            "office": str(unit.pk),
            "freeze_at": end_of_day(row.freeze_on).isoformat(),
            "deliver_at": end_of_day(row.deliver_from).isoformat(),
            "eve_at": end_of_day(row.eve).isoformat(),
            "close_at": end_of_day(row.close_on).isoformat(),
        }
        services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
    return row


def start_due(now: datetime) -> int:
    """Begin every township's campaigns whose lead time has come; returns how many. Twice is harmless."""
    today, begun = timezone.localdate(now), 0
    held = set(
        Condolence.objects.filter(festival_on__gt=today, programme__isnull=True).values_list(
            "unit_id", "festival", "festival_on"
        )
    )
    for town in _towns():
        for festival, day in _near(town, today):
            if (town.pk, festival, day) not in held:
                begun += _started(town, festival, day, now)
    return begun


def leave_out_gone(now: datetime) -> int:
    """Every night: whoever died, moved or refused since is off every open list; returns how many."""
    lists = Condolence.objects.exclude(state__in=(Condolence.State.CLOSED, Condolence.State.DROPPED))
    left = 0
    for row in lists.select_related("unit"):
        with transaction.atomic():
            left += gifts.leave_out_gone(condolence=row, now=now)
    return left


def judge_again(now: datetime, *, family: UUID | None = None) -> int:
    """Every night for all open lists, and at a death for the family's gifts: decision D21 over the file as it is now;
    returns how many gifts changed (E2)."""
    lists = Condolence.objects.exclude(state__in=(Condolence.State.CLOSED, Condolence.State.DROPPED))
    if family is not None:
        lists = lists.filter(gifts__family=family)
    changed, judge = 0, None
    for row in lists.select_related("unit"):
        judge = judge or judge_of(Process.objects.newest(PROCESS))
        with transaction.atomic():
            changed += gifts.judge_again(condolence=row, judge=judge, now=now, family=family)
    return changed


def start_villages(*, condolence_id: UUID, now: datetime) -> int:
    """Each village on the list gets the delivery as its work; returns how many villages."""
    row = prepared.found(Condolence, condolence_id, follow=("unit",))
    villages = condolences.open_gifts(row).order_by().values_list("unit_id", flat=True).distinct()
    for village in sorted(villages):
        data = {"condolence": str(row.pk), "village": str(village), "eve_at": end_of_day(row.eve).isoformat()}
        services.start(process="condolence_delivery", case=None, data=data, actor=SYSTEM, now=now)
    return len(villages)


def add_family(*, condolence: Condolence, family: Family, group: str, reason: str, actor: Actor, now: datetime) -> Gift:
    """Put a family on the list by hand, unless decision D21 forbids it. Raises as backend.benefits.gifts.add_family."""
    judge = judge_of(Process.objects.newest(PROCESS))
    return gifts.add_family(
        condolence=condolence, family=family, group=group, reason=reason, judge=judge, actor=actor, now=now
    )


def _towns() -> Iterator[Unit]:
    """Townships that have families on file."""
    there = Family.objects.filter(unit__parent=OuterRef("pk"), status=Family.Status.REGISTERED)
    yield from Unit.objects.filter(Exists(there), kind=Unit.Kind.TOWN).order_by("path")


def _near(town: Unit, today: date) -> Iterator[tuple[str, date]]:
    """Festivals whose lead time in this township has come."""
    leads: Mapping[str, int] = parameters.value("condolence.lead_days", path=town.path, day=today, default={})
    for festival, days in leads.items():
        day = calendar.next_after(festival, today) if days else None
        if day is not None and day - timedelta(days=int(days)) <= today:
            yield festival, day


def _started(town: Unit, festival: str, day: date, now: datetime) -> bool:
    with suppress(HeldAlready), transaction.atomic():
        start_condolence(unit=town, festival=festival, festival_on=day, actor=SYSTEM, now=now)
        return True
    return False
