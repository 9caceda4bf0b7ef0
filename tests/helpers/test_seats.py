"""A family's seats for helpers of a kind: so many at once, handed over from one to the next, held by the database."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.cases.models import Case
from backend.helpers.models import HelperKind, Pairing
from backend.helpers.pairings import (
    NoSeat,
    NotOfThisFamily,
    NotToBeHelped,
    UnknownReason,
    WrongDays,
    current_pairing,
    end_pairing,
    start_pairing,
)
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = factories.TODAY


def begin(case: Case, now: datetime, kind: HelperKind, days: int = 0, **fields: Any) -> Pairing:
    """Somebody of this kind begins so many days from today."""
    fields.setdefault("helper", factories.helper(kind_=kind))
    day = TODAY + timedelta(days=days)
    return start_pairing(case=case, from_date=day, actor=factories.actor(), now=now, **fields)


def end(pairing: Pairing, now: datetime, days: int) -> Pairing:
    day = TODAY + timedelta(days=days)
    return end_pairing(pairing=pairing, reason="left", ended_on=day, actor=factories.actor(), now=now)


def test_so_many_of_a_kind_and_no_more(now: datetime) -> None:
    case, kind = factories.case(), factories.kind("league_child", per_family=2)
    first, second = begin(case, now, kind), begin(case, now, kind)
    assert (first.seat, second.seat) == (1, 2)
    with pytest.raises(NoSeat):
        begin(case, now, kind)
    begin(case, now, factories.kind("volunteer", per_family=1))
    begin(factories.case(), now, kind)
    end(first, now, 10)
    with pytest.raises(NoSeat):
        begin(case, now, kind, days=9)
    assert begin(case, now, kind, days=10).seat == 1


def test_one_household_in_two_programmes_has_its_seats_once(now: datetime) -> None:
    family, kind = factories.family(), factories.kind("mother", per_family=1)
    begin(factories.case(family), now, kind)
    with pytest.raises(NoSeat):
        begin(factories.case(family, programme=factories.programme("jllq")), now, kind)


def test_a_successor_takes_the_seat_while_the_other_stays_for_a_while(now: datetime) -> None:
    case, kind = factories.case(), factories.kind("soldier_son", per_family=1)
    old = begin(case, now, kind)
    with pytest.raises(NoSeat):
        begin(case, now, kind, days=30)
    new = begin(case, now, kind, days=30, takes_over=old, reason="successor")
    old.refresh_from_db()
    assert (old.handed_over_on, old.to_date, new.seat, new.start_reason) == (new.from_date, None, 1, "successor")
    overlap = TODAY + timedelta(days=33)
    assert set(Pairing.objects.all().on(overlap)) == {old, new}
    assert current_pairing(case, TODAY + timedelta(days=29)) == old
    assert current_pairing(case, overlap) == new
    with pytest.raises(NoSeat):
        begin(case, now, kind, days=31, takes_over=old)
    assert end(old, now, 37).to_date == TODAY + timedelta(days=37)


def test_a_successor_who_never_came_gives_the_seat_back(now: datetime) -> None:
    case, kind = factories.case(), factories.kind("soldier_son", per_family=1)
    old = begin(case, now, kind)
    end(begin(case, now, kind, days=30, takes_over=old), now, 0)
    old.refresh_from_db()
    assert old.handed_over_on is None
    assert begin(case, now, kind, days=30, takes_over=old).seat == 1


def test_who_can_be_succeeded(now: datetime) -> None:
    case, kind = factories.case(), factories.kind("soldier_son", per_family=1)
    old = begin(case, now, kind, days=5)
    with pytest.raises(NotOfThisFamily):
        begin(factories.case(), now, kind, takes_over=old)
    with pytest.raises(WrongDays):
        begin(case, now, kind, days=5, takes_over=old)
    other = begin(case, now, factories.kind("volunteer"), days=8, takes_over=old)
    old.refresh_from_db()
    assert (other.seat, old.handed_over_on) == (1, None)
    end(old, now, 20)
    assert begin(case, now, kind, days=20, takes_over=old).seat == 1
    old.refresh_from_db()
    assert old.handed_over_on is None


def test_a_kind_for_other_families(now: datetime) -> None:
    kind = factories.kind("mother", categories=["left_behind_child"])
    with pytest.raises(NotToBeHelped):
        begin(factories.case(factories.family(categories=["empty_nest"])), now, kind)
    begin(factories.case(factories.family(declared_categories=["left_behind_child"])), now, kind)


def test_reasons_are_codes(now: datetime) -> None:
    kind = factories.kind()
    with pytest.raises(UnknownReason):
        begin(factories.case(), now, kind, reason="他人很好")
    spell = begin(factories.case(), now, kind)
    with pytest.raises(UnknownReason):
        end_pairing(pairing=spell, reason="走了", ended_on=TODAY, actor=factories.actor(), now=now)
    spell.refresh_from_db()
    assert (spell.to_date, spell.end_reason) == (None, "")


def test_statutory_contacts_are_not_the_helper_of_a_case(now: datetime) -> None:
    case = factories.case()
    contact = begin(case, now, factories.kind("dual_contact", statutory=True, per_family=2), reason="statutory")
    assert current_pairing(case, TODAY) is None
    assert contact.review_on is None
    helper = begin(case, now, factories.kind(), days=-3)
    assert current_pairing(case, TODAY) == helper


DAYS = st.integers(0, 40)
SPELLS = st.lists(st.tuples(DAYS, st.none() | DAYS, st.none() | DAYS, st.integers(1, 2)), min_size=2, max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SPELLS)
def test_two_can_never_hold_one_seat_on_one_day(spells: list[tuple[int, int | None, int | None, int]]) -> None:
    with transaction.atomic():
        case, held = factories.case(), set[tuple[int, int]]()
        for begins, lasts, stays, seat in spells:
            given_up = min((days for days in (lasts, stays) if days is not None), default=100)
            days = {(seat, day) for day in range(begins, begins + given_up)}
            first = TODAY + timedelta(days=begins)
            fields: dict[str, Any] = {
                "from_date": first,
                "to_date": None if lasts is None else first + timedelta(days=lasts),
                "handed_over_on": None if stays is None else first + timedelta(days=stays),
                "seat": seat,
            }
            try:
                with transaction.atomic():
                    factories.pairing(case, factories.helper(), **fields)
            except IntegrityError:
                assert days & held
            else:
                assert not days & held
                held |= days
        transaction.set_rollback(True)
