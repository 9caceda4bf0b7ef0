"""Planned visits of families whose time stands still: not asked for meanwhile, later by as many working days after."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Case, DateField, DurationField, F, Q, Value, When
from django.db.models.functions import Greatest, TruncDate

from backend.org.working_days import covered, later_by
from backend.visits.models import Visit, VisitQuerySet
from backend.visits.visits import AWAITED


def pause_visits(families: Iterable[UUID], since: datetime) -> int:
    """Nobody is expected at these families' doors from this time on. Returns how many visits stand still."""
    rows = _awaited(families).filter(paused_at__isnull=True)
    return rows.update(paused_at=Greatest(F("created_at"), Value(since)))


def resume_visits(families: Iterable[UUID], resumed_on: date) -> int:
    """Move what is planned later by the working days on which it stood still; what was missed keeps its day. Two
    statements, for however many visits."""
    rows = _awaited(families).filter(paused_at__isnull=False).annotate(paused_on=TruncDate("paused_at"))
    planned: list[When] = []
    moved: list[When] = []
    for day, since in set(rows.values_list("planned_for", "paused_on")):
        if day is None:
            continue
        by = later_by(day, covered(since, resumed_on))
        if by:
            same = Q(state=Visit.State.PLANNED, planned_for=day, paused_on=since)
            planned.append(When(same, then=Value(day + by)))
            moved.append(When(same, then=Value(by)))
    by_how_much = Case(*moved, default=Value(timedelta()), output_field=DurationField())
    return rows.update(
        planned_for=Case(*planned, default=F("planned_for"), output_field=DateField()),
        opens_at=F("opens_at") + by_how_much,
        due_at=F("due_at") + by_how_much,
        paused_at=None,
    )


def call_instead(families: Iterable[UUID]) -> int:
    """These families are away: what is planned for their homes is a telephone call."""
    return _awaited(families).filter(state=Visit.State.PLANNED, channel="home").update(channel="phone")


def _awaited(families: Iterable[UUID]) -> VisitQuerySet:
    return Visit.objects.filter(AWAITED, family__in=list(families))
