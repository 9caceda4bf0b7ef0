"""The yearly review on the real diagram: its facts, and each of its decisions."""

from datetime import timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.models import Case, Consent, Review
from backend.core.errors import DomainError
from backend.helpers.models import Pairing
from backend.visits.models import Visit
from tests.kept import kept
from tests.steps.office import Care
from workflows.models import Instance

pytestmark = pytest.mark.django_db


@kept
def office() -> Care:
    return Care()


def reviewing(office: Care) -> Case:
    """A case whose year is over: no visits were wanted, so that it passes quickly."""
    case, pairing = office.case, office.pairing
    Pairing.objects.filter(pk=pairing.pk).update(review_on=office.today + timedelta(days=20))
    office.send(case, "nothing_waits_for_this")
    visit = Visit.objects.get(state="planned")
    office.go_to(visit.opens_at or office.now)
    office.do(case, "record_visit", office.volunteer, office.visited())
    assert office.waiting(case) == ["ask_family_wish"]
    return case


def wish(office: Care, case: Case, what: str = "continue", **more: Any) -> None:
    answers = {"wish": what, "given_by": "self", "given_on": office.today.isoformat(), "method": "home", **more}
    office.do(case, "ask_family_wish", office.village, answers)


def propose(office: Care, case: Case, what: str = "renew", **more: Any) -> None:
    office.do(case, "prepare_review", office.caseworker, {"proposal": what, "summary": "见附表", **more})


def decide(office: Care, case: Case, what: str, **more: Any) -> None:
    office.do(case, "decide_review", office.supervisor, {"decision": what, **more})


def test_who_decides_sees_the_year(office: Care) -> None:
    case = reviewing(office)
    wish(office, case, notice_version="2027-01")
    propose(office, case)
    facts = office.form(case, "decide_review", office.supervisor).facts
    assert (facts["done"], facts["missed"], facts["days_without_helper"]) == (1, 0, 0)
    assert (facts["wish"]["wish"], facts["proposal"]["summary"]) == ("continue", "见附表")
    assert Consent.objects.filter(notice_version="2027-01").exists()  # asked anew each year


def test_approved_the_pairing_goes_on_for_a_year(office: Care) -> None:
    case = reviewing(office)
    before = Pairing.objects.get().review_on
    wish(office, case)
    propose(office, case)
    decide(office, case, "return", return_reason="facts_missing")
    assert Review.objects.get(subject="year").decided_at is None
    assert Event.objects.get(action="review.returned").data == {"reason_code": "facts_missing"}
    propose(office, case, tier="B")
    decide(office, case, "approve")
    pairing = Pairing.objects.get()
    assert (pairing.to_date, Case.objects.get().phase) == (None, "care")
    assert before is not None
    assert pairing.review_on is not None
    assert (pairing.review_on - before).days >= 365
    assert Case.objects.get().family.risk_tier == "B"


@pytest.mark.parametrize(
    ("decision", "end_reason", "phases"),
    [("repair", "replaced", {"pairing", "waiting"}), ("end", "need_met", {"review"})],
)
def test_another_helper_or_none(office: Care, decision: str, end_reason: str, phases: set[str]) -> None:
    case = reviewing(office)
    wish(office, case, "other_helper")
    propose(office, case, "repair" if decision == "repair" else "end")
    decide(office, case, decision, reason="老人希望换人")
    pairing = Pairing.objects.get()
    assert (pairing.to_date, pairing.end_reason) == (office.today, end_reason)
    case = Case.objects.get()
    assert case.phase in phases
    assert (case.state == "closed") == (decision == "end")


def test_the_family_stops(office: Care) -> None:
    case = reviewing(office)
    wish(office, case, "stop")
    case = Case.objects.select_related("family").get()
    assert (case.state, case.family.willingness) == ("paused", "refused")
    assert Pairing.objects.get().end_reason == "family_refused"


def test_ten_days_without_a_decision_are_told(office: Care) -> None:
    case = reviewing(office)
    wish(office, case)
    propose(office, case)
    office.pass_time(days=10)
    assert Event.objects.filter(action="review.reminded").count() == 1
    assert office.waiting(case) == ["decide_review"]


def test_the_helper_leaves_during_the_review(office: Care) -> None:
    case = reviewing(office)
    helper = Pairing.objects.get().helper
    office.send(case, "helper_ended", helper=str(helper.pk), reason="transferred")
    assert Pairing.objects.get().end_reason == "transferred"
    assert Instance.objects.get(process__key="yearly_review").outcome == "helper_ended"
    assert Review.objects.get(subject="year").decided_at is None


def test_whoever_proposed_does_not_decide(office: Care) -> None:
    case = reviewing(office)
    wish(office, case)
    propose(office, case)
    with pytest.raises(DomainError) as refused:
        office.do(case, "decide_review", office.caseworker, {"decision": "approve"})
    assert refused.value.code in {"four_eyes", "not_yours"}
