"""Steps of an activity: who decides, the decision, the list's end, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from backend.activities import campaigns, hours, sign_ups
from backend.activities.models import Activity
from backend.core import prepared
from backend.org.models import Membership, Unit
from workflows.engine.runner import Call
from workflows.steps.context import Step, of

RAISED = "nobody_else"
"""Why the township decides on what a village could: nobody there but whoever proposed it."""


def level_facts(call: Call) -> Mapping[str, Any]:
    """What decision D26 looks at."""
    row = _activity(call)
    return {"budget": float(row.budget), "crowd": row.expected, "minors": row.minors, "outdoors": row.outdoors}


def place_activity(call: Call) -> Mapping[str, Any]:
    """The level that decides, and the times of the plan. A village decides alone only where somebody else can."""
    context, row, level, reason = of(call), _activity(call), str(call.data["level"]), str(call.data["level_reason"])
    if level == Activity.Level.VILLAGE and not _somebody_else(row, call):
        level, reason = str(Activity.Level.TOWNSHIP), RAISED
    campaigns.place(activity=row, level=level, reason=reason, instance_id=context.instance_id)
    return {
        "level": level,
        "sign_up_until": row.sign_up_until.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "record_by": campaigns.record_by(row, context.now).isoformat(),
    }


def record_approval(call: Call) -> None:
    """Approved and published, returned, or refused."""
    context, row, answers = of(call), _activity(call), call.answers
    actor, now, reason = context.actor, context.now, str(answers.get("reason") or "")
    if answers["approval"] == "approve":
        minutes, over_reason = str(answers.get("minutes") or ""), str(answers.get("over_reason") or "")
        campaigns.publish(activity=row, minutes=minutes, over_reason=over_reason, actor=actor, now=now)
    elif answers["approval"] == "refuse":
        campaigns.refuse(activity=row, reason=reason, actor=actor, now=now)
    else:
        campaigns.return_plan(activity=row, reason=reason, actor=actor, now=now)


def record_revision(call: Call) -> None:
    """The plan as it was changed."""
    context = of(call)
    changes = {**call.answers, "budget": Decimal(str(call.answers["budget"]))}
    campaigns.revise(activity=_activity(call), changes=changes, actor=context.actor, now=context.now)


def close_sign_up(call: Call) -> None:
    """Nobody can sign up any more."""
    context = of(call)
    campaigns.close_sign_up(activity=_activity(call), actor=context.actor, now=context.now)


def record_outcome(call: Call) -> Mapping[str, Any]:
    """What came of it; whether the supervisor has to look at it."""
    context = of(call)
    row = _activity(call)
    return {
        "needs_check": campaigns.record_outcome(activity=row, found=call.answers, actor=context.actor, now=context.now)
    }


def tell_overdue(call: Call) -> None:
    """Its days are over, and nobody has told what came of it."""
    context = of(call)
    campaigns.tell_overdue(activity=_activity(call), actor=context.actor, now=context.now)


def record_check(call: Call) -> None:
    """Somebody else looked at the money and at what happened."""
    context, row = of(call), _activity(call)
    if call.answers["check"] == "confirm":
        campaigns.confirm_record(activity=row, actor=context.actor, now=context.now)
    else:
        reason = str(call.answers["reason"])
        campaigns.return_record(activity=row, reason=reason, actor=context.actor, now=context.now)


def finish_activity(call: Call) -> None:
    """It was held: volunteers who were there have hours to be verified."""
    context, row = of(call), _activity(call)
    campaigns.finish(activity=row, actor=context.actor, now=context.now)
    for helper in sign_ups.volunteers_there(row):
        stretch = hours.Stretch(
            content="activity", started_at=row.starts_at, ended_at=row.ends_at, evidence="leader", place=row.unit
        )
        hours.claim_attendance(helper=helper, activity=row.pk, stretch=stretch, actor=context.actor, now=context.now)


def cancel_activity(call: Call) -> None:
    """It will not be held."""
    context, reason = of(call), str(call.data.get("reason") or "")
    campaigns.cancel(activity=_activity(call), reason=reason, actor=context.actor, now=context.now)


def merge_activity(call: Call) -> None:
    """It will be held with another one: everybody on the list goes there."""
    context, row = of(call), _activity(call)
    into = prepared.found(Activity, call.data["into"], follow=("unit",))
    reason = str(call.data.get("reason") or "")
    campaigns.merge(activity=row, into=into, reason=reason, actor=context.actor, now=context.now)
    sign_ups.move_to(activity=row, into=into, actor=context.actor, now=context.now)


# --- parts


def _somebody_else(row: Activity, call: Call) -> bool:
    """Whether another village worker can decide on a village's own activity."""
    if row.unit.kind != Unit.Kind.VILLAGE:
        return False
    there = Membership.objects.on(of(call).today).filter(role="village", unit=row.unit, user__is_active=True)
    return there.exclude(user_id=row.proposed_by_id).exists()


def _activity(call: Call) -> Activity:
    return prepared.found(Activity, call.data["activity"], follow=("unit__parent",))


STEPS: Mapping[str, Step] = {
    "activity_site.level_facts": level_facts,
    "activity_site.place_activity": place_activity,
    "activity_site.record_approval": record_approval,
    "activity_site.record_revision": record_revision,
    "activity_site.close_sign_up": close_sign_up,
    "activity_site.record_outcome": record_outcome,
    "activity_site.tell_overdue": tell_overdue,
    "activity_site.record_check": record_check,
    "activity_site.finish_activity": finish_activity,
    "activity_site.cancel_activity": cancel_activity,
    "activity_site.merge_activity": merge_activity,
}
