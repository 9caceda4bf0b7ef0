"""Work items of a month, by the village of the family that they are about. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from backend.reporting.months import Month
from workflows.models import WorkItem, was_past_due


def work(path: str, month: Month, now: datetime) -> QuerySet[Any, Any]:
    """Rows with `at`, `in_time`, `too_late` (done in the month) and `overdue` (at its end, or now while it lasts).

    As in workflows.overview: whoever had to do it. What is about no family is in no village.
    """
    until = month.until(now)
    done = Q(state=WorkItem.State.DONE, ended_at__gte=month.begins_at, ended_at__lt=month.ends_at)
    late = was_past_due(until)
    items = WorkItem.objects.filter(done | late, case__unit_path__startswith=path)
    in_time = Q(ended_at__lte=F("due_at")) | Q(paused_at__isnull=False)  # done while the family was paused: never late
    counted = items.values(at=F("case__unit_path")).annotate(
        in_time=Count("pk", filter=done & in_time),
        too_late=Count("pk", filter=done & ~in_time),
        overdue=Count("pk", filter=late),
    )
    return counted.order_by()
