"""Steps of a village's delivery: every family has a result by the eve; who was not met gets it after all, or it goes
back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q

from backend.benefits import condolences, gifts
from backend.benefits.condolences import Unsettled
from backend.benefits.models import Condolence, Gift
from backend.core import prepared
from backend.org.models import Unit
from backend.org.working_days import end_of_day
from backend.reminders.outbox import intend, role_at
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def finish_round(call: Call) -> Mapping[str, Any]:
    """How many were not met, and by when that is settled. Raises Unsettled while a family has no result."""
    context, (row, village) = of(call), _place(call)
    gifts.leave_out_gone(condolence=row, now=context.now)
    left = condolences.open_gifts(row, village).aggregate(
        listed=Count("id", filter=Q(state=Gift.State.LISTED)),
        undelivered=Count("id", filter=Q(state=Gift.State.UNDELIVERED)),
    )
    if left["listed"]:
        raise Unsettled(params={"number": left["listed"]})
    due = end_of_day(gifts.settle_by(row, context.now))
    return {"undelivered": left["undelivered"], "settle_at": due.isoformat()}


def settle(call: Call) -> None:
    """Whoever was not met got it after all, or it was put back. Raises Unsettled."""
    row, village = _place(call)
    gifts.leave_out_gone(condolence=row, now=of(call).now)
    if left := condolences.open_gifts(row, village).count():
        raise Unsettled(params={"number": left})


def tell_eve(call: Call) -> None:
    """The eve has passed and the village is not done."""
    context, (row, village) = of(call), _place(call)
    condolences.tell_eve(condolence=row, village=village, actor=context.actor, now=context.now)
    intend(
        "condolence.eve_passed",
        to=role_at("village", village),
        key=f"condolence.eve_passed:{row.pk}:{village.pk}",
        about=row,
        unit_path=village.path,
        page=f"/condolences/{row.pk}/families/?unit={village.pk}&show=listed",
        now=context.now,
    )


def _place(call: Call) -> tuple[Condolence, Unit]:
    row = prepared.found(Condolence, call.data["condolence"], follow=("unit",))
    return row, Unit.objects.get(pk=call.data["village"])


STEPS: Mapping[str, Step] = {
    "condolence_delivery.finish_round": finish_round,
    "condolence_delivery.settle": settle,
    "condolence_delivery.tell_eve": tell_eve,
}
