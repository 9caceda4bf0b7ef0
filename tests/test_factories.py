"""The factories make what they say."""

import pytest

from backend.cases.models import Case, Family
from backend.helpers.models import Helper
from backend.visits.models import Visit
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_village_brings_everything_above_it() -> None:
    made = factories.village()
    assert (made.kind, made.path) == ("village", "12.01.14.122.201.")
    assert made.parent == factories.town()
    assert factories.town().kind == "town"
    assert factories.village() == made


def test_the_cast_sees_what_it_should() -> None:
    visit = factories.visit()
    caseworker = factories.user(role="caseworker")
    stranger = factories.user(role="caseworker", unit=factories.region(factories.OTHER_TOWN))
    for user, seen in ((caseworker, 1), (stranger, 0)):
        assert Family.objects.visible_to(user).count() == seen
        assert Case.objects.visible_to(user).count() == seen
        assert Helper.objects.visible_to(user).count() == seen
        assert Visit.objects.visible_to(user).count() == seen
    assert visit.pairing is not None
    assert visit.pairing.helper == visit.helper
