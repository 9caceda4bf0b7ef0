"""Families move away and come back (E1); people die (E2)."""

from datetime import date, datetime, timedelta

import pytest

from backend.audit.models import Event
from backend.audit.timeline import sentence
from backend.cases.families import AlreadyDead, InFuture, come_back, move_away, record_death
from backend.cases.models import Family, Person
from tests import factories
from tests.queueing import messages

pytestmark = pytest.mark.django_db
DIED = date(2026, 2, 28)
COUPLE = [
    {"name": "老周", "relation": "02", "is_head": True, "birth_date": date(1948, 1, 1)},
    {"name": "老伴", "relation": "12", "birth_date": date(1950, 1, 1)},
]


def test_away_and_back_is_one_file(now: datetime) -> None:
    """E1: a returning family is taken up again, not made anew."""
    family, actor = factories.family(), factories.actor()
    move_away(family=family, to="out_of_county", moved_on=date(2026, 3, 1), actor=actor, now=now)
    move_away(family=family, to="out_of_county", moved_on=date(2026, 3, 1), actor=actor, now=now)
    family.refresh_from_db()
    assert (family.status, family.residence) == ("moved", "away")
    come_back(family=family, actor=actor, now=now)
    family.refresh_from_db()
    assert (family.status, family.residence) == ("registered", "home")
    told = list(Event.objects.order_by("seq").values_list("action", flat=True))
    assert told == ["family.moved", "family.came_back"]
    assert Family.objects.count() == 1


def test_who_is_left_behind_needs_more_care(now: datetime) -> None:
    """E2: the tier of who is left is raised."""
    family = factories.family(members=COUPLE, risk_tier="C", categories=["empty_nest"])
    factories.case(family)
    record_death(person=family.persons.get(name="老周"), died_on=DIED, actor=factories.actor(), now=now)
    family.refresh_from_db()
    assert (family.status, family.risk_tier, family.categories) == ("registered", "A", ["empty_nest"])
    assert Person.objects.get(name="老周").status == "dead"
    assert not messages()


def test_a_household_is_called_after_its_new_head_and_found_by_the_old_name(now: datetime) -> None:
    """E2: husband or wife before whoever is older; the history tells it, nothing else bears the name of the dead."""
    mother = {"name": "老母", "relation": "51", "birth_date": date(1925, 1, 1)}
    family = factories.family(label="老周", members=[*COUPLE, mother])
    record_death(person=family.persons.get(name="老周"), died_on=DIED, actor=factories.actor(), now=now)
    family.refresh_from_db()
    assert (family.label, family.persons.get(is_head=True).name) == ("老伴", "老伴")
    assert Family.objects.get(search__contains="老周") == family
    told = Event.objects.get(action="family.headed_anew")
    assert told.data == {"from": "老周", "to": "老伴", "head": "老伴"}
    assert sentence(told, language="en") == "老伴 heads the household 老周 now; its file is called 老伴."


def test_a_household_keeps_its_name_when_its_head_lives(now: datetime) -> None:
    family = factories.family(label="周家", members=COUPLE)
    record_death(person=family.persons.get(name="老伴"), died_on=DIED, actor=factories.actor(), now=now)
    family.refresh_from_db()
    assert (family.label, family.persons.get(is_head=True).name) == ("周家", "老周")
    assert not Event.objects.filter(action="family.headed_anew").exists()


def test_a_child_left_alone_is_not_named_in_full(now: datetime) -> None:
    """未成年人网络保护条例 36: the household is called by the surname."""
    child = {"name": "周小明", "relation": "20", "birth_date": date(2015, 1, 1)}
    family = factories.family(label="老周", members=[COUPLE[0], child])
    record_death(person=family.persons.get(name="老周"), died_on=DIED, actor=factories.actor(), now=now)
    family.refresh_from_db()
    assert family.label == "周*"
    assert not Event.objects.filter(body__contains="周小明").exists()


def test_when_nobody_is_left_every_case_hears_it(now: datetime) -> None:
    """E2: tasks stop at once."""
    family = factories.family(members=[*COUPLE, {"name": "儿子", "relation": "20", "status": "left"}])
    first, second = factories.case(family), factories.case(family, programme=factories.programme("jllq"))
    closed = factories.case(family, programme=factories.programme("mama"), state="closed")
    for person in family.persons.exclude(name="儿子"):
        record_death(person=person, died_on=DIED, actor=factories.actor(), now=now)
    family.refresh_from_db()
    assert family.status == "closed"
    told = {args["case_id"]: args["data"] for args in messages("family_died")}
    assert told == {str(case.pk): {"died_on": "2026-02-28"} for case in (first, second)}
    assert str(closed.pk) not in told


def test_nobody_dies_twice_or_tomorrow(now: datetime) -> None:
    person = factories.family().persons.get()
    with pytest.raises(InFuture):
        record_death(person=person, died_on=date(2026, 3, 3), actor=factories.actor(), now=now)
    record_death(person=person, died_on=date(2026, 3, 2), actor=factories.actor(), now=now)
    with pytest.raises(AlreadyDead):
        record_death(person=person, died_on=DIED, actor=factories.actor(), now=now + timedelta(days=1))
