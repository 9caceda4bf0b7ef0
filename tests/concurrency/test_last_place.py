"""The last free place of a helper, wanted by several at the same moment."""

import pytest

from backend.cases.models import Case
from backend.helpers.models import Helper, Pairing
from backend.helpers.offers import make_offer
from backend.helpers.pairings import start_pairing
from tests import factories
from tests.concurrency.racing import race
from tests.workflows.stage import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def pair(case: Case, helper: Helper) -> Pairing:
    return start_pairing(case=case, helper=helper, from_date=factories.TODAY, actor=factories.actor(), now=NOW)


@pytest.mark.parametrize("families", [2, 5])
def test_one_gets_it_the_others_hear_that_it_is_taken(families: int) -> None:
    factories.town()
    helper = factories.helper(max_families=2)
    factories.pairing(factories.case(), helper)
    cases = [factories.case() for _ in range(families)]
    outcome = race([lambda case=case: pair(case, helper) for case in cases])  # type: ignore[misc]
    assert outcome == {"done": 1, "no_free_place": families - 1}
    assert Pairing.objects.filter(helper=helper).count() == 2


def test_the_same_family_twice_is_one_spell() -> None:
    factories.town()
    case, helper = factories.case(), factories.helper(max_families=5)
    assert race([lambda: pair(case, helper)] * 2) == {"done": 1, "already_paired": 1}


def test_two_offers_of_the_last_place() -> None:
    factories.town()
    helper = factories.helper(max_families=1)
    cases = [factories.case(), factories.case()]
    attempts = [
        lambda case=case: make_offer(case=case, helper=helper, actor=factories.actor(), now=NOW) for case in cases
    ]
    assert race(attempts) == {"done": 1, "helper_not_fitting": 1}
