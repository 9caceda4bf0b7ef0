"""Households entered twice (E7)."""

from datetime import date, datetime, timedelta

import pytest

from backend.audit.models import Event
from backend.cases.merging import NotMergeable, NotUndoable, duplicates_of, merge, unmerge
from backend.cases.models import Case, Family, Merge
from backend.helpers.models import Pairing
from backend.visits.models import Visit
from tests import factories
from tests.queueing import messages

pytestmark = pytest.mark.django_db
BIRTH = date(1950, 1, 15)
ONE, OTHER = "120199195001150027", "120199195001150043"


def couple(certificate: str, **more: object) -> list[dict[str, object]]:
    return [
        {"name": "孙桂兰", "relation": "02", "is_head": True, "birth_date": BIRTH, "certificate": certificate, **more},
    ]


def put_together(kept: Family, merged: Family, now: datetime, asking: Case | None = None) -> Merge:
    return merge(kept=kept, merged=merged, reason="两村重复登记", actor=factories.actor(), now=now, asking=asking)


def test_found_by_certificate_anywhere() -> None:
    here = factories.family(members=couple(ONE))
    there = factories.family(unit=factories.region(factories.OTHER_TOWN), members=couple(ONE, name="孫桂蘭"))
    (found,) = duplicates_of(here)
    assert (found.family, found.same_village, found.reasons) == (there, False, ("same_certificate",))


def test_found_by_name_and_birth_in_the_township_only() -> None:
    here = factories.family(members=couple(ONE))
    near = factories.family(unit=factories.village("120114122202"), members=couple(OTHER))
    factories.family(unit=factories.region("120114101201"), members=couple(OTHER))
    factories.family(members=couple("", birth_date=date(1951, 1, 1)))
    assert [(each.family, each.reasons) for each in duplicates_of(here)] == [(near, ("same_name_and_birth",))]


def test_found_by_name_and_telephone_where_the_birth_was_mistyped() -> None:
    """D01: a telephone alone says nothing, a village shares its cadre's."""
    here = factories.family(members=couple("", phone="13800000001"))
    near = factories.family(members=couple("", birth_date=date(1951, 1, 15), phone="13800000001"))
    factories.family(members=couple("", birth_date=date(1951, 1, 15), phone="13800000002"))
    factories.family(members=couple("", name="李四", phone="13800000001"))
    (found,) = duplicates_of(here)
    assert (found.family, found.same_village, found.reasons) == (near, True, ("same_name_and_phone",))


def test_the_dead_files_are_no_duplicates() -> None:
    here = factories.family(members=couple(ONE))
    factories.family(members=couple(ONE), status=Family.Status.CLOSED)
    factories.family(members=couple(ONE), merged_into=here)
    assert duplicates_of(here) == []


def test_everything_goes_along_and_the_number_stays_an_alias(now: datetime) -> None:
    kept = factories.family(number="0001", members=couple(ONE))
    merged = factories.family(number="0099", members=[*couple(ONE), {"name": "周老汉", "relation": "11"}])
    pairing = factories.pairing(factories.case(merged))
    visit = factories.visit(pairing)
    row = put_together(kept, merged, now)
    merged.refresh_from_db()
    kept.refresh_from_db()
    assert (merged.merged_into, merged.status, merged.number) == (kept, "closed", "0099")
    assert set(kept.persons.values_list("name", flat=True)) == {"孙桂兰", "周老汉"}
    assert merged.persons.count() == 1  # the double stays with the alias
    for rows in (Case.objects, Pairing.objects, Visit.objects):
        assert rows.get().family == kept
    assert row.moved["visits.visit"] == [str(visit.pk)]
    assert kept in Family.objects.filter(search__contains="0099")
    assert {event.action for event in Event.objects.all()} == {"family.merged", "family.received"}


def test_two_open_cases_become_one(now: datetime) -> None:
    kept, merged = factories.family(), factories.family()
    stays, asking = factories.case(kept), factories.case(merged)
    other = factories.programme("jllq")
    twin = factories.case(merged, programme=other)
    factories.case(kept, programme=other)
    put_together(kept, merged, now, asking=asking)
    states = dict(Case.objects.values_list("pk", "state"))
    assert (states[stays.pk], states[asking.pk], states[twin.pk]) == ("open", "closed", "closed")
    assert Case.objects.filter(family=kept).count() == 4
    assert [(args["case_id"], args["data"]) for args in messages("case_closed")] == [
        (str(twin.pk), {"reason": "merged"})
    ]


def test_the_same_helper_on_the_same_days_stays_where_it_is(now: datetime) -> None:
    kept, merged, helper = factories.family(), factories.family(), factories.helper()
    factories.pairing(factories.case(kept), helper)
    double = factories.pairing(factories.case(merged, programme=factories.programme("jllq")), helper)
    moves = factories.pairing(double.case, factories.helper())
    row = put_together(kept, merged, now)
    double.refresh_from_db()
    moves.refresh_from_db()
    assert (double.family, moves.family) == (merged, kept)
    assert row.moved["helpers.pairing"] == [str(moves.pk)]


def test_helpers_of_both_households_have_seats_in_the_one(now: datetime) -> None:
    kept, merged = factories.family(), factories.family()
    stays = factories.pairing(factories.case(kept))
    case = factories.case(merged)
    spells = [factories.pairing(case), factories.pairing(case)]
    put_together(kept, merged, now)
    seats = Pairing.objects.filter(family=kept).order_by("seat").values_list("pk", "seat")
    assert list(seats) == [(stays.pk, 1), (spells[1].pk, 2), (spells[0].pk, 3)]


def test_undone_within_thirty_days(now: datetime) -> None:
    kept, merged = factories.family(), factories.family(members=couple("", name="周老汉"))
    visit = factories.visit(factories.pairing(factories.case(merged)))
    row = put_together(kept, merged, now)
    unmerge(merge=row, reason="不是一户", actor=factories.actor(), now=now + timedelta(days=30))
    merged.refresh_from_db()
    visit.refresh_from_db()
    assert (merged.merged_into, merged.status, visit.family) == (None, "registered", merged)
    assert merged.persons.count() == 1
    assert kept.persons.count() == 1
    with pytest.raises(NotUndoable):
        unmerge(merge=row, reason="", actor=factories.actor(), now=now)


def test_not_after_thirty_days(now: datetime) -> None:
    row = put_together(factories.family(), factories.family(), now)
    with pytest.raises(NotUndoable):
        unmerge(merge=row, reason="", actor=factories.actor(), now=now + timedelta(days=30, seconds=1))


def test_not_with_itself_nor_twice_nor_into_a_closed_file(now: datetime) -> None:
    one, two, closed = factories.family(), factories.family(), factories.family(status=Family.Status.CLOSED)
    with pytest.raises(NotMergeable):
        put_together(one, one, now)
    with pytest.raises(NotMergeable):
        put_together(closed, one, now)
    put_together(one, two, now)
    with pytest.raises(NotMergeable):
        put_together(factories.family(), two, now)
