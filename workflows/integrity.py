"""What should never be: work that nobody can do, cases that wait for nothing (manage.py check_integrity)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case
from backend.helpers.models import Absence, Helper
from backend.visits.models import Visit
from workflows.models import Instance, WorkItem

LATE = timedelta(hours=1)
"""A timer that is due for longer than this is not just waiting for its turn."""
SHOWN = 20
"""Ids that are told of each kind."""

WORDS: Mapping[str, str | Promise] = {
    "items_of_closed_accounts": _("open work items of people whose account is closed"),
    "cases_without_work": _("open cases in which neither a work item nor a timer waits"),
    "timers_overdue": _("timers that should have fired an hour ago"),
    "visits_of_absent_helpers": _("visits that may be made now, planned for a helper who is away, suspended or ended"),
}
"""What is looked for: code → words."""


def found(now: datetime) -> dict[str, QuerySet[Any]]:
    """For each of WORDS the rows that should not be."""
    running = Instance.objects.filter(case=OuterRef("pk"), state=Instance.State.RUNNING)
    waiting = WorkItem.objects.filter(case=OuterRef("pk"), state=WorkItem.State.OPEN)
    today = timezone.localdate(now)
    away = Absence.objects.on(today).filter(helper=OuterRef("helper"))
    gone = Q(helper__status__in=[Helper.Status.SUSPENDED, Helper.Status.ENDED])
    return {
        "items_of_closed_accounts": WorkItem.objects.filter(state=WorkItem.State.OPEN, assignee__is_active=False),
        "cases_without_work": Case.objects.filter(state=Case.State.OPEN).exclude(
            Exists(waiting) | Exists(running.filter(wake_at__isnull=False))
        ),
        "timers_overdue": Instance.objects.filter(state=Instance.State.RUNNING, wake_at__lt=now - LATE),
        "visits_of_absent_helpers": Visit.objects.filter(
            gone | Exists(away), state=Visit.State.PLANNED, opens_at__lte=now, helper__isnull=False
        ),
    }
