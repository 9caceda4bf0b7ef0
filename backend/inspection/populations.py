"""What a sample can be drawn from: families, cases or visits of a place, as they stood at a time.

Dates tell what was there then: when a row was made, opened, closed, recorded. What carries no date (whether a file was
on file, in which village a family lived) is taken as it is today, so drawing again later may find other members.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case, Family
from backend.core.errors import FieldProblem, Invalid
from backend.inspection.models import Sample
from backend.visits.models import Visit

ON_FILE = (Family.Status.REGISTERED, Family.Status.PAUSED)
VISITED = (Visit.State.DONE, Visit.State.NOT_MET, Visit.State.REFUSED)
OVER = (Case.State.CLOSED, Case.State.ARCHIVED)

PERIODS: Mapping[str, re.Pattern[str]] = {
    Sample.Population.VISITS: re.compile(r"(19|20|21)\d\d-(0[1-9]|1[0-2])"),
    Sample.Population.CLOSED_CASES: re.compile(r"(19|20|21)\d\d"),
}
"""How the period is written that a population needs: a month (2026-06), a year (2026); the others need none."""


class BadPeriod(Invalid):
    """The period does not fit what is drawn from."""

    code = "bad_period"
    message = _("Visits need a month (2026-06), closed cases a year (2026), everything else no period.")


@dataclass(frozen=True)
class Member:
    """The family, and for cases and visits the case, that a member of a population belongs to."""

    family_id: UUID
    case_id: UUID | None


def members(population: str, *, path: str, as_of: datetime, period: str) -> dict[UUID, Member]:
    """By id: what was there at the time, at the unit with this path and below it. Raises BadPeriod."""
    span = _span(population, period)
    rows: QuerySet[Any]
    if population == Sample.Population.FAMILIES:
        rows = Family.objects.filter(unit__path__startswith=path, created_at__lte=as_of, status__in=ON_FILE)
        return {pk: Member(pk, None) for pk in rows.values_list("pk", flat=True)}
    if population == Sample.Population.VISITS:
        rows = Visit.objects.filter(family__unit__path__startswith=path, recorded_at__lte=as_of, state__in=VISITED)
        rows = rows.filter(started_at__gte=span[0], started_at__lt=span[1]).annotate(case_pk=F("case_id"))
    else:
        rows = Case.objects.filter(unit_path__startswith=path).annotate(case_pk=F("pk"))
        if population == Sample.Population.OPEN_CASES:
            rows = rows.filter(Q(closed_at__isnull=True) | Q(closed_at__gt=as_of), opened_at__lte=as_of)
        else:
            rows = rows.filter(state__in=OVER, closed_at__gte=span[0], closed_at__lt=span[1], closed_at__lte=as_of)
    return {pk: Member(family, case) for pk, family, case in rows.values_list("pk", "family_id", "case_pk")}


def _span(population: str, period: str) -> tuple[datetime, datetime]:
    """From when until when, in the local calendar; without a period a span that nobody asks for."""
    pattern = PERIODS.get(population)
    if (pattern is None and period) or (pattern is not None and not pattern.fullmatch(period)):
        raise BadPeriod([FieldProblem("/period", "bad_period", BadPeriod.message)])
    year, month = int(period[:4] or 1900), int(period[5:] or 1)
    length = 1 if len(period) > len("2026") else 12
    after = year * 12 + month - 1 + length
    zone = timezone.get_default_timezone()
    return datetime(year, month, 1, tzinfo=zone), datetime(after // 12, after % 12 + 1, 1, tzinfo=zone)
