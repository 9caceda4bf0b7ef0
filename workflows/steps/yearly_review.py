"""Steps of the yearly review: facts, the family's wish, a proposal, the decision and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django.utils import timezone

from backend.audit.history import record
from backend.cases import families, reviews, surveys
from backend.cases.models import Case, Family, Review
from backend.core import prepared
from backend.helpers import pairings
from backend.visits import facts
from workflows.engine.runner import Call
from workflows.steps.context import Context, Step, case_of, code, let_hear, of

REASONS: Mapping[str, str] = {
    "wind_up_refused": "family_refused",
    "wind_up_moved": "family_moved",
    "wind_up_died": "family_died",
    "wind_up_closed": "case_closed",
}
"""Node → why the spell ends (code list helper_end_reason)."""


def gather_facts(call: Call) -> dict[str, Any]:
    """What the year was like, counted; laid before everybody who decides."""
    case, context = case_of(call), of(call)
    pairing = pairings.current_pairing(case, context.today)
    begun = pairing.from_date if pairing else timezone.localdate(case.opened_at)
    since = max(begun, pairings.months_later(context.today, -pairings.REVIEW_MONTHS))
    found = facts.year_facts(case, since=timezone.make_aware(datetime.combine(since, time(0))), now=context.now)
    found["since"] = since.isoformat()
    found["helper"] = pairing.helper.name if pairing else None
    review = reviews.open_review(case=case, subject="year", facts=found, actor=context.actor, now=context.now)
    return {"review": str(review.pk)}


def record_family_wish(call: Call) -> None:
    """What the family wants; consent is asked anew each year."""
    case, context, answers = case_of(call), of(call), call.answers
    reviews.note(review=_review(call), key="wish", answers=answers)
    if answers["wish"] != "stop" and answers.get("notice_version"):
        surveys.record_consent(
            family=case.family,
            purpose="care",
            notice_version=str(answers["notice_version"]),
            items={"renewed": True},
            given_by=str(answers["given_by"]),
            given_at=timezone.make_aware(datetime.fromisoformat(f"{answers['given_on']}T12:00:00")),
            actor=context.actor,
            now=context.now,
        )


def record_proposal(call: Call) -> None:
    """What the caseworker proposes, with a summary and perhaps another tier."""
    reviews.note(review=_review(call), key="proposal", answers=call.answers)


def record_decision(call: Call) -> None:
    """The supervisor's decision; a return leaves the review open."""
    context, answers = of(call), call.answers
    review = _review(call)
    if answers["decision"] == "return":
        reviews.note(review=review, key="returned", answers=answers)
        _tell(call, "review.returned", {"reason_code": answers.get("return_reason") or ""})
        return
    reviews.decide(
        review=review,
        decision=str(answers["decision"]),
        reason=str(answers.get("reason") or ""),
        actor=context.actor,
        now=context.now,
    )


def remind_decision(call: Call) -> None:
    """Ten days without a decision: the supervisor is reminded."""
    _tell(call, "review.reminded")
    let_hear(call, "review.reminded")


def renew(call: Call) -> None:
    """Another year with the same helper, in the tier that was decided."""
    case, context = case_of(call), of(call)
    pairing = pairings.current_pairing(case, context.today)
    if pairing is not None:
        pairings.renew_pairing(pairing=pairing, actor=context.actor, now=context.now)
    tier = reviews.notes(_review(call)).get("proposal", {}).get("tier")
    if tier:
        families.classify(
            family=case.family,
            categories=case.family.categories,
            tier=str(tier),
            actor=context.actor,
            now=context.now,
            reason="yearly review",
        )


def release_helper(call: Call) -> None:
    """Somebody else is to come: the helper is thanked and free."""
    _end_spells(case_of(call), "replaced", of(call))


def end_care(call: Call) -> None:
    """The family needs no helper any more."""
    _end_spells(case_of(call), "need_met", of(call))


def record_stop(call: Call) -> None:
    """The family does not want it any more (E5)."""
    case, context = case_of(call), of(call)
    _end_spells(case, "family_refused", context)
    _refused(case, context)


def wind_up(call: Call) -> None:
    """Something ended the review: it stays undecided, spells end with their reason."""
    case, context = case_of(call), of(call)
    if call.node_id == "wind_up_refused":
        _refused(case, context)
    _end_spells(case, REASONS.get(call.node_id) or code(call, "reason", default="left"), context)


def _end_spells(case: Case, reason: str, context: Context) -> None:
    pairings.end_pairings_of(case=case, reason=reason, actor=context.actor, now=context.now)


def _refused(case: Case, context: Context) -> None:
    families.set_willingness(
        family=case.family, willingness=Family.Willingness.REFUSED, actor=context.actor, now=context.now
    )


def _review(call: Call) -> Review:
    return prepared.found(Review, call.data["review"], follow=("case",))


def _tell(call: Call, action: str, data: Mapping[str, Any] | None = None) -> None:
    case, context = case_of(call), of(call)
    record(
        action=action,
        object=_review(call),
        unit_path=case.unit_path,
        family_id=case.family_id,
        actor=context.actor,
        now=context.now,
        data=data,
    )


STEPS: Mapping[str, Step] = {
    "yearly_review.gather_facts": gather_facts,
    "yearly_review.record_family_wish": record_family_wish,
    "yearly_review.record_proposal": record_proposal,
    "yearly_review.record_decision": record_decision,
    "yearly_review.remind_decision": remind_decision,
    "yearly_review.renew": renew,
    "yearly_review.release_helper": release_helper,
    "yearly_review.end_care": end_care,
    "yearly_review.record_stop": record_stop,
    "yearly_review.wind_up": wind_up,
}
