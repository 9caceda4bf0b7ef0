"""Step of a late record that no run of care visits waits for (E20): the supervisor's word."""

from __future__ import annotations

from collections.abc import Mapping

from backend.visits import visits
from backend.visits.models import Visit
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def decide(call: Call) -> None:
    """The record counts, or the visit was missed."""
    context, answers = of(call), call.answers
    visits.decide_late_record(
        visit=Visit.with_visitor(call.data["visit"]),
        allow=answers["late_decision"] == "allow",
        reason=str(answers["reason"]),
        actor=context.actor,
        now=context.now,
    )


STEPS: Mapping[str, Step] = {"late_record.decide": decide}
