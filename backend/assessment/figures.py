"""Monthly figures: frozen as reported, corrected only by supplements (P14, P15; issue 6 item 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from backend.assessment.indicators import INDICATORS
from backend.assessment.models import Assessment, MonthlyFigure
from backend.audit.history import record
from backend.core.errors import Conflict
from backend.core.small_numbers import Pair
from backend.org.access import Actor
from backend.org.models import Unit
from backend.reporting.months import Month, Period


class NotReported(Conflict):
    """Only what was reported is supplemented."""

    code = "figures_not_reported"
    message = _("This month's figures have not been reported: there is nothing to supplement.")


class NothingChanged(Conflict):
    """A supplement says what is different."""

    code = "figures_unchanged"
    message = _("Every figure is as it was last told.")


@dataclass(frozen=True)
class Correction:
    """A figure as it was corrected; `before`: as it had been told until then."""

    row: MonthlyFigure
    before: Pair

    @property
    def now(self) -> Pair:
        """As it is told since."""
        return Pair(self.row.hits, self.row.of)


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
    """Keep beside a frozen month what its figures have become; returns how many have changed.

    Raises NotReported for a month that was never reported, NothingChanged when every figure is as last told.
    """
    told = latest(unit, month)
    if not told:
        raise NotReported
    changed = []
    for name, (number, pair) in told.items():
        today = figure(name, unit=unit, period=month, now=now)
        if today != pair:
            changed.append(
                MonthlyFigure(
                    unit=unit, month=month.first, indicator=name, supplement=number + 1, hits=today.hits, of=today.of,
                    reason=reason, by_label=actor.label, created_at=now,
                )
            )  # fmt: skip
    if not changed:
        raise NothingChanged
    MonthlyFigure.objects.bulk_create(changed)
    data = {"month": str(month), "number": len(changed)}
    record(action="figures.supplemented", object=unit, actor=actor, now=now, reason=reason, data=data)
    return len(changed)


def supplements(unit: Unit, year: int) -> list[Correction]:
    """A year's figures that were corrected, each time, with what had been told before; the newest month first."""
    rows = MonthlyFigure.objects.filter(unit=unit, month__year=year).order_by("-month", "indicator", "supplement", "id")
    found, before = [], None
    for row in rows:
        if row.supplement and before is not None and row.indicator in INDICATORS:
            found.append(Correction(row, Pair(before.hits, before.of)))
        before = row
    return found


def reported(unit: Unit, year: int) -> list[date]:
    """First days of the year's months that were reported, in order."""
    rows = MonthlyFigure.objects.filter(unit=unit, month__year=year, supplement=0).order_by("month")
    return list(rows.values_list("month", flat=True).distinct())


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
