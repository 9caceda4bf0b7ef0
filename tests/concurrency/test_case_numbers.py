"""Case numbers have no doubles and no gaps, whatever happens at the same moment; one open case per programme."""

import pytest

from backend.cases.cases import open_case
from backend.cases.models import Case
from tests import factories
from tests.concurrency.racing import race
from tests.workflows.stage import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_six_families_at_once_get_six_numbers() -> None:
    programme, actor = factories.programme(), factories.actor()
    families = [factories.family() for _ in range(6)]
    attempts = [
        lambda family=family: open_case(family=family, programme=programme, actor=actor, now=NOW) for family in families
    ]
    assert race(attempts) == {"done": 6}
    numbers = sorted(Case.objects.values_list("number", flat=True))
    assert numbers == [f"120114122000-JMGJ-2026-{number:04d}" for number in range(1, 7)]


def test_the_same_family_twice_at_once_is_opened_once() -> None:
    programme, actor, family = factories.programme(), factories.actor(), factories.family()
    attempts = [lambda: open_case(family=family, programme=programme, actor=actor, now=NOW)] * 2
    assert race(attempts) == {"done": 1, "case_already_open": 1}
    assert Case.objects.get().number.endswith("0001")
