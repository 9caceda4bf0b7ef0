"""Steps of a reconciliation's difference: what the caseworker makes of it, the supervisor's word, the spell's end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.helpers import differences
from backend.helpers.models import Difference
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def record_settlement(call: Call) -> dict[str, Any]:
    """Which of file and report is right; `open_still`: a second person of the same difference has to be settled."""
    context, answers = of(call), call.answers
    settled = differences.settle(
        difference=_difference(call),
        settlement=str(answers["settlement"]),
        note=str(answers["note"]),
        reason=str(answers.get("end_reason") or ""),
        ended_on=date.fromisoformat(answers["ended_on"]) if answers.get("ended_on") else None,
        name=str(answers.get("helper_name") or ""),
        kind=str(answers.get("helper_kind") or ""),
        actor=context.actor,
        now=context.now,
    )
    return {"open_still": settled.state == Difference.State.OPEN}


def record_confirmation(call: Call) -> None:
    """The supervisor agrees that the spell ends, or asks to look again."""
    context, difference = of(call), _difference(call)
    if call.answers["confirmation"] == "return":
        reason = str(call.answers.get("reason") or "")
        differences.return_settlement(difference=difference, reason=reason, actor=context.actor, now=context.now)
    else:
        differences.confirm_settlement(difference=difference, actor=context.actor, now=context.now)


def end_spell(call: Call) -> None:
    """The spell ends; the case hears it and looks for somebody else."""
    context = of(call)
    differences.end_spell(difference=_difference(call), actor=context.actor, now=context.now)


def _difference(call: Call) -> Difference:
    return Difference.objects.get(pk=call.data["difference"])


STEPS: Mapping[str, Step] = {
    "reconciliation.record_settlement": record_settlement,
    "reconciliation.record_confirmation": record_confirmation,
    "reconciliation.end_spell": end_spell,
}
