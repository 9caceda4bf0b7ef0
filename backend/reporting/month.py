"""A unit's month: families, cases, helpers, visits, alarms, counted by the village where the family lives.

Every count is a number of rows, none tells of a person. A query counts the whole subtree at once: as many statements
for a county as for a village. "At the end" of a month that is over is told from history where the row itself tells only
today. Definitions in words: `definitions`.

No number is there to be raised by force (domain.md 2h): a visit that the family refused is left out of the rate, one
that nobody had planned does not enter it, and units are told in the order of their codes, never ranked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Least

from backend.audit.models import Event
from backend.cases.models import Case, Family
from backend.helpers.models import Pairing
from backend.org.models import Unit
from backend.reporting.months import Month
from backend.visits.models import FollowUp, Visit, overdue

Counts: TypeAlias = dict[str, Counter[str]]
"""Path of a village (or whatever the families belong to) → name of a number → number."""

ON_FILE = (Family.Status.REGISTERED, Family.Status.PAUSED)
STATUS_CHANGES = ("family.filed", "family.moved", "family.came_back", "family.closed")
"""Events that tell the status before (`from`). What was merged since is the household that it turned out to be."""
SEEKING = ("pairing", "waiting")
"""Phases of a case in which somebody is looked for."""
PLACES = (Unit.Kind.PROVINCE, Unit.Kind.CITY, Unit.Kind.COUNTY, Unit.Kind.TOWN, Unit.Kind.VILLAGE)
"""Kinds of unit in which families live."""
REACTIONS = ("emergency", "follow_up")
AT_ONCE = timedelta(hours=24)
TOLD = {"family.filed": "filed", "family.moved": "moved", "person.died": "died"}
"""Events that are counted as such."""


def counts(path: str, month: Month, now: datetime) -> Counts:
    """Everything of the month in the subtree of this path. Reasons stand as `closed:<code>` and `unpaired:<code>`."""
    found: Counts = {}
    for rows in (
        _families(path, month, now),
        _cases(path, month, now),
        _closed(path, month),
        _paired(path, month, now),
        _begun(path, month),
        _unpaired(path, month),
        _visits(path, month, now),
        _alarms(path, month),
        _told(path, month),
    ):
        add(found, rows)
    return found


def add(found: Counts, rows: Iterable[Mapping[str, Any]]) -> None:
    """Take rows with `at` and numbers into the counts; of a row with a `reason` the numbers by that reason as well."""
    for row in rows:
        counted = found.setdefault(row["at"], Counter())
        for name, value in row.items():
            if name not in {"at", "reason"}:
                counted[name] += value
                if "reason" in row:
                    counted[f"{name}:{row['reason'] or 'other'}"] += value


def by_unit(found: Counts, unit: Unit) -> list[tuple[Unit, Counter[str]]]:
    """What is counted under each unit below this one, in the order of their codes; and what belongs to itself, if
    anything does. A unit without units below stands alone."""
    places = Unit.objects.filter(parent=unit, kind__in=PLACES).order_by("path")
    rows = [(place, Counter[str]()) for place in places]
    own: Counter[str] = Counter()
    for path, counted in found.items():
        below = next((numbers for place, numbers in rows if path.startswith(place.path)), own)
        below.update(counted)
    return [*rows, (unit, own)] if own or not rows else rows


def visit_rate(counted: Mapping[str, int]) -> float | None:
    """Visits made of those that could be made, in per cent: without what the family refused and what is not over.

    None when there was nothing to visit.
    """
    base = counted["due"] - counted["refused"] - counted["undecided"]
    return round(100 * counted["made"] / base, 1) if base > 0 else None


def _families(path: str, month: Month, now: datetime) -> QuerySet[Any, Any]:
    until = month.until(now)
    changed = Event.objects.filter(family_id=OuterRef("pk"), action__in=STATUS_CHANGES, at__gte=until)
    then = _before(changed, "status") if until < now else F("status")
    families = Family.objects.filter(unit__path__startswith=path).annotate(then=then)
    return families.filter(then__in=ON_FILE).values(at=F("unit__path")).annotate(families=Count("pk")).order_by()


def _before(changes: QuerySet[Event], field: str) -> Coalesce:
    """What the field held before the first of these changes; what it holds when there was none."""
    first = changes.order_by("at", "id").annotate(before=KT("data__from")).values("before")[:1]
    return Coalesce(Subquery(first), F(field), output_field=TextField())


def _open_at(path: str, moment: datetime) -> QuerySet[Case]:
    cases = Case.objects.filter(unit_path__startswith=path, opened_at__lt=moment)
    return cases.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=moment))


def _cases(path: str, month: Month, now: datetime) -> QuerySet[Any, Any]:
    until = month.until(now)
    entered = Event.objects.filter(case_id=OuterRef("pk"), action="case.phase_entered", at__gte=until)
    then = _before(entered, "phase") if until < now else F("phase")
    seeking = Count("family", filter=Q(then__in=SEEKING), distinct=True)
    cases = _open_at(path, until).annotate(then=then).values(at=F("unit_path"))
    return cases.annotate(cases=Count("pk"), seeking=seeking).order_by()


def _closed(path: str, month: Month) -> QuerySet[Any, Any]:
    cases = Case.objects.filter(unit_path__startswith=path, closed_at__gte=month.begins_at, closed_at__lt=month.ends_at)
    return cases.values(at=F("unit_path"), reason=F("close_reason")).annotate(closed=Count("pk")).order_by()


def _spells(path: str) -> QuerySet[Pairing]:
    """Spells that were, are or will be in force: one that ended on its first day never was."""
    spells = Pairing.objects.filter(case__unit_path__startswith=path)
    return spells.exclude(to_date=F("from_date"))


def _paired(path: str, month: Month, now: datetime) -> QuerySet[Any, Any]:
    """On the last day; while the month lasts, today."""
    last = month.last_day(now)
    spells = _spells(path).filter(Q(to_date__isnull=True) | Q(to_date__gt=last), from_date__lte=last)
    return spells.values(at=F("case__unit_path")).annotate(paired=Count("family", distinct=True)).order_by()


def _begun(path: str, month: Month) -> QuerySet[Any, Any]:
    spells = _spells(path).filter(from_date__gte=month.first, from_date__lt=month.next_first)
    return spells.values(at=F("case__unit_path")).annotate(begun=Count("pk")).order_by()


def _unpaired(path: str, month: Month) -> QuerySet[Any, Any]:
    spells = _spells(path).filter(to_date__gte=month.first, to_date__lt=month.next_first)
    grouped = spells.values(at=F("case__unit_path"), reason=F("end_reason"))
    return grouped.annotate(unpaired=Count("pk")).order_by()


def _visits(path: str, month: Month, now: datetime) -> QuerySet[Any, Any]:
    """Planned for a day of the month, as they stand today. A plan that another visit served is made by that one."""
    state = Visit.State
    visits = Visit.objects.filter(planned_for__gte=month.first, planned_for__lt=month.next_first)
    visits = visits.filter(case__unit_path__startswith=path, is_extra=False)
    served = Q(replaced_by__isnull=False)
    made = Q(state=state.DONE) | served
    # Looked up for the few that were replaced: a join would read all visits there ever were.
    other = Visit.objects.filter(pk=OuterRef("replaced_by_id")).values("started_at")
    when = Coalesce(Subquery(other), F("started_at"))
    grouped = visits.exclude(state=state.CANCELLED, replaced_by__isnull=True).annotate(when=when)
    missed = Q(state=state.MISSED) | overdue(now)
    waits = Q(state=state.PLANNED) & ~overdue(now)
    return (
        grouped.values(at=F("case__unit_path"))
        .annotate(
            due=Count("pk"),
            made=Count("pk", filter=made),
            late=Count("pk", filter=made & Q(when__gte=F("due_at"))),
            missed=Count("pk", filter=missed),
            not_met=Count("pk", filter=Q(state=state.NOT_MET)),
            refused=Count("pk", filter=Q(state=state.REFUSED)),
            undecided=Count("pk", filter=waits | Q(state=state.HELD)),
        )
        .order_by()
    )


def _alarms(path: str, month: Month) -> QuerySet[Any, Any]:
    """Records of the month that raised red flags, and how soon somebody did something about them."""
    flagged = Visit.objects.filter(recorded_at__gte=month.begins_at, recorded_at__lt=month.ends_at)
    flagged = flagged.filter(~Q(red_flags=[]), case__unit_path__startswith=path)
    first = FollowUp.objects.filter(visit=OuterRef("pk"), kind__in=REACTIONS).order_by()
    reacted = first.values("visit").annotate(first=Min("done_at")).values("first")
    # What cannot wait becomes an emergency (backend.emergencies.found): whoever acknowledges it has reacted.
    flagged = flagged.annotate(reacted=Least(Subquery(reacted), "emergency__acknowledged_at"))
    grouped = flagged.values(at=F("case__unit_path"))
    soon = Q(reacted__lte=F("recorded_at") + AT_ONCE)
    return grouped.annotate(
        alarms=Count("pk"),
        alarms_soon=Count("pk", filter=soon),
        alarms_later=Count("pk", filter=Q(reacted__gt=F("recorded_at") + AT_ONCE)),
        alarms_open=Count("pk", filter=Q(reacted__isnull=True)),
    ).order_by()


def _told(path: str, month: Month) -> Iterable[dict[str, Any]]:
    """What history tells as such: put on file, moved away, died."""
    events = Event.objects.filter(action__in=TOLD, at__gte=month.begins_at, at__lt=month.ends_at)
    rows = events.filter(unit_path__startswith=path).values("unit_path", "action").order_by()
    for row in rows.annotate(number=Count("object_id", distinct=True)):
        yield {"at": row["unit_path"], TOLD[row["action"]]: row["number"]}
