"""Steps of a disaster's roll (E30): the list of the families, the figures of each hour, the end that a person says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.core import prepared
from backend.core.jobs import enqueue
from backend.emergencies import disasters
from backend.emergencies.models import Disaster
from backend.reminders import outbox
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def open_roll(call: Call) -> Mapping[str, Any]:
    """Every family on file stands in it, and the clock of the figures runs."""
    row, now = _disaster(call), of(call).now
    disasters.open_roll(disaster=row, now=now)
    return {"until_at": row.until_at.isoformat(), "count_at": disasters.next_count(row, now).isoformat()}


def count_hour(call: Call) -> Mapping[str, Any]:
    """The hour's figures are kept, and the next ones wait."""
    row, now = _disaster(call), of(call).now
    disasters.count_hour(disaster=row, now=now)
    return {"count_at": disasters.next_count(row, now).isoformat()}


def tell_not_ended(call: Call) -> None:
    """It was expected to be over: whoever leads is reminded, and nothing ends by itself."""
    row, now = _disaster(call), of(call).now
    outbox.intend(
        "disaster.not_ended", to=outbox.role_at("supervisor", row.unit), key=f"disaster.not_ended:{row.pk}", about=row,
        label=row.number, label_en=row.number, page=f"/disasters/{row.pk}/", now=now,
    )  # fmt: skip


def record_end(call: Call) -> None:
    """Who leads says that it is over, or was none: what stood still goes on."""
    context, answers, row = of(call), call.answers, _disaster(call)
    enqueue("disasters.go_on", lock=f"disaster:{row.pk}", disaster_id=str(row.pk), actor=context.actor.as_json())
    disasters.end(
        disaster=row, outcome=str(answers["roll_end"]), remark=str(answers.get("remark") or ""),
        actor=context.actor, now=context.now,
    )  # fmt: skip


def _disaster(call: Call) -> Disaster:
    return prepared.found(Disaster, call.data["disaster"], follow=("unit",))


STEPS: Mapping[str, Step] = {
    "disaster_roll.open_roll": open_roll,
    "disaster_roll.count_hour": count_hour,
    "disaster_roll.tell_not_ended": tell_not_ended,
    "disaster_roll.record_end": record_end,
}
