"""The demo's assessment: the county has drawn up the year's agreement, which waits for the head; past months are
kept as reported."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from backend.assessment import figures
from backend.org.access import SYSTEM, actor_of
from backend.org.models import Unit, User
from backend.reporting.months import Month
from workflows import assessments, services
from workflows.models import WorkItem

MONTHS = 3
"""So many months before this one are kept."""


def play(users: Mapping[str, User], town: Unit, now: datetime) -> None:
    """Everything by the verbs of daily life."""
    month = Month.of(timezone.localdate(now))
    for _each in range(MONTHS):
        month = Month.of(month.first - timedelta(days=1))
        figures.freeze(unit=town, month=month, actor=SYSTEM, now=now)
    county = users["county"]
    row = assessments.begin(unit=town, year=timezone.localdate(now).year, actor=actor_of(county), now=now)
    assert row.instance_id is not None
    item = WorkItem.objects.get(instance_id=row.instance_id)
    services.complete(item=item, answers={"targets_checked": True}, user=county, now=now)
