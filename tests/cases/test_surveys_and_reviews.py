"""Surveys and consents are kept as answered, reviews as signed; what is sensitive stays sealed."""

from datetime import date, datetime

import pytest
from django.db import connection

from backend.audit.models import Event
from backend.cases.models import Consent, Review, Survey
from backend.cases.reviews import AlreadyDecided, decide, note, notes, open_review, record_review
from backend.cases.surveys import latest_answers, record_consent, record_survey, withdraw_consent
from tests import factories

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 1)


def test_a_survey_is_stored_sealed_and_told_without_content(now: datetime) -> None:
    case, user = factories.case(), factories.user(role="village")
    survey = record_survey(
        case=case,
        answers={"disease": "severe", "needs": ["health"]},
        method="home",
        result="surveyed",
        surveyed_on=DAY,
        helper_reality="interrupted",
        actor=factories.actor(user, role="village"),
        now=now,
    )
    case.family.refresh_from_db()
    assert (case.family.surveyed_on, survey.enumerator, survey.helper_reality) == (DAY, user, "interrupted")
    assert latest_answers(case.family) == {"disease": "severe", "needs": ["health"]}
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM cases_survey")
        assert b"severe" not in bytes(cursor.fetchone()[0])
    event = Event.objects.get(action="family.surveyed")
    assert (event.case_id, event.family_id) == (case.pk, case.family_id)
    assert "severe" not in event.body


def test_an_attempt_that_met_nobody_is_no_survey(now: datetime) -> None:
    case = factories.case()
    told = {"answers": {}, "method": "home", "surveyed_on": DAY, "actor": factories.actor(), "now": now}
    record_survey(case=case, result="not_found", **told)  # type: ignore[arg-type]
    assert case.family.surveyed_on is None
    assert latest_answers(case.family) == {}
    assert Survey.objects.get().result == "not_found"


def test_consent_until_withdrawn(now: datetime) -> None:
    family, actor = factories.family(), factories.actor()
    record_consent(
        family=family,
        purpose="care",
        notice_version="2026-01",
        items={"basics": True},
        given_by="proxy",
        given_at=now,
        witness="李专干",
        actor=actor,
        now=now,
    )
    assert withdraw_consent(family=family, purpose="photo", actor=actor, now=now) == 0
    assert withdraw_consent(family=family, purpose="care", actor=actor, now=now, reason="不愿意了") == 1
    assert Consent.objects.get().withdrawn_at == now
    assert [event.action for event in Event.objects.order_by("seq")] == ["consent.given", "consent.withdrawn"]


def test_a_review_is_prepared_then_signed_once(now: datetime) -> None:
    case, supervisor = factories.case(), factories.user(role="supervisor")
    actor = factories.actor(supervisor, role="supervisor")
    review = open_review(case=case, subject="year", facts={"done": 12}, actor=factories.actor(), now=now)
    note(review=review, key="wish", answers={"wish": "continue"})
    note(review=review, key="proposal", answers={"proposal": "renew"})
    assert notes(review) == {"wish": {"wish": "continue"}, "proposal": {"proposal": "renew"}}
    signed = decide(review=review, decision="approve", reason="同意", actor=actor, now=now)
    assert (signed.reviewer, signed.reviewer_label, signed.decided_at) == (supervisor, supervisor.name, now)
    with pytest.raises(AlreadyDecided):
        decide(review=review, decision="end", actor=actor, now=now)
    with pytest.raises(AlreadyDecided):
        note(review=signed, key="wish", answers={})
    assert Review.objects.get().decision == "approve"
    event = Event.objects.get(action="review.decided")
    assert (event.reason, event.case_id, event.family_id) == ("同意", case.pk, case.family_id)


def test_signed_at_once(now: datetime) -> None:
    review = record_review(
        case=factories.case(),
        subject="pairing",
        decision="return",
        reason_code="signature_missing",
        facts={"gate": "go"},
        actor=factories.actor(),
        now=now,
    )
    assert (review.decision, review.reason_code, review.facts) == ("return", "signature_missing", {"gate": "go"})
