"""Households entered twice (E7)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.cases import reopen_case
from backend.cases.merging import NotMergeable, NotUndoable, duplicates_of, merge, unmerge
from backend.cases.models import Case, Family, Merge
from backend.helpers.models import Pairing
from backend.org.models import User
from backend.visits.models import Visit
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.queueing import messages, queued
from tests.workflows.stage import Stage
from workflows import services
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
BIRTH = date(1950, 1, 15)
OTHER_VILLAGE = "120114122202"
ONE, OTHER = "120199195001150027", "120199195001150043"


def couple(certificate: str, **more: object) -> list[dict[str, object]]:
    return [
        {"name": "孙桂兰", "relation": "02", "is_head": True, "birth_date": BIRTH, "certificate": certificate, **more},
    ]


def put_together(kept: Family, merged: Family, now: datetime, asking: Case | None = None) -> Merge:
    return merge(kept=kept, merged=merged, reason="两村重复登记", actor=factories.actor(), now=now, asking=asking)


def work_off() -> None:
    """What the queue holds of work that follows its case."""
    for job in queued("processes.move_items"):
        services.move_items(case=Case.objects.get(pk=job["case_id"]))


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


def across_villages(now: datetime) -> tuple[Family, Case, WorkItem]:
    """A household whose case in another programme has work open is merged into that of another village (E7)."""
    stage = Stage(case=factories.case(factories.family(number="0099"), programme=factories.programme("jllq")))
    stage.start()
    kept = factories.family(unit=factories.village(OTHER_VILLAGE), label="李桂珍", members=couple(ONE, name="李桂珍"))
    put_together(kept, stage.case.family, now)
    work_off()
    stage.case.refresh_from_db()
    return kept, stage.case, stage.item("take_note")


def test_a_case_that_goes_on_lies_in_the_village_of_the_kept_household(now: datetime) -> None:
    """E7: one couple entered by two villages. The other village's staff open the case and do what waits in it."""
    kept, case, item = across_villages(now)
    assert (case.family, case.unit, case.unit_path) == (kept, kept.unit, kept.unit.path)
    assert (item.unit, item.unit_path, item.family_label) == (kept.unit, kept.unit.path, kept.label)
    assert "李桂珍" in item.search
    caller = Caller(factories.user("there", role="village", unit=kept.unit))
    assert caller.get(f"cases/{case.pk}/").status_code == 200
    [row] = caller.get("work-items/", case=str(case.pk)).json()["results"]
    assert (row["family"]["label"], row["unit"]["name"]) == (kept.label, kept.unit.name)
    moved = Event.objects.get(action="case.transferred")
    assert (moved.case_id, moved.data["to_code"]) == (case.pk, OTHER_VILLAGE)


def undo(family: Family, reason: str = "不是一户") -> Any:
    office = User.objects.filter(username="office").first() or factories.user("office", role="caseworker")
    return Caller(office).post(f"families/{family.pk}/unmerge/", {"reason": reason})


def test_undone_everything_of_its_cases_goes_back(now: datetime) -> None:
    """E7: undone, each village has its household again, with what was done in its cases since."""
    kept, case, _item = across_villages(timezone.now())
    gone = Family.objects.get(number="0099")
    visit = factories.visit(factories.pairing(case))
    stays = factories.visit(factories.pairing(factories.case(kept)))
    assert (visit.family, stays.family) == (kept, kept)
    answer = undo(gone)
    assert (answer.status_code, answer.json()["merged_into"], answer.json()["status"]) == (200, None, "registered")
    work_off()
    case.refresh_from_db()
    assert (case.family, case.unit, case.unit_path) == (gone, gone.unit, gone.unit.path)
    item = WorkItem.objects.get(case=case, state="open")
    assert (item.family, item.unit, item.family_label) == (gone, gone.unit, gone.label)
    assert "李桂珍" not in item.search
    visits = dict(Visit.objects.values_list("pk", "family"))
    assert visits == {visit.pk: gone.pk, stays.pk: kept.pk}
    told = Event.objects.filter(action="family.unmerged").values_list("family_id", "reason")
    assert set(told) == {(gone.pk, "不是一户"), (kept.pk, "不是一户")}
    assert "0099" not in Family.objects.get(pk=kept.pk).search


