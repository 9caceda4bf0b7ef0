"""Monthly figures: frozen as reported, corrected only by supplements (P14, P15; issue 6 item 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from backend.assessment.indicators import INDICATORS
from backend.assessment.models import Assessment, MonthlyFigure
from backend.audit.history import record
from backend.org.access import Actor
from backend.org.models import Unit
from backend.reporting.months import Month, Period
from backend.reporting.small_numbers import Pair


def figure(name: str, *, unit: Unit, period: Period, now: datetime) -> Pair:
    """One indicator of one unit with everything below it."""
    indicator = INDICATORS[name]
    return sum(indicator.pairs(unit.path, period, now).values(), indicator.nothing)


def freeze(*, unit: Unit, month: Month, actor: Actor, now: datetime) -> int:
    """Keep a month's figures as they are now; returns how many. A month that is kept stays as it is."""
    if MonthlyFigure.objects.filter(unit=unit, month=month.first).exists():
        return 0
    pairs = {name: figure(name, unit=unit, period=month, now=now) for name in INDICATORS}
    rows = [
        MonthlyFigure(unit=unit, month=month.first, indicator=name, hits=pair.hits, of=pair.of, created_at=now)
        for name, pair in pairs.items()
    ]
    MonthlyFigure.objects.bulk_create(rows, ignore_conflicts=True)
    record(action="figures.frozen", object=unit, actor=actor, now=now, data={"month": str(month)})
    return len(rows)


def supplement(*, unit: Unit, month: Month, reason: str, actor: Actor, now: datetime) -> int:
    """Keep beside a frozen month what its figures have become; returns how many have changed."""
    told = latest(unit, month)
    changed = []
    for name, (number, pair) in told.items():
        today = figure(name, unit=unit, period=month, now=now)
        if today != pair:
            changed.append(
                MonthlyFigure(
                    unit=unit, month=month.first, indicator=name, supplement=number + 1, hits=today.hits, of=today.of,
                    reason=reason, created_at=now,
                )
            )  # fmt: skip
    MonthlyFigure.objects.bulk_create(changed)
    if changed:
        data = {"month": str(month), "number": len(changed), "reason": reason}
        record(action="figures.supplemented", object=unit, actor=actor, now=now, data=data)
    return len(changed)


def latest(unit: Unit, month: Month) -> Mapping[str, tuple[int, Pair]]:
    """Indicator → number of the last supplement (0: as reported) and the figure."""
    rows = MonthlyFigure.objects.filter(unit=unit, month=month.first).order_by("indicator", "supplement")
    return {row.indicator: (row.supplement, Pair(row.hits, row.of)) for row in rows if row.indicator in INDICATORS}


def months(unit: Unit, year: int) -> Mapping[str, Mapping[int, Pair]]:
    """Indicator → month → figure as last told: one statement."""
    rows = MonthlyFigure.objects.filter(unit=unit, month__year=year).order_by("month", "supplement")
    told: dict[str, dict[int, Pair]] = {}
    for row in rows:
        told.setdefault(row.indicator, {})[row.month.month] = Pair(row.hits, row.of)
    return told


def freeze_due(now: datetime, *, month: Month, actor: Actor) -> int:
    """Keep the month of every unit that is assessed this year; returns how many figures."""
    assessed = Assessment.objects.filter(year=month.first.year).select_related("unit").order_by("unit__path", "id")
    return sum(freeze(unit=row.unit, month=month, actor=actor, now=now) for row in assessed)
