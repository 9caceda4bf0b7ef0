"""Who has died and who is back, over HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.cases.families import move_away
from backend.cases.models import Family, Person
from tests import factories
from tests.api.caller import Caller, assert_problem

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def person() -> Person:
    return factories.family().persons.get()


def test_e2_a_death_is_noted_once_by_who_knows_the_family(person: Person) -> None:
    """E2: one day is asked for; the file is closed when nobody is left."""
    village = Caller(factories.user("village", role="village"))
    path = f"persons/{person.pk}/died/"
    ahead = (TODAY + timedelta(days=1)).isoformat()
    assert_problem(village.post(path, {"died_on": ahead}), 422, "in_future", "/died_on")
    told = village.post(path, {"died_on": TODAY.isoformat()}).json()
    assert (told["status"], told["died_on"]) == ("dead", TODAY.isoformat())
    assert Family.objects.get().status == "closed"
    assert_problem(village.post(path, {"died_on": TODAY.isoformat()}), 409, "already_dead")


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_others_note_no_death(person: Person, role: str) -> None:
    caller = Caller(factories.user(role, role=role))
    assert_problem(caller.post(f"persons/{person.pk}/died/", {"died_on": TODAY.isoformat()}), 403, "not_allowed")


def test_e1_a_family_that_is_back_has_its_old_file(person: Person) -> None:
    """E1: taken up again, not made anew; said twice, nothing changes."""
    office, family = Caller(factories.user("office", role="caseworker")), person.family
    move_away(family=family, to="unknown", moved_on=TODAY, actor=factories.actor(), now=timezone.now())
    for _again in range(2):
        told = office.post(f"families/{family.pk}/came-back/", {}).json()
        assert (told["id"], told["status"], told["residence"]) == (str(family.pk), "registered", "home")
    assert Family.objects.count() == 1
