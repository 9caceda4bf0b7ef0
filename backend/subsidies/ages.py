"""Ages that layers ask for, reached while a right is given already: the rate rises by itself (D14; Q10: in 下朱庄 100
yuan more a month from the wife's age of 45). Nobody has to apply for it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from backend.audit.history import collect
from backend.org.access import SYSTEM
from backend.subsidies import revaluation
from backend.subsidies.amounts import Judge
from backend.subsidies.models import Entitlement, EntitlementQuerySet, Standard
from backend.subsidies.months import MONTHS_A_YEAR, later, month_of
from backend.subsidies.owing import is_monthly
from backend.subsidies.revaluation import Spell, Valuer

AT_ONCE = 500
"""Rights that are held in memory."""


def raise_rates(*, judge: Judge, now: datetime) -> int:
    """New rates for whoever has reached, in the last twelve months, an age that a layer asks for; where a year is owed
    at once, also for whoever reaches it before the year is over. Returns for how many; twice is once.

    Months that were drawn up already are made up for as after a new standard (`back_pay`).
    """
    day = timezone.localdate(now)
    since = later(month_of(day), -MONTHS_A_YEAR)
    valuers: dict[str, Valuer] = {}

    def grown(row: Entitlement) -> list[Spell]:
        valuer = valuers.setdefault(row.kind, Valuer(row.kind, since=since, judge=judge))
        return valuer.grown(row, counted_until(row, day))

    count = 0
    for pk in [row.pk for row in _asked(day).iterator(AT_ONCE) if _is_new(grown(row))]:
        with transaction.atomic(), collect():
            locked = _locked(pk, day)
            count += locked is not None and revaluation.renew(locked, grown(locked), actor=SYSTEM, now=now)
    return count


def counted_until(row: Entitlement, day: date) -> date:
    """Ages reached until then have their rate on that day: those of the whole year, where it is owed at once."""
    return day if is_monthly(row, day) else date(day.year, MONTHS_A_YEAR, 31)


def _is_new(spells: list[Spell]) -> bool:
    return any(spell.made is not None for spell in spells)


def _asked(day: date) -> EntitlementQuerySet:
    """Rights in force at places where a layer of their kind asks for an age."""
    areas = defaultdict(list)
    rows = Standard.objects.filter(min_age__isnull=False).exclude(to_date__lte=day)
    for kind, area in rows.values_list("kind", "area").distinct():
        areas[kind].append(area)
    there = [Q(kind=kind, unit__path__startswith=area) for kind, held in areas.items() for area in held]
    return _whole(Entitlement.objects.on(day).filter(reduce(or_, there, Q(pk__in=[]))))


def _whole(rows: EntitlementQuerySet) -> EntitlementQuerySet:
    """Without single payments; with what tells whose age counts."""
    told = ("unit", "person", "application__person", "application__spouse")
    rows = rows.exclude(cycle=Entitlement.Cycle.ONCE).select_related(*told)
    return rows.prefetch_related("rates").order_by("number")


def _locked(pk: UUID, day: date) -> Entitlement | None:
    return _whole(Entitlement.objects.on(day).filter(pk=pk)).select_for_update(of=("self",)).first()
