"""Planned visits and the work items that wait for their record, given to whoever is there now.

Who that is, is one rule (backend.helpers.stand_ins): the helper, a stand-in, the village worker. Absences, suspensions
and whatever else changes the answer call `follow` afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from backend.core.jobs import enqueue
from backend.helpers.accounts import account_of
from backend.helpers.models import PairingQuerySet
from backend.org.access import SYSTEM, Actor
from backend.visits.models import Visit
from backend.visits.visitors import open_beyond, readdress
from workflows import store
from workflows.chronicle import record_item
from workflows.models import Instance, WorkItem

CARE = "care_visit"


def follow(pairings: PairingQuerySet, actor: Actor, now: datetime) -> list[Visit]:
    """Planned visits of these pairings to whoever is there, and with them their work items. Returns what changed
    hands."""
    moved = readdress(pairings=pairings.select_related("helper__kind"), actor=actor, now=now)
    _hand_items(moved, actor, now)
    return moved


def plan_anew(families: Iterable[UUID]) -> None:
    """Runs of care visits that wait for these families' next day, also for the review's, look at their period again and
    plan anew: the family went away or is back (E1), its tier or its wish is another one. What is open already stays."""
    runs = Instance.objects.filter(case__family__in=list(families), process__key=CARE, state=Instance.State.RUNNING)
    tell_planners(runs)


def tell_planners(runs: QuerySet[Instance]) -> None:
    """Queue the message that plans have changed to those of these runs in which nobody has anything to do."""
    at_work = WorkItem.objects.filter(instance=OuterRef("pk"), state=WorkItem.State.OPEN)
    for instance in runs.filter(~Exists(at_work)).order_by("pk").values_list("pk", flat=True):
        _send(instance, "plans_changed")


def come_soon(family: UUID, now: datetime) -> None:
    """Something happened to the family (D06): somebody is to come within 24 hours, also where the visit is open already
    and has days left."""
    for instance in open_beyond(family, timezone.localdate(now) + timedelta(days=1), now):
        _send(instance, "visit_wanted")


def _send(instance: UUID, name: str) -> None:
    enqueue(
        "processes.message",
        lock=f"instance:{instance}",
        instance_id=str(instance),
        name=name,
        data={},
        actor=SYSTEM.as_json(),
    )


def _hand_items(visits: Sequence[Visit], actor: Actor, now: datetime) -> None:
    """Open items go with their visits. What the one before had begun to write is not shown to the next."""
    by_run = {visit.instance_id: visit for visit in visits if visit.instance_id}
    rows = WorkItem.objects.select_for_update(of=("self",)).filter(
        instance__in=by_run, process=CARE, step="record_visit", state=WorkItem.State.OPEN
    )
    for row in rows.select_related("assignee").order_by("id"):
        visit = by_run[row.instance_id]
        account = account_of(visit.helper, timezone.localdate(now)) if visit.helper else None
        row.role = "helper" if account else store.STAND_INS["helper"]
        row.unit = store.unit_for(row.role, visit.family.unit)
        row.unit_path, row.assignee_id = row.unit.path, account
        row.draft, row.draft_at, row.version = None, None, row.version + 1
        row.save(update_fields=["role", "unit", "unit_path", "assignee", "draft", "draft_at", "version"])
        to = {"to": visit.helper.name} if visit.helper and account else {}
        record_item(row, "work_item.readdressed" if to else "work_item.left_to_village", actor, now, data=to)
