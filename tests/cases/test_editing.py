"""Correcting files, entering by hand, seeing sensitive data in full."""

from datetime import date, datetime

import pytest

from backend.audit.models import Event
from backend.cases.families import (
    NoReason,
    NotEditable,
    NumberTaken,
    add_person,
    create_family,
    reveal,
    update_family,
    update_person,
)
from backend.cases.models import Family, Person
from backend.core.crypto import blind_index
from backend.core.errors import StaleVersion
from tests import factories

pytestmark = pytest.mark.django_db
ID = "120199195001150025"


def test_a_correction_tells_from_what_to_what(now: datetime) -> None:
    family, actor = factories.family(live_address="赵庄1号"), factories.actor()
    changed = update_family(
        family=family,
        changes={"live_address": "赵庄2号", "emergency_phone": "13800000000", "child_state": ""},
        actor=actor,
        now=now,
        version=1,
        reason="搬了",
    )
    assert (changed.version, Family.objects.get().live_address) == (2, "赵庄2号")
    event = Event.objects.get()
    assert event.data["live_address"] == {"from": "赵庄1号", "to": "赵庄2号"}
    assert "13800000000" not in event.body  # sensitive: only that it changed
    assert "child_state" not in event.data
    assert "赵庄2号" in changed.search


@pytest.mark.parametrize(
    ("born", "changes"),
    [
        (date(2018, 5, 1), {"name": "孙小宝", "alias": "小寶"}),  # a minor
        (date(1988, 5, 1), {"name": "孙小宝", "birth_date": date(2018, 5, 1)}),  # found to be one
        (date(2018, 5, 1), {"name": "孙小宝", "birth_date": date(1988, 5, 1)}),  # taken for one
        (None, {"name": "孙小宝"}),  # may be one
    ],
)
def test_of_a_child_history_tells_that_something_changed_only(
    now: datetime, born: date | None, changes: dict[str, object]
) -> None:
    """PIPL 28 and 31: a line of the history is for good, and masks nobody's name."""
    person = factories.family(members=[{"name": "孙小杰", "birth_date": born}]).persons.get()
    update_person(person=person, changes={**changes, "ethnicity": "02"}, actor=factories.actor(), now=now)
    told = Event.objects.get().data
    assert {name: told[name] for name in changes} == dict.fromkeys(changes, "changed")
    assert told["ethnicity"] == {"from": "", "to": "02"}


def test_of_an_adult_it_tells_from_what_to_what(now: datetime) -> None:
    person = factories.family().persons.get()
    update_person(person=person, changes={"name": "孙桂芝"}, actor=factories.actor(), now=now)
    assert Event.objects.get().data["name"] == {"from": "孙桂兰", "to": "孙桂芝"}


def test_a_household_called_after_a_child_is_told_without_the_name(now: datetime) -> None:
    members = [{"name": "孙桂兰", "birth_date": date(1950, 1, 15)}, {"name": "孙小杰", "birth_date": date(2018, 5, 1)}]
    family, actor = factories.family(members=members), factories.actor()
    update_family(family=family, changes={"label": "孙小杰"}, actor=actor, now=now)
    update_family(family=family, changes={"label": "孙桂兰"}, actor=actor, now=now)
    assert [event.data["label"] for event in Event.objects.order_by("seq")] == ["changed", "changed"]
    update_family(family=family, changes={"label": "孙大娘"}, actor=actor, now=now)
    assert Event.objects.latest("seq").data["label"] == {"from": "孙桂兰", "to": "孙大娘"}


def test_what_was_erased_is_named_without_its_content(now: datetime) -> None:
    """PIPL 47, E34."""
    family = factories.family(needs=["comfort"], languages=["mandarin"])
    empty: dict[str, list[str]] = {"needs": [], "languages": []}
    update_family(family=family, changes=empty, actor=factories.actor(), now=now, erased=True)
    assert Event.objects.get().data == {"needs": "changed", "languages": "changed"}


def test_nothing_changed_nothing_told(now: datetime) -> None:
    family = factories.family(residence="home")
    update_family(family=family, changes={"residence": "home"}, actor=factories.actor(), now=now)
    assert not Event.objects.exists()
    assert Family.objects.get().version == 1


def test_the_second_of_two_has_to_look_again(now: datetime) -> None:
    family, actor = factories.family(), factories.actor()
    update_family(family=family, changes={"label": "孙大娘"}, actor=actor, now=now, version=1)
    with pytest.raises(StaleVersion):
        update_family(family=family, changes={"label": "孙奶奶"}, actor=actor, now=now, version=1)


@pytest.mark.parametrize("field", ["categories", "risk_tier", "willingness", "status", "unit", "number"])
def test_what_processes_decide_is_not_typed_in(now: datetime, field: str) -> None:
    with pytest.raises(NotEditable) as refused:
        update_family(family=factories.family(), changes={field: "A"}, actor=factories.actor(), now=now)
    assert refused.value.problems[0].pointer == f"/{field}"


def test_a_persons_number_is_found_again_but_not_readable(now: datetime) -> None:
    person = factories.family().persons.get()
    update_person(person=person, changes={"certificate": ID, "name": "孙桂芝"}, actor=factories.actor(), now=now)
    person = Person.objects.get(certificate_index=blind_index(ID))
    assert (person.certificate_tail, person.initials) == ("0025", "sgz")
    assert "孙桂芝" in Family.objects.get().search
    assert ID not in Event.objects.get().body


def test_entered_by_hand(now: datetime) -> None:
    actor = factories.actor()
    family = create_family(
        unit=factories.village(), number="0500", label="李大爷", actor=actor, now=now, changes={"residence": "home"}
    )
    head = add_person(
        family=family,
        changes={"relation": "02", "name": "李大爷", "sex": "1", "birth_date": date(1944, 5, 1), "certificate": ID},
        actor=actor,
        now=now,
    )
    add_person(family=family, changes={"relation": "12", "name": "王秀英"}, actor=actor, now=now)
    family.refresh_from_db()
    assert (family.status, family.version, family.willingness) == ("draft", 1, "unknown")
    assert head.is_head
    assert not family.persons.get(relation="12").is_head
    assert "wxy" in family.search
    with pytest.raises(NumberTaken):
        create_family(unit=factories.village(), number="0500", label="别人", actor=actor, now=now)


def test_seeing_in_full_needs_a_reason_and_is_told(now: datetime) -> None:
    family = factories.family(members=[{"name": "孙桂兰", "certificate": ID, "phone": "13900000000"}])
    person, actor = family.persons.get(), factories.actor(factories.user(role="caseworker"))
    assert reveal(person=person, field="certificate", reason="核对低保", actor=actor, now=now) == ID
    event = Event.objects.get(action="person.revealed")
    assert (event.reason, event.data, event.family_id) == ("核对低保", {"field": "certificate"}, family.pk)
    assert ID not in event.body
    with pytest.raises(NoReason):
        reveal(person=person, field="certificate", reason="  ", actor=actor, now=now)
    with pytest.raises(NotEditable):
        reveal(person=person, field="ethnicity", reason="x", actor=actor, now=now)
    assert Event.objects.count() == 1
