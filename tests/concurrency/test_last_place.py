"""The last free place of a helper, wanted by several at the same moment."""

from collections import Counter

import pytest
from django.db import transaction
from django.utils import timezone

from backend.cases.models import Case
from backend.helpers.models import Helper, Pairing
from backend.helpers.offers import make_offer
from backend.helpers.pairings import NoPlace, start_pairing
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.concurrency.racing import race
from tests.steps.office import Office
from tests.thoroughness import THOROUGH
from tests.workflows.stage import NOW

AGAIN = 200 if THOROUGH else 20
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


def test_two_acceptances_of_the_last_place_again_and_again() -> None:
    factories.town()
    helper, cases = factories.helper(max_families=1), [factories.case(), factories.case()]
    outcomes = Counter[str]()
    for _again in range(AGAIN):
        outcomes += race([lambda case=case: pair(case, helper) for case in cases])  # type: ignore[misc]
        held = Pairing.objects.get(to_date__isnull=True)
        held.to_date = held.from_date
        held.save()
    assert outcomes == {"done": AGAIN, "no_free_place": AGAIN}
    assert NoPlace.status == 409


def test_two_supervisors_confirm_for_the_last_place() -> None:
    with transaction.atomic():
        office = Office(timezone.now())
        helper = office.helper(max_families=2)
        names = ("孙桂兰", "周桂香")
        cases = [office.open(factories.family(label=name, status="draft", willingness="unknown")) for name in names]
        for case in cases:
            office.file(case)
            office.promise(case, helper)
        helper.max_families = 1
        helper.save()
    items = [office.item(case, "confirm_pairing").pk for case in cases]
    answers = {"answers": {"confirm_result": "confirm"}}
    callers = [Caller(office.supervisor), Caller(factories.user("second", role="supervisor"))]
    statuses = Counter[int]()

    def confirm(place: int) -> bool:
        response = callers[place].post(f"work-items/{items[place]}/complete/", answers)
        statuses[response.status_code] += 1
        if response.status_code == 409:
            assert_problem(response, 409, "no_free_place")
        return True

    race([lambda: confirm(0), lambda: confirm(1)])
    assert statuses == {200: 1, 409: 1}
    assert Pairing.objects.filter(helper=helper).count() == 1
    assert [office.waiting(case) for case in cases].count(["confirm_pairing"]) == 1


def test_two_for_the_one_seat_of_a_family() -> None:
    factories.town()
    case, kind = factories.case(), factories.kind("mother", per_family=1)
    helpers = [factories.helper(kind_=kind) for _ in range(2)]
    outcome = race([lambda helper=helper: pair(case, helper) for helper in helpers])  # type: ignore[misc]
    assert outcome == {"done": 1, "no_free_seat": 1}


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