def test_undone_people_come_back_with_their_head(now: datetime) -> None:
    kept, merged = factories.family(), factories.family(label="周老汉", members=couple("", name="周老汉"))
    put_together(kept, merged, now)
    unmerge(family=merged, reason="不是一户", actor=factories.actor(), now=now)
    assert list(merged.persons.values_list("name", "is_head")) == [("周老汉", True)]
    assert kept.persons.count() == 1


def test_undone_helpers_have_the_places_that_are_free(now: datetime) -> None:
    """A pairing that stayed with the file that was given up may stand in the place of one that comes back."""
    kept, merged, helper = factories.family(), factories.family(), factories.helper()
    factories.pairing(factories.case(kept), helper)
    stays = factories.pairing(factories.case(merged, programme=factories.programme("jllq")), helper)
    moves = factories.pairing(stays.case)
    put_together(kept, merged, now)
    Pairing.objects.filter(pk=moves.pk).update(seat=9)
    Pairing.objects.filter(pk=stays.pk).update(seat=9)
    unmerge(family=merged, reason="不是一户", actor=factories.actor(), now=now)
    seats = dict(Pairing.objects.filter(family=merged).values_list("pk", "seat"))
    assert seats.keys() == {stays.pk, moves.pk}
    assert len(set(seats.values())) == 2


def test_undone_once_with_a_reason_by_whoever_merges(now: datetime) -> None:
    merged, other = factories.family(), factories.family()
    assert_problem(undo(merged), 409, "not_undoable")
    put_together(other, merged, timezone.now())
    assert undo(merged, reason="").status_code == 400
    village = Caller(factories.user("village", role="village"))
    assert_problem(village.post(f"families/{merged.pk}/unmerge/", {"reason": "不是一户"}), 403, "not_allowed")
    assert undo(merged).status_code == 200
    assert_problem(undo(merged), 409, "not_undoable")


def test_undone_within_thirty_days(now: datetime) -> None:
    merged = factories.family()
    put_together(factories.family(), merged, now)
    merged.refresh_from_db()
    later = now + timedelta(days=30)
    with pytest.raises(NotUndoable):
        unmerge(family=merged, reason="不是一户", actor=factories.actor(), now=later + timedelta(seconds=1))
    unmerge(family=merged, reason="不是一户", actor=factories.actor(), now=later)
    assert Merge.objects.get().undone_at == later


def test_of_two_merges_the_later_is_undone_first(now: datetime) -> None:
    first, second, third = factories.family(), factories.family(), factories.family()
    put_together(second, first, timezone.now())
    put_together(third, second, timezone.now())
    assert_problem(undo(first), 409, "merged_on")
    assert [undo(each).status_code for each in (second, first)] == [200, 200]
    assert not Family.objects.filter(merged_into__isnull=False).exists()


def test_a_closed_case_that_is_opened_again_lies_where_its_family_lives(now: datetime) -> None:
    kept, merged = factories.family(unit=factories.village(OTHER_VILLAGE)), factories.family()
    case = factories.case(merged, state="closed")
    put_together(kept, merged, now)
    case.refresh_from_db()
    assert case.unit == merged.unit
    reopen_case(case=case, reason="还要帮扶", actor=factories.actor(), now=now)
    assert (case.unit, case.unit_path) == (kept.unit, kept.unit.path)


def test_not_with_itself_nor_twice_nor_into_a_closed_file(now: datetime) -> None:
    one, two, closed = factories.family(), factories.family(), factories.family(status=Family.Status.CLOSED)
    with pytest.raises(NotMergeable):
        put_together(one, one, now)
    with pytest.raises(NotMergeable):
        put_together(closed, one, now)
    put_together(one, two, now)
    with pytest.raises(NotMergeable):
        put_together(factories.family(), two, now)
