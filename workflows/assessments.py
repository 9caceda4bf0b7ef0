"""Beginning a unit's year of assessment: by hand, or every night while the year's agreements are due."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from backend.assessment import agreements, figures, rules
from backend.assessment.models import Assessment
from backend.audit.history import collect
from backend.org.access import SYSTEM, Actor
from backend.org.models import Membership, Unit
from backend.reporting.months import Month
from workflows import services

PROCESS = "target_assessment"
DATES = {
    "agree_by": "agree", "inspect_from": "inspect_from", "inspect_by": "inspect", "score_from": "score_from",
    "score_by": "score", "result_by": "result",
}  # fmt: skip
"""Key in the process data → name among the dates."""


def begin(*, unit: Unit, year: int, actor: Actor, now: datetime) -> Assessment:
    """The agreement's draft and the process that conducts the year. Raises NotATownship, AssessedAlready."""
    today = timezone.localdate(now)
    with collect():
        row = agreements.open_agreement(unit=unit, year=year, actor=actor, now=now)
        moments = {
            key: rules.moment_of(name, path=unit.path, year=year, day=today).isoformat() for key, name in DATES.items()
        }
        data = {
            "assessment": str(row.pk),
            "reference": row.number,
            "place": str(unit.pk),
            "office": str(row.office_id),
            "changed": False,
            **moments,
        }
        begun = services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
        Assessment.objects.filter(pk=row.pk).update(instance_id=begun.pk)
    row.refresh_from_db()
    return row


def turn(now: datetime) -> int:
    """Every night: begin the years whose day has come, keep last month's figures. Returns how many years began."""
    today = timezone.localdate(now)
    with transaction.atomic():
        figures.freeze_due(now, month=Month.of(today.replace(day=1) - timedelta(days=1)), actor=SYSTEM)
    begun = 0
    known = set(Assessment.objects.filter(year=today.year).values_list("unit_id", flat=True))
    for town in _towns_with_head(today):
        first, last = (rules.date_of(each, path=town.path, year=today.year, day=today) for each in ("begin", "agree"))
        if town.pk not in known and first <= today <= last:
            with transaction.atomic():
                begin(unit=town, year=today.year, actor=SYSTEM, now=now)
            begun += 1
    return begun


def _towns_with_head(today: date) -> list[Unit]:
    """Townships where somebody could sign."""
    heads = Membership.objects.on(today).filter(role="head", unit__kind=Unit.Kind.TOWN)
    return list(Unit.objects.filter(pk__in=heads.values("unit"), parent__isnull=False).order_by("path"))
