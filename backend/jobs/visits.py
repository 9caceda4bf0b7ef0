"""Visits in the background: planned anew when a season begins."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from workflows import seasons, visitors
from workflows.models import Instance

AT_ONCE = 500
"""Runs that are told in one transaction."""


@app.periodic(cron="17 0 * * *")
@app.task(name="visits.follow_seasons", queueing_lock="visits.follow_seasons")
def follow_seasons(timestamp: int) -> None:
    """Soon after midnight: whoever is visited more often from now on. Broken off, the next night goes on."""
    for runs in seasons.to_be_told(timezone.now()):
        ids = list(runs.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), AT_ONCE):
            with transaction.atomic():
                visitors.tell_planners(Instance.objects.filter(pk__in=ids[start : start + AT_ONCE]))
