"""Steps of a safety watch (E27): the hearing, the decision, the looks, the monthly review by the same person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.core import prepared
from backend.core.jobs import enqueue
from backend.emergencies import safety_watches
from backend.emergencies.incidents import Report, create_incident
from backend.emergencies.models import SafetyWatch
from workflows.engine.runner import Call
from workflows.steps.context import Step, of

DANGER = "danger"
CHANNEL, KIND = "visit", "other"
"""Codes of the lists emergency_channel and emergency_kind."""
OUTCOMES: Mapping[str, str] = {
    "wind_up_moved": "family_moved",
    "wind_up_died": "family_died",
    "wind_up_closed": "case_closed",
}
"""Node → what ended it."""


def record_hearing(call: Call) -> None:
    """What relatives and witnesses say."""
    context = of(call)
    safety_watches.hear(watch=_watch(call), heard=call.answers, actor=context.actor, now=context.now)


def record_decision(call: Call) -> Mapping[str, Any]:
    """Looked after by emergency right, or the refusal counts; whoever decides is named for the reviews."""
    context, watch = of(call), _watch(call)
    is_watched = call.answers["watch_decision"] == "watch"
    safety_watches.decide(watch=watch, is_watched=is_watched, actor=context.actor, now=context.now)
    return {
        "named_person": str(context.actor.user_id or ""),
        "check_at": context.now.isoformat(),
        "review_at": safety_watches.next_review(watch, context.now).isoformat(),
    }


def record_check(call: Call) -> Mapping[str, Any]:
    """Safe, not met, or in danger: then an emergency begins."""
    context, watch, answers = of(call), _watch(call), call.answers
    found, note = str(answers["safety"]), str(answers.get("note") or "")
    safety_watches.check(watch=watch, found=found, note=note, actor=context.actor, now=context.now)
    if found == DANGER:
        family = watch.case.family
        report = Report(
            kind=KIND, place=family.unit, found_at=context.now, channel=CHANNEL, what=note, family=family,
            case=watch.case, incapable=True, alone=True, finder=context.actor.label, found_by=context.actor.user_id,
        )  # fmt: skip
        incident = create_incident(report=report, now=context.now)
        enqueue("processes.begin", lock=f"emergency:{incident.pk}", noun="emergency", id=str(incident.pk))
    return {"check_at": safety_watches.next_check(watch, context.now).isoformat()}


def record_review(call: Call) -> Mapping[str, Any]:
    """The named person's monthly word."""
    context, watch, result = of(call), _watch(call), str(call.answers["watch_review"])
    goes_on = result == "go_on"
    safety_watches.review(watch=watch, goes_on=goes_on, outcome=result, actor=context.actor, now=context.now)
    return {"review_at": safety_watches.next_review(watch, context.now).isoformat()}


def wind_up(call: Call) -> None:
    """The case or the family is gone."""
    context = of(call)
    safety_watches.end(watch=_watch(call), outcome=OUTCOMES[call.node_id], actor=context.actor, now=context.now)


def _watch(call: Call) -> SafetyWatch:
    return prepared.found(SafetyWatch, call.data["watch"], follow=("case__family__unit",))


STEPS: Mapping[str, Step] = {
    "safety_watch.record_hearing": record_hearing,
    "safety_watch.record_decision": record_decision,
    "safety_watch.record_check": record_check,
    "safety_watch.record_review": record_review,
    "safety_watch.wind_up": wind_up,
}
