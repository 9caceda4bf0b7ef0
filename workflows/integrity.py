"""What should never be: work that nobody can do, cases that wait for nothing (manage.py check_integrity)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, CharField, Exists, ExpressionWrapper, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case
from backend.helpers.models import Absence, Helper
from backend.org.models import Deputy, Membership
from backend.visits.models import Visit
from workflows.models import Instance, WorkItem

LATE = timedelta(hours=1)
"""A timer that is due for longer than this is not just waiting for its turn."""
SHOWN = 20
"""Ids that are told of each kind."""

WORDS: Mapping[str, str | Promise] = {
    "items_of_closed_accounts": _("open work items of people whose account is closed"),
    "items_of_people_who_left": _("open work items of people who work nowhere any more"),
    "items_between_two_absent": _("open work items of people who are away, as is whoever stands in for them"),
    "items_nobody_may_do": _(
        "open work items that nobody took and nobody may do: a vacant post, or only people who stand aside"
    ),
    "cases_without_work": _("open cases in which neither a work item nor a timer waits"),
    "timers_overdue": _("timers that should have fired an hour ago"),
    "visits_of_absent_helpers": _("visits that may be made now, planned for a helper who is away, suspended or ended"),
}
"""What is looked for: code → words."""


UNATTENDED = ("items_of_closed_accounts", "items_of_people_who_left", "items_between_two_absent")
"""Those of WORDS that `unattended` finds."""


def unattended(day: date) -> dict[str, Q]:
    """Conditions under which nobody is there on that day for what a person took: code → condition of work items.

    Who stands in counts only when not away too.
    """
    works = Membership.objects.on(day).filter(user=OuterRef("assignee"))
    away = Deputy.objects.on(day)
    standing_in = away.filter(absent=OuterRef("assignee"), deputy__is_active=True)
    there = standing_in.exclude(deputy__in=away.values("absent"))
    taken = Q(assignee__isnull=False, assignee__is_active=True)
    return {
        "items_of_closed_accounts": Q(assignee__is_active=False),
        "items_of_people_who_left": Q(taken, ~Exists(works)),
        "items_between_two_absent": Q(
            taken, Exists(works), Exists(away.filter(absent=OuterRef("assignee"))), ~Exists(there)
        ),
    }


def _nobody_may(day: date) -> Q:
    """Nobody holds the item's role at its place, or only people whom the four-eyes rule keeps away."""
    holds = Membership.objects.on(day).filter(role=OuterRef("role"), user__is_active=True)
    place = ExpressionWrapper(OuterRef("unit_path"), output_field=CharField())
    above = holds.annotate(place=place).filter(place__startswith=F("unit__path"))
    stands_aside = Func(
        OuterRef("excluded"), Cast("user", CharField()), function="jsonb_exists", output_field=BooleanField()
    )
    return Q(~Exists(above.annotate(aside=stands_aside).filter(aside=False)), assignee__isnull=True)


def found(now: datetime) -> dict[str, QuerySet[Any]]:
    """For each of WORDS the rows that should not be."""
    running = Instance.objects.filter(case=OuterRef("pk"), state=Instance.State.RUNNING)
    waiting = WorkItem.objects.filter(case=OuterRef("pk"), state=WorkItem.State.OPEN)
    today = timezone.localdate(now)
    away = Absence.objects.on(today).filter(helper=OuterRef("helper"))
    gone = Q(helper__status__in=[Helper.Status.SUSPENDED, Helper.Status.ENDED])
    items = WorkItem.objects.filter(state=WorkItem.State.OPEN)
    return {
        **{code: items.filter(condition) for code, condition in unattended(today).items()},
        "items_nobody_may_do": items.filter(_nobody_may(today)),
        "cases_without_work": Case.objects.filter(state=Case.State.OPEN).exclude(
            Exists(waiting) | Exists(running.filter(wake_at__isnull=False))
        ),
        "timers_overdue": Instance.objects.filter(state=Instance.State.RUNNING, wake_at__lt=now - LATE),
        "visits_of_absent_helpers": Visit.objects.filter(
            gone | Exists(away), state=Visit.State.PLANNED, opens_at__lte=now, helper__isnull=False
        ),
    }
