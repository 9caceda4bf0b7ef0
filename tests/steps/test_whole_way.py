"""A family's whole way, on the real diagrams: survey, file, pairing, visits, review, another year."""

import pytest

from backend.audit.models import Event
from backend.cases.models import Case, Review
from backend.helpers.models import Pairing
from backend.visits.models import Visit
from tests.steps.office import Office
from workflows.models import Instance

pytestmark = pytest.mark.django_db


def test_from_survey_to_another_year() -> None:
    office = Office()
    helper = office.helper()
    case = office.open()
    assert office.waiting(case) == ["survey_family"]

    office.file(case)
    case = Case.objects.get(pk=case.pk)
    assert case.family.status == "registered"
    assert (case.family.risk_tier, case.family.categories) == ("C", ["empty_nest", "left_behind_elder"])
    assert Review.objects.get(subject="filing").reviewer == office.supervisor
    assert case.phase == "pairing"

    office.pair(case, helper)
    pairing = Pairing.objects.get()
    assert (pairing.helper, pairing.from_date, pairing.to_date) == (helper, office.today, None)
    assert pairing.agreement["cadence"] == "monthly"

    visits = 0
    while office.waiting(case) != ["ask_family_wish"]:
        office.pass_time(days=3)
        if "record_visit" in office.waiting(case):
            office.do(case, "record_visit", office.volunteer, office.visited())
            visits += 1
        if "call_back" in office.waiting(case):
            office.do(case, "call_back", office.caseworker, {"call_result": "confirmed"})
        assert visits < 60
    assert 11 <= visits <= 20
    assert Visit.objects.filter(state="done").count() == visits

    office.do(
        case,
        "ask_family_wish",
        office.village,
        {"wish": "continue", "given_by": "self", "given_on": office.today.isoformat(), "method": "home"},
    )
    office.do(case, "prepare_review", office.caseworker, {"proposal": "renew", "summary": "相处很好", "tier": "B"})
    office.do(case, "decide_review", office.supervisor, {"decision": "approve"})
    case = Case.objects.get(pk=case.pk)
    pairing.refresh_from_db()
    assert (case.phase, case.family.risk_tier) == ("care", "B")
    assert pairing.to_date is None
    assert pairing.review_on is not None
    assert pairing.review_on > office.today
    review = Review.objects.get(subject="year")
    assert (review.decision, review.facts["done"], review.facts["days_without_helper"]) == ("approve", visits, 0)
    running = Instance.objects.filter(case=case, state="running").values_list("process__key", flat=True)
    assert sorted(running) == ["care_visit", "family_case"]
    told = set(Event.objects.filter(family_id=case.family_id).values_list("action", flat=True))
    assert told >= {
        "case.opened",
        "family.surveyed",
        "consent.given",
        "offer.made",
        "pairing.started",
        "visit.recorded",
    }
