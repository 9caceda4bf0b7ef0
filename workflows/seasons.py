"""Seasons of visits (D06): festivals, extreme weather. Who is visited more often then is planned anew when one begins.

The season is parameter `visit.season`, by area and day. A run reads it when it plans: what was planned before would
come too late, and a family that wants to be visited at festivals only would wait for its review. So each night the runs
are told that planned before their area's season began; whatever was planned since then is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from backend.cases.models import Family
from backend.org.models import Parameter
from backend.visits.models import Visit
from workflows.models import Instance
from workflows.visitors import CARE

KEY = "visit.season"
NORMAL, FESTIVAL = "normal", "festival"
DOUBLED = ("A", "B")
"""Tiers that are visited twice as often in a season."""


def to_be_told(now: datetime) -> Iterator[QuerySet[Instance]]:
    """Of every season in force, the runs that planned before it began, or for its festivals wait without a plan."""
    for season in Parameter.objects.on(timezone.localdate(now)).filter(key=KEY).exclude(value=NORMAL).order_by("path"):
        begun = max(timezone.make_aware(datetime.combine(season.from_date, time())), season.created_at)
        wanted = Q(pk__in=_planned_before(season.path, begun, now))
        if season.value == FESTIVAL:
            wanted |= Q(pk__in=_waiting_for_festivals(season.path, begun))
        yield Instance.objects.filter(wanted)


def _planned_before(path: str, begun: datetime, now: datetime) -> QuerySet[Visit, Any]:
    """Runs with a visit that may not be made yet, and is not for tomorrow in any case."""
    tomorrow = timezone.localdate(now) + timedelta(days=1)
    plans = Visit.objects.filter(state=Visit.State.PLANNED, created_at__lt=begun, opens_at__gt=now)
    plans = plans.filter(planned_for__gt=tomorrow, family__risk_tier__in=DOUBLED, case__unit_path__startswith=path)
    return plans.filter(instance_id__isnull=False).values("instance_id")


def _waiting_for_festivals(path: str, begun: datetime) -> QuerySet[Instance, Any]:
    """Runs of families that are visited at festivals only, and for which nothing was planned since this one began."""
    since = Visit.objects.filter(family=OuterRef("case__family"), created_at__gte=begun)
    runs = Instance.objects.filter(process__key=CARE, state=Instance.State.RUNNING, case__unit_path__startswith=path)
    only = runs.filter(case__family__willingness=Family.Willingness.FESTIVAL)
    return only.filter(~Exists(since)).values("pk")
