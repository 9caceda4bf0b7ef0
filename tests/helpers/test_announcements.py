"""Free places announced to the cases that wait for somebody."""

from datetime import date, datetime, timedelta

import pytest

from backend.cases.models import Case
from backend.helpers.announcements import announce
from backend.helpers.register import register_helper
from tests import factories
from tests.queueing import messages

pytestmark = pytest.mark.django_db


def told() -> list[Case]:
    """The cases that heard of a free place, in order, as often as they heard."""
    return [Case.objects.get(pk=args["case_id"]) for args in messages("helper_available")]


def test_free_places_are_announced_to_whoever_waits_longest(now: datetime) -> None:
    programme = factories.programme()
    waiting = [
        factories.case(phase="waiting", programme=programme, opened_at=now - timedelta(days=days))
        for days in (9, 30, 2)
    ]
    factories.case(factories.family(unit=factories.region("120114101201")), phase="waiting", programme=programme)
    factories.case(phase="care", programme=programme)
    helper = factories.helper(max_families=2)
    assert announce(helper=helper, actor=factories.actor(), now=now) == 2
    assert told() == [waiting[1], waiting[0]]


@pytest.mark.parametrize(
    "fields", [{"status": "away"}, {"to_date": factories.TODAY}, {"max_families": 0}, {"kind_": "mother"}]
)
def test_nothing_is_announced_of_whoever_cannot_come(now: datetime, fields: dict[str, object]) -> None:
    factories.case(phase="waiting")
    helper = factories.helper(**fields)  # type: ignore[arg-type]
    assert announce(helper=helper, actor=factories.actor(), now=now) == 0


def test_helpers_entered_one_after_another_wake_a_case_each(now: datetime) -> None:
    waiting = [factories.case(phase="waiting", opened_at=now - timedelta(days=days)) for days in (30, 20, 10)]
    for name in ("甲", "乙"):
        register_helper(kind=factories.kind(), name=name, unit=factories.town(), actor=factories.actor(), now=now)
    assert told() == waiting[:2]
    assert [Case.objects.get(pk=case.pk).phase for case in waiting] == ["pairing", "pairing", "waiting"]


def test_whoever_must_not_be_asked_for_a_family_is_announced_to_the_next(now: datetime) -> None:
    child = {"name": "小明", "relation": "20", "birth_date": date(2018, 5, 1)}
    with_child = factories.family(members=[child])
    factories.case(with_child, phase="waiting", opened_at=now - timedelta(days=30))
    fitting = factories.case(phase="waiting", opened_at=now - timedelta(days=2))
    factories.kind("volunteer", minors=False)
    announce(helper=factories.helper(max_families=2), actor=factories.actor(), now=now)
    assert told() == [fitting]
