"""A family's whole way, on the real diagrams: survey, file, pairing, visits, review, another year."""

import pytest

from backend.cases.models import Review
from tests.steps.office import Office

pytestmark = pytest.mark.django_db


def test_from_survey_to_another_year() -> None:
    office = Office()
    case = office.open()
    assert office.waiting(case) == ["survey_family"]
    office.file(case)
    case.refresh_from_db()
    family = case.family
    assert (family.status, family.risk_tier, family.categories) == (
        "registered",
        "C",
        ["empty_nest", "left_behind_elder"],
    )
    assert Review.objects.get(subject="filing").reviewer == office.supervisor
    helper = office.helper()
    office.pass_time(days=1)
    case.refresh_from_db()
    assert case.phase == "pairing"
