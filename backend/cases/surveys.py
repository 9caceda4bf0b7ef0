"""Surveys (F04) and consents (F03), kept as they were answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from backend.audit.history import record
from backend.cases.models import Case, Consent, Family, Survey
from backend.org.access import Actor

PURPOSES = ("care", "handover")
"""What a family is asked about one by one (F03): visits and help; its file going along when it moves to another county
(PIPL art. 23). Single things within care, such as photographs, are items of that consent."""


def record_survey(
    *,
    case: Case,
    answers: Mapping[str, Any],
    method: str,
    result: str,
    surveyed_on: date,
    actor: Actor,
    now: datetime,
    helper_reality: str = "",
) -> Survey:
    """Keep what a survey found, encrypted; history tells only that it was made, how, and with what result.

    `method`: home, phone, known_contact. `result`: surveyed, not_found, moved, refused. `helper_reality`: what became
    of the helper whom the file names (helping, interrupted, never, none).
    """
    survey = Survey.objects.create(
        family=case.family,
        case=case,
        method=method,
        result=result,
        surveyed_on=surveyed_on,
        enumerator_id=actor.user_id,
        helper_reality=helper_reality,
        answers=json.dumps(dict(answers), ensure_ascii=False, default=str),
        created_at=now,
    )
    if result == "surveyed":
        family = case.family
        family.surveyed_on, family.updated_at, family.version = surveyed_on, now, family.version + 1
        family.save(update_fields=["surveyed_on", "updated_at", "version"])
    record(
        action="family.surveyed",
        object=survey,
        label=case.family.label,
        unit_path=case.unit_path,
        actor=actor,
        now=now,
        data={"method": method, "result": result, "surveyed_on": surveyed_on.isoformat()},
    )
    return survey


def latest_answers(family: Family) -> dict[str, Any]:
    """The answers of the last survey that found the family; empty when there is none."""
    survey = Survey.objects.filter(family=family, result="surveyed").order_by("-surveyed_on", "-id").first()
    return answers_of(survey.answers) if survey else {}


def answers_of(text: str) -> dict[str, Any]:
    """Answers as they were stored."""
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def record_consent(
    *,
    family: Family,
    purpose: str,
    notice_version: str,
    items: Mapping[str, Any],
    given_by: str,
    given_at: datetime,
    actor: Actor,
    now: datetime,
    witness: str = "",
) -> Consent:
    """What the family agreed to, for which purpose, after which version of the notice (PIPL art. 14, 17, 29)."""
    consent = Consent.objects.create(
        family=family,
        purpose=purpose,
        notice_version=notice_version,
        items=dict(items),
        given_by=given_by,
        given_at=given_at,
        witness=witness,
        created_at=now,
    )
    record(
        action="consent.given",
        object=consent,
        label=family.label,
        unit_path=family.unit_path,
        actor=actor,
        now=now,
        data={"purpose": purpose, "notice_version": notice_version, "items": dict(items), "given_by": given_by},
    )
    return consent


def record_refusal(
    *, family: Family, purpose: str, notice_version: str, given_by: str, actor: Actor, now: datetime
) -> None:
    """The family was asked about this purpose and said no: what it had agreed to for it ends, and just that (F03)."""
    withdraw_consent(family=family, purpose=purpose, actor=actor, now=now)
    refusal = Consent.objects.create(
        family=family,
        purpose=purpose,
        notice_version=notice_version,
        given_by=given_by,
        given_at=now,
        withdrawn_at=now,
        created_at=now,
    )
    record(
        action="consent.refused",
        object=refusal,
        label=family.label,
        unit_path=family.unit_path,
        actor=actor,
        now=now,
        data={"purpose": purpose, "notice_version": notice_version, "given_by": given_by},
    )


def is_consent_due(family: Family, *, since: datetime) -> bool:
    """Whether the family is to be asked anew: for some purpose it was asked never, or before that moment (F03). A no
    counts as an answer."""
    asked = Consent.objects.filter(family=family, given_at__gte=since, purpose__in=PURPOSES)
    return set(asked.values_list("purpose", flat=True)) != set(PURPOSES)


def withdraw_consent(*, family: Family, purpose: str, actor: Actor, now: datetime, reason: str = "") -> int:
    """End every consent of the family for a purpose (PIPL art. 15); returns how many were in force."""
    held = list(Consent.objects.select_for_update().filter(family=family, purpose=purpose, withdrawn_at__isnull=True))
    for consent in held:
        consent.withdrawn_at = now
        consent.save(update_fields=["withdrawn_at"])
        record(
            action="consent.withdrawn",
            object=consent,
            label=family.label,
            unit_path=family.unit_path,
            actor=actor,
            now=now,
            data={"purpose": purpose},
            reason=reason,
        )
    return len(held)


def withdraw_item(*, family: Family, purpose: str, item: str, actor: Actor, now: datetime, reason: str = "") -> int:
    """Take one thing (photo, share_helper …) out of what the family agreed to; the rest stays. How many consents had
    it. A renewal renews only what is left."""
    held = Consent.objects.select_for_update().filter(family=family, purpose=purpose, withdrawn_at__isnull=True)
    having = [consent for consent in held if consent.items.get(item)]
    for consent in having:
        consent.items = {**consent.items, item: False}
        consent.save(update_fields=["items"])
        record(
            action="consent.item_withdrawn",
            object=consent,
            label=family.label,
            unit_path=family.unit_path,
            actor=actor,
            now=now,
            data={"purpose": purpose, "item": item},
            reason=reason,
        )
    return len(having)


def families_with_photo_consent(families: Iterable[Any]) -> set[Any]:
    """Those of the families whose newest consent in force covers photographs; a renewal covers what it renews."""
    allowed: dict[Any, bool] = {}
    rows = Consent.objects.filter(family__in=set(families), purpose="care", withdrawn_at__isnull=True)
    for family, items in rows.order_by("given_at", "id").values_list("family_id", "items"):
        allowed[family] = bool(items.get("photo") or (items.get("renewed") and allowed.get(family)))
    return {family for family, yes in allowed.items() if yes}
