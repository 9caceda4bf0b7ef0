"""Steps of a village's yearly review (P07): listed, checked, what was not checked decided by a person, closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.core import prepared
from backend.org.working_days import end_of_day
from backend.reminders.outbox import intend, role_at
from backend.subsidies import reviews
from backend.subsidies.models import AnnualReview
from backend.subsidies.reviews import Unchecked
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def list_entitled(call: Call) -> None:
    """Everybody who is entitled in the village."""
    reviews.list_entitled(review=_review(call), now=of(call).now)


def remind_village(call: Call) -> None:
    """The village worker hears that the last day comes near."""
    review, now = _review(call), of(call).now
    intend(
        "annual_review.reminded",
        to=role_at("village", review.unit_id),
        key=f"annual_review.reminded:{review.pk}",
        about=review,
        label=str(review),
        page=f"/annual-reviews/{review.pk}/",
        now=now,
    )


def finish_checks(call: Call) -> None:
    """Everybody was checked. Raises Unchecked."""
    if left := reviews.unchecked(_review(call)):
        raise Unchecked(params={"number": left})


def count_unchecked(call: Call) -> Mapping[str, Any]:
    """How many were not checked by the last day."""
    return {"unchecked": reviews.unchecked(_review(call))}


def decide_unchecked(call: Call) -> Mapping[str, Any]:
    """More time, or payments held: nobody's money stops by itself. Raises ReviewOver."""
    context, answers, review = of(call), call.answers, _review(call)
    reason = str(answers["reason"])
    if answers["measure"] == "hold":
        reviews.hold_unchecked(review=review, reason=reason, actor=context.actor, now=context.now)
        return {}
    until = date.fromisoformat(str(answers["extend_to"]))
    reviews.extend(review=review, until=until, reason=reason, actor=context.actor, now=context.now)
    return {"close_at": end_of_day(until).isoformat()}


def note_result(call: Call) -> None:
    """What the caseworker found."""
    _note(call, "annual_review.looked_through" if call.answers["looked"] == "agree" else "annual_review.returned")


def confirm_review(call: Call) -> None:
    """What the supervisor says."""
    _note(call, "annual_review.confirmed" if call.answers["confirmed"] == "confirm" else "annual_review.returned")


def close_review(call: Call) -> Mapping[str, Any]:
    """The figures are frozen; how many were not checked."""
    context = of(call)
    return {"unchecked": reviews.close_review(review=_review(call), actor=context.actor, now=context.now)}


def _note(call: Call, action: str) -> None:
    context, reason = of(call), str(call.answers.get("reason") or "")
    reviews.note_result(review=_review(call), action=action, reason=reason, actor=context.actor, now=context.now)


def _review(call: Call) -> AnnualReview:
    return prepared.found(AnnualReview, call.data["review"], follow=("unit",))


STEPS: Mapping[str, Step] = {
    "subsidy_annual_review.list_entitled": list_entitled,
    "subsidy_annual_review.remind_village": remind_village,
    "subsidy_annual_review.finish_checks": finish_checks,
    "subsidy_annual_review.count_unchecked": count_unchecked,
    "subsidy_annual_review.decide_unchecked": decide_unchecked,
    "subsidy_annual_review.note_result": note_result,
    "subsidy_annual_review.confirm_review": confirm_review,
    "subsidy_annual_review.close_review": close_review,
}
