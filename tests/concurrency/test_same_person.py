"""One person is entered once, even when two enter them at the same moment, each into another household."""

from functools import partial

import pytest

from backend.cases.families import add_person
from backend.cases.models import Family, Person
from tests import factories
from tests.concurrency.racing import race
from tests.workflows.stage import NOW

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = "120114195001153521"


def test_two_at_once() -> None:
    actor = factories.actor()

    def enter(family: Family) -> Person:
        changes = {"relation": "12", "name": "王秀英", "certificate": NUMBER}
        return add_person(family=family, changes=changes, actor=actor, now=NOW)

    attempts = [partial(enter, factories.family()) for _ in range(4)]
    assert race(attempts) == {"done": 1, "duplicate_person": 3}
    assert Person.objects.filter(name="王秀英").count() == 1
