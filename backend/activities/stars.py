"""Stars for verified hours (table D25): announced for some working days, then in force; gone with a ban."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from backend.activities import rules
from backend.activities.models import Ban, HourClaim, StarAward
from backend.audit.history import record
from backend.helpers.models import Helper
from backend.org.access import Actor
from backend.org.working_days import add_working_days


def facts(helper: Helper, day: date) -> Mapping[str, Any]:
    """What table D25 looks at. False hours bar somebody for as long as the ban says (1–3 years in Guangdong, S40)."""
    return {
        "hours": HourClaim.objects.filter(helper=helper).half_hours() / 2,
        "misconduct": Ban.objects.on(day).filter(helper=helper).exists(),
        "scale": rules.star_scale(helper.unit_path, day),
    }


def award(*, helper: Helper, stars: int, half_hours: int, actor: Actor, now: datetime) -> StarAward | None:
    """The volunteer has earned so many stars. None when these, or more, were awarded before."""
    today = timezone.localdate(now)
    if stars == 0 or StarAward.objects.filter(helper=helper, stars__gte=stars, withdrawn_on__isnull=True).exists():
        return None
    days = int(rules.of_hours(helper.unit_path, today)["star_working_days"])
    row = StarAward.objects.create(
        helper=helper, stars=stars, half_hours=half_hours, holds_from=add_working_days(today, days), created_at=now
    )
    data = {"stars": stars, "hours": half_hours / 2, "from_date": row.holds_from.isoformat()}
    record(action="stars.awarded", object=row, actor=actor, now=now, data=data)
    return row


def withdraw(*, helper: Helper, actor: Actor, now: datetime) -> int:
    """All stars go. How many awards."""
    rows = list(StarAward.objects.select_for_update().filter(helper=helper, withdrawn_on__isnull=True))
    for row in rows:
        row.withdrawn_on = timezone.localdate(now)
        row.save(update_fields=["withdrawn_on"])
        record(action="stars.withdrawn", object=row, actor=actor, now=now, data={"stars": row.stars})
    return len(rows)


def standing(helper: Helper, day: date) -> int:
    """How many stars somebody has that day."""
    return max(StarAward.objects.on(day).filter(helper=helper).values_list("stars", flat=True), default=0)
