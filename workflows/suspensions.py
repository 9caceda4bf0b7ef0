"""What follows when a pairing is suspended: nobody who may not go is waited for."""

from __future__ import annotations

from datetime import datetime

from backend.audit.history import collect, record
from backend.helpers.models import Pairing
from backend.org.access import Actor
from backend.visits.models import Visit
from workflows import store
from workflows.chronicle import record_item
from workflows.models import WorkItem


def leave_to_village(*, pairing: Pairing, actor: Actor, now: datetime) -> int:
    """The planned visits of a suspended pairing go to the village worker, with the work items that wait for their
    record. What the helper had begun to write is not shown to anybody. How many visits.

    Visits planned while it is suspended are the village worker's from the start; those planned after it, the helper's.
    """
    rows = Visit.objects.select_for_update(of=("self",)).filter(pairing=pairing, helper__isnull=False)
    visits = list(rows.filter(state=Visit.State.PLANNED).select_related("family__unit__parent", "case"))
    with collect():
        for visit in visits:
            visit.helper, visit.version = None, visit.version + 1
            visit.save(update_fields=["helper", "version"])
            record(action="visit.left_to_village", object=visit, label=visit.family.label, actor=actor, now=now)
            _hand_item(visit, actor, now)
    return len(visits)


def _hand_item(visit: Visit, actor: Actor, now: datetime) -> None:
    waiting = WorkItem.objects.select_for_update(of=("self",)).filter(
        instance=visit.instance_id, step="record_visit", role="helper", state=WorkItem.State.OPEN
    )
    for row in waiting:
        row.role = store.STAND_INS["helper"]
        row.unit = store.unit_for(row.role, visit.family.unit)
        row.unit_path, row.assignee = row.unit.path, None
        row.draft, row.draft_at, row.version = None, None, row.version + 1
        row.save(update_fields=["role", "unit", "unit_path", "assignee", "draft", "draft_at", "version"])
        record_item(row, "work_item.left_to_village", actor, now)
