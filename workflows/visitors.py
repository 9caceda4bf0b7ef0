"""Planned visits and the work items that wait for their record, given to whoever is there now.

Who that is, is one rule (backend.helpers.stand_ins): the helper, a stand-in, the village worker. Absences, suspensions
and whatever else changes the answer call `follow` afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from backend.core.jobs import enqueue
from backend.helpers.accounts import account_of
from backend.helpers.models import PairingQuerySet
from backend.org.access import SYSTEM, Actor
from backend.visits.models import Visit
from backend.visits.visitors import planners, readdress
from workflows import store
from workflows.chronicle import record_item
from workflows.models import WorkItem


def follow(pairings: PairingQuerySet, actor: Actor, now: datetime) -> list[Visit]:
    """Planned visits of these pairings to whoever is there, and with them their work items. Returns what changed
    hands."""
    moved = readdress(pairings=pairings.select_related("helper__kind"), actor=actor, now=now)
    _hand_items(moved, actor, now)
    return moved


def plan_anew(families: Iterable[UUID]) -> None:
    """Runs that have planned a visit to these families, and wait for its day, look at their period again and plan anew:
    the family went away or is back (E1), or somebody has died (E2). What is open already stays."""
    for instance in planners(families):
        enqueue(
            "processes.message",
            lock=f"instance:{instance}",
            instance_id=str(instance),
            name="plans_changed",
            data={},
            actor=SYSTEM.as_json(),
        )


def _hand_items(visits: Sequence[Visit], actor: Actor, now: datetime) -> None:
    """Open items go with their visits. What the one before had begun to write is not shown to the next."""
    by_run = {visit.instance_id: visit for visit in visits if visit.instance_id}
    rows = WorkItem.objects.select_for_update(of=("self",)).filter(
        instance__in=by_run, process="care_visit", step="record_visit", state=WorkItem.State.OPEN
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
