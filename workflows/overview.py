"""Where work is late and why: open items counted by village, step, person and queue. Reads only.

Every count says how many are open and how many of them overdue, by the one definition (workflows.models.past_due).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Count, F, Max, Min, Q, QuerySet

from workflows.models import Instance, WorkItem, WorkItemQuerySet, past_due

LONGEST = 200
"""Groups of one kind that are told, the latest first; totals cover everything."""

Groups: TypeAlias = QuerySet[Any, Any]


def totals(items: WorkItemQuerySet, now: datetime) -> dict[str, Any]:
    """Counts over all of these items."""
    return items.aggregate(**_tally(now), postponed=Count("pk", filter=Q(postponed_until__gt=now)))


def by_village(items: WorkItemQuerySet, now: datetime) -> Groups:
    """Per village of the family, whoever has to do it. What is about no family is in no village."""
    return _grouped(items.filter(case__isnull=False).values(at=F("case__unit_id"), name=F("case__unit__name")), now)


def by_step(items: WorkItemQuerySet, now: datetime) -> Groups:
    """Per step of a process."""
    return _grouped(_steps(items), now)


def by_person(items: WorkItemQuerySet, now: datetime) -> Groups:
    """Per person who took items or was given them; None: nobody has."""
    return _grouped(items.values(user=F("assignee_id"), name=F("assignee__name")), now)


def by_queue(items: WorkItemQuerySet, now: datetime) -> Groups:
    """Overdue items by the role and the unit that they wait for: on whom it hangs, and since when."""
    return _grouped(items.filter(past_due(now)).values("role", at=F("unit_id"), name=F("unit__name")), now)


def put_off(items: WorkItemQuerySet, now: datetime) -> WorkItemQuerySet:
    """Overdue items that somebody put off to a later time; the longest overdue first."""
    return items.filter(past_due(now), postponed_until__gt=now).order_by("due_at", "pk")[:LONGEST]


def by_node(items: WorkItemQuerySet, process: str, now: datetime) -> Groups:
    """Per node of one process's diagram."""
    return _grouped(_steps(items.filter(process=process)), now)


def runs(instances: QuerySet[Instance], process: str) -> dict[str, int]:
    """How many runs of a process there are, and how many wait for nobody but for a date, a message, another run."""
    waiting = WorkItem.objects.filter(state=WorkItem.State.OPEN).values("instance")
    running = instances.filter(process__key=process, state=Instance.State.RUNNING)
    return running.aggregate(running=Count("pk"), alone=Count("pk", filter=~Q(pk__in=waiting)))


def _steps(items: WorkItemQuerySet) -> Groups:
    """A step is told in one title, whatever its versions call it."""
    return items.values("process", "step").annotate(said=Max("title"), said_en=Max("title_en"))


def _grouped(groups: Groups, now: datetime) -> Groups:
    counted: Groups = groups.annotate(**_tally(now))
    return counted.order_by("-overdue", "-open")[:LONGEST]


def _tally(now: datetime) -> dict[str, Any]:
    late = past_due(now)
    return {
        "open": Count("pk"),
        "overdue": Count("pk", filter=late),
        "unclaimed": Count("pk", filter=Q(assignee__isnull=True)),
        "late_since": Min("due_at", filter=late),
    }
