"""Proposing an activity, and stopping one: the row, and the process that conducts it."""

from __future__ import annotations

from datetime import datetime

from backend.activities import campaigns
from backend.activities.campaigns import Plan
from backend.activities.models import Activity
from backend.audit.history import collect
from backend.org.access import Actor
from backend.org.models import Unit
from workflows import services


def propose(*, plan: Plan, actor: Actor, now: datetime) -> Activity:
    """Lay a plan before whoever decides. Raises BadPlan, ProposedLate."""
    with collect():
        row = campaigns.propose(plan=plan, actor=actor, now=now)
        unit = plan.unit
        data = {
            "activity": str(row.pk),
            "reference": row.number,
            "proposer": str(actor.user_id or ""),
            "place": str(unit.pk),
            "office": str(office_of(unit).pk),
            "organiser": "village" if unit.kind == Unit.Kind.VILLAGE else "township",
        }
        services.start(process="activity_site", case=None, data=data, actor=actor, now=now)
    row.refresh_from_db()
    return row


def cancel(*, activity: Activity, reason: str, actor: Actor, now: datetime) -> None:
    """It will not be held. Raises NotToCome."""
    campaigns.check_to_come(activity, now)
    _send(activity, "activity_cancelled", {"reason": reason}, actor, now)


def merge(*, activity: Activity, into: Activity, reason: str, actor: Actor, now: datetime) -> None:
    """It will be held together with another one, where its list goes. Raises NotToCome, NoMergeTarget."""
    campaigns.check_to_come(activity, now)
    campaigns.check_target(activity, into, now)
    _send(activity, "activity_merged", {"into": str(into.pk), "reason": reason}, actor, now)


def office_of(unit: Unit) -> Unit:
    """The township in which a village lies; other units stand for themselves."""
    return unit.parent if unit.kind == Unit.Kind.VILLAGE and unit.parent is not None else unit


def _send(activity: Activity, name: str, data: dict[str, str], actor: Actor, now: datetime) -> None:
    run = activity.instance_id
    if run is None or not services.send_message(instance_id=run, name=name, data=data, actor=actor, now=now):
        raise campaigns.NotToCome
