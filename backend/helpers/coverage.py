"""How far a round has come, village by village: families that have been reported, differences found and settled."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

from backend.cases.models import Case, Family, FamilyQuerySet, Survey
from backend.helpers.models import Difference, Pairing, Round, VillageReport
from backend.org.models import Unit

IN_CARE = ("pairing", "waiting", "care", "review")
"""Phases of a case in which a family has a helper or is to get one."""
GONE = (Family.Status.MOVED, Family.Status.CLOSED)


@dataclass(frozen=True)
class Figures:
    """One village in a round. Covered: `reported` of `families`."""

    unit: str
    name: str
    path: str
    families: int = 0
    reported: int = 0
    open: int = 0
    settled: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Kind of difference → how many."""

    @property
    def percent(self) -> int:
        """Of the families, rounded down: only all of them are a hundred."""
        return self.reported * 100 // self.families if self.families else 100

    def as_json(self) -> dict[str, Any]:
        """As a closed round keeps it."""
        return {**asdict(self), "percent": self.percent}


def families_of(round: Round, day: date) -> FamilyQuerySet:
    """The families that are reported: with a spell in force, or a case in which somebody helps or is looked for."""
    spells = Pairing.objects.on(day).filter(family=OuterRef("pk"))
    cases = Case.objects.filter(family=OuterRef("pk"), state__in=("open", "paused"), phase__in=IN_CARE)
    there = Family.objects.filter(unit__path__startswith=round.unit_path).exclude(status__in=GONE)
    return there.filter(Exists(spells) | Exists(cases))


def with_reports(families: FamilyQuerySet, round: Round) -> FamilyQuerySet:
    """Each with `reported`: by the village, or by a survey or roster of the round's days."""
    days = (round.from_date, round.to_date)
    village = VillageReport.objects.filter(round=round, family=OuterRef("pk"))
    survey = Survey.objects.filter(family=OuterRef("pk"), surveyed_on__range=days).exclude(helper_reality="")
    named = Q(helper_named_on__isnull=False, helper_named_on__range=days)
    return families.annotate(reported=Exists(village) | Exists(survey) | named)


def figures_of(round: Round, day: date, within: str = "") -> list[Figures]:
    """Every village of the round (or of the part `within`), by place. A closed round tells what it kept."""
    if round.state == Round.State.CLOSED:
        kept = [Figures(**{name: row[name] for name in Figures.__dataclass_fields__}) for row in round.figures]
        return [figures for figures in kept if figures.path.startswith(within)]
    families = with_reports(families_of(round, min(day, round.to_date)), round).filter(unit__path__startswith=within)
    counted = {
        row["unit__path"]: (row["families"], row["done"])
        for row in families.order_by()
        .values("unit__path")
        .annotate(families=Count("pk"), done=Count("pk", filter=Q(reported=True)))
    }
    kinds, states = _differences(round, within)
    units = {unit.path: unit for unit in Unit.objects.filter(path__in=counted.keys() | kinds.keys())}
    return [
        Figures(
            unit=str(units[path].pk),
            name=units[path].name,
            path=path,
            families=counted.get(path, (0, 0))[0],
            reported=counted.get(path, (0, 0))[1],
            open=states[path]["open"],
            settled=states[path]["settled"],
            kinds=dict(sorted(kinds[path].items())),
        )
        for path in sorted(units)
    ]


def _differences(round: Round, within: str) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
    """By village: how many of each kind, and how many are settled or not."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    states: dict[str, Counter[str]] = defaultdict(Counter)
    rows = Difference.objects.filter(round=round, unit_path__startswith=within).order_by()
    for row in rows.values("unit_path", "kind", "state").annotate(number=Count("pk")):
        kinds[row["unit_path"]][row["kind"]] += row["number"]
        settled = row["state"] == Difference.State.SETTLED
        states[row["unit_path"]]["settled" if settled else "open"] += row["number"]
    return kinds, states
