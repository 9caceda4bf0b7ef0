"""Reviews: a named person's decision with its reasons, and what lay before that person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case, Review
from backend.cases.surveys import answers_of
from backend.core import prepared
from backend.core.errors import Conflict
from backend.org.access import Actor


class CaseHeld(Conflict):
    """An objection about the case is being looked into: nothing is decided in it meanwhile (E13)."""

    code = "case_held"
    message = _("An objection about this case is being looked into. It can be decided once that is answered.")


class AlreadyDecided(Conflict):
    """The review has been decided."""

    code = "already_decided"
    message = _("This has been decided already.")


def open_review(*, case: Case, subject: str, facts: Mapping[str, Any], actor: Actor, now: datetime) -> Review:
    """Begin a review with the facts that speak for one or the other decision."""
    review = Review.objects.create(case=case, subject=subject, facts=dict(facts), created_at=now)
    _tell("review.opened", review, actor, now, {"facts": dict(facts)})
    return review


def note(*, review: Review, key: str, answers: Mapping[str, Any]) -> None:
    """Add what somebody said while the review is prepared (a wish, a proposal); encrypted, no event of its own.

    Raises AlreadyDecided.
    """
    if review.decided_at is not None:
        raise AlreadyDecided
    kept = {**notes(review), key: dict(answers)}
    review.answers = json.dumps(kept, ensure_ascii=False, default=str)
    review.save(update_fields=["answers"])


def notes(review: Review) -> dict[str, Any]:
    """What was said while the review was prepared, by key."""
    return answers_of(review.answers)


def decide(
    *, review: Review, decision: str, actor: Actor, now: datetime, reason: str = "", reason_code: str = ""
) -> Review:
    """Sign a review. Raises AlreadyDecided, CaseHeld."""
    held = prepared.found(Review, review.pk, follow=("case",), lock=True)
    if held.decided_at is not None:
        raise AlreadyDecided
    _check_free(held.case)
    held.decision, held.reason, held.reason_code = decision, reason, reason_code
    held.reviewer_id, held.reviewer_label, held.decided_at = actor.user_id, actor.label, now
    held.save()
    _tell("review.decided", held, actor, now, {"decision": decision, "reason_code": reason_code}, reason)
    return held


def record_review(
    *,
    case: Case,
    subject: str,
    decision: str,
    actor: Actor,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
    reason: str = "",
    reason_code: str = "",
) -> Review:
    """A decision that needed no preparation, signed at once. Raises CaseHeld."""
    _check_free(case)
    review = Review.objects.create(
        case=case,
        subject=subject,
        decision=decision,
        reason=reason,
        reason_code=reason_code,
        reviewer_id=actor.user_id,
        reviewer_label=actor.label,
        decided_at=now,
        facts=dict(facts or {}),
        created_at=now,
    )
    _tell("review.decided", review, actor, now, {"decision": decision, "reason_code": reason_code}, reason)
    return review


def _tell(action: str, review: Review, actor: Actor, now: datetime, data: Mapping[str, Any], reason: str = "") -> None:
    case = review.case
    record(
        action=action,
        object=review,
        label=review.subject,
        family_id=case.family_id,
        unit_path=case.unit_path,
        actor=actor,
        now=now,
        data={"subject": review.subject, **data},
        reason=reason,
    )


def _check_free(case: Case) -> None:
    if case.held_for:
        raise CaseHeld
