"""Spells begin under the helper's limit, end on a day, are renewed, and are never reopened."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from backend.audit.models import Event
from backend.cases.cases import NotOpen
from backend.helpers.models import Pairing
from backend.helpers.pairings import (
    AlreadyEnded,
    AlreadyPaired,
    NoPlace,
    NotRenewable,
    NotServing,
    WrongDays,
    current_pairing,
    end_pairing,
    end_pairings_of,
    months_later,
    renew_pairing,
    start_pairing,
    stop_pairing,
)
from tests import factories
from tests.queueing import messages

pytestmark = pytest.mark.django_db
TODAY = factories.TODAY


def begin(now: datetime, **fields: object) -> Pairing:
    facts: dict[str, object] = {"from_date": TODAY, "actor": factories.actor(), "now": now, **fields}
    facts.setdefault("case", factories.case())
    facts.setdefault("helper", factories.helper())
    return start_pairing(**facts)  # type: ignore[arg-type]


def test_a_spell_and_its_number(now: datetime) -> None:
    case = factories.case(number="120114122000-JMGJ-2026-0042")
    user = factories.user(role="supervisor")
    first = begin(now, case=case, actor=factories.actor(user), agreement={"cadence": "monthly"}, accompanied=True)
    second = begin(now, case=case)
    assert [first.number, second.number] == ["120114122000-JMGJ-2026-0042-P01", "120114122000-JMGJ-2026-0042-P02"]
    assert (first.review_on, first.accompanied, first.decided_by) == (date(2027, 3, 2), True, user)
    event = Event.objects.filter(action="pairing.started").earliest("seq")
    assert (event.case_id, event.data["helper_name"]) == (case.pk, first.helper.name)


def test_full_is_full_also_for_a_later_day(now: datetime) -> None:
    helper = factories.helper(max_families=1)
    spell = begin(now, helper=helper, from_date=TODAY + timedelta(days=10))
    with pytest.raises(NoPlace):
        begin(now, helper=helper)
    end_pairing(pairing=spell, reason="left", ended_on=TODAY + timedelta(days=20), actor=factories.actor(), now=now)
    with pytest.raises(NoPlace):
        begin(now, helper=helper, from_date=TODAY + timedelta(days=19))
    begin(now, helper=helper, from_date=TODAY + timedelta(days=20))


def test_the_kinds_limit_where_the_helper_sets_none(now: datetime) -> None:
    helper = factories.helper(kind_=factories.kind("league_child", max_families=2))
    begin(now, helper=helper)
    begin(now, helper=helper)
    with pytest.raises(NoPlace):
        begin(now, helper=helper)


def test_the_same_two_at_once_are_refused_by_the_database(now: datetime) -> None:
    case, helper = factories.case(), factories.helper(max_families=5)
    first = begin(now, case=case, helper=helper)
    with pytest.raises(AlreadyPaired):
        begin(now, case=case, helper=helper, from_date=TODAY + timedelta(days=5))
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.pairing(case, helper)
    end_pairing(pairing=first, reason="left", ended_on=TODAY + timedelta(days=5), actor=factories.actor(), now=now)
    again = begin(now, case=case, helper=helper, from_date=TODAY + timedelta(days=5))
    assert again.pk != first.pk


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "away"},
        {"status": "suspended"},
        {"status": "ended"},
        {"from_date": TODAY + timedelta(days=1)},
        {"to_date": TODAY},
    ],
)
def test_only_while_in_service(now: datetime, fields: dict[str, object]) -> None:
    with pytest.raises(NotServing):
        begin(now, helper=factories.helper(**fields))  # type: ignore[arg-type]


def test_not_in_a_closed_case_nor_backwards(now: datetime) -> None:
    with pytest.raises(NotOpen):
        begin(now, case=factories.case(state="closed"))
    with pytest.raises(WrongDays):
        begin(now, planned_end=TODAY)


def test_the_end_is_the_first_day_without(now: datetime) -> None:
    spell = begin(now)
    end = TODAY + timedelta(days=30)
    ended = end_pairing(
        pairing=spell, reason="transferred", ended_on=end, actor=factories.actor(), now=now, handover="爱下棋"
    )
    assert (ended.to_date, ended.end_reason, ended.handover) == (end, "transferred", "爱下棋")
    assert Pairing.objects.all().on(end - timedelta(days=1)).exists()
    assert not Pairing.objects.all().on(end).exists()
    assert Event.objects.get(action="pairing.ended").data["days"] == 30
    with pytest.raises(AlreadyEnded):
        end_pairing(pairing=spell, reason="left", ended_on=end, actor=factories.actor(), now=now)
    sooner = end_pairing(pairing=spell, reason="ill", ended_on=TODAY, actor=factories.actor(), now=now)
    assert (sooner.to_date, sooner.end_reason) == (TODAY, "ill")


def test_what_has_not_begun_never_was(now: datetime) -> None:
    spell = begin(now, from_date=TODAY + timedelta(days=9))
    end_pairing(pairing=spell, reason="left", ended_on=TODAY, actor=factories.actor(), now=now)
    spell.refresh_from_db()
    assert spell.to_date == spell.from_date
    assert not Pairing.objects.all().from_day(TODAY).exists()


def test_ended_from_outside_the_case_hears_it(now: datetime) -> None:
    spell = begin(now)
    stop_pairing(pairing=spell, reason="complaint", ended_on=TODAY, actor=factories.actor(), now=now)
    (message,) = messages("helper_ended")
    assert message["case_id"] == str(spell.case_id)
    assert message["data"] == {"helper": str(spell.helper_id), "reason": "complaint", "ended_on": "2026-03-02"}


def test_all_of_a_case(now: datetime) -> None:
    case = factories.case()
    begin(now, case=case)
    begin(now, case=case, from_date=TODAY + timedelta(days=3))
    ended = end_pairings_of(case=case, reason="family_moved", actor=factories.actor(), now=now)
    assert len(ended) == 2
    assert end_pairings_of(case=case, reason="family_moved", actor=factories.actor(), now=now) == []


def test_another_year(now: datetime) -> None:
    spell = begin(now, planned_end=date(2027, 3, 2))
    a_year_later = now + timedelta(days=360)
    renewed = renew_pairing(pairing=spell, actor=factories.actor(), now=a_year_later)
    assert (renewed.review_on, renewed.planned_end, renewed.to_date) == (date(2028, 3, 2), date(2028, 3, 2), None)
    assert Pairing.objects.count() == 1
    end_pairing(pairing=spell, reason="left", ended_on=TODAY, actor=factories.actor(), now=now)
    with pytest.raises(AlreadyEnded):
        renew_pairing(pairing=spell, actor=factories.actor(), now=a_year_later)


@pytest.mark.parametrize(("months", "review"), [(6, date(2027, 9, 2)), (36, date(2028, 3, 2))])
def test_as_long_again_as_the_kind_says(now: datetime, months: int, review: date) -> None:
    kind = factories.kind("dream_girl", renewal_months=months)
    spell = begin(now, helper=factories.helper(kind_=kind), planned_end=date(2027, 3, 2))
    renewed = renew_pairing(pairing=spell, actor=factories.actor(), now=now + timedelta(days=360))
    assert (renewed.review_on, renewed.planned_end) == (review, months_later(date(2027, 3, 2), months))


def test_a_kind_that_is_not_renewed(now: datetime) -> None:
    spell = begin(now, helper=factories.helper(kind_=factories.kind("linked", renewal_months=0)))
    with pytest.raises(NotRenewable):
        renew_pairing(pairing=spell, actor=factories.actor(), now=now)


def test_the_current_one_is_the_latest_in_force(now: datetime) -> None:
    case = factories.case()
    begin(now, case=case, from_date=TODAY - timedelta(days=9))
    second = begin(now, case=case)
    to_begin = begin(now, case=case, from_date=TODAY + timedelta(days=1))
    assert current_pairing(case, TODAY) == second
    for spell in Pairing.objects.all().on(TODAY):
        end_pairing(pairing=spell, reason="left", ended_on=TODAY, actor=factories.actor(), now=now)
    assert current_pairing(case, TODAY) == to_begin
    assert current_pairing(factories.case(), TODAY) is None


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 3, 2), -12, date(2025, 3, 2)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_months_end_where_the_month_ends(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later
