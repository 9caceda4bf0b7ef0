"""Asking a helper: nothing that names the family; a no counts nowhere."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.models import Case
from backend.helpers.models import Helper, Offer
from backend.helpers.offers import (
    AlreadyAnswered,
    AlreadyAsked,
    NotFitting,
    answer_offer,
    band,
    lapse_offer,
    make_offer,
    record_family_answer,
    terms,
    withdraw_offers,
)
from backend.helpers.places import free_places
from tests import factories

pytestmark = pytest.mark.django_db


def offer(case: Case, helper: Helper, now: datetime, **more: Any) -> Offer:
    return make_offer(case=case, helper=helper, actor=factories.actor(), now=now, **more)


def test_no_name_number_address_or_illness_is_told(now: datetime) -> None:
    family = factories.family(
        label="孙桂兰",
        number="0815",
        live_address="赵庄村3号",
        languages=["天津话"],
        needs=["comfort"],
        members=[{"name": "孙桂兰", "birth_date": date(1950, 1, 15), "health": "31", "phone": "13900000000"}],
    )
    told = offer(factories.case(family), factories.helper(), now).facts
    assert told == {
        "age_band": "75-79",
        "members": 1,
        "township": "大黄堡镇",
        "village": "赵庄村",
        "languages": ["天津话"],
        "needs": ["comfort"],
    }
    text = json.dumps(told, ensure_ascii=False)
    for secret in ("孙", "0815", "3号", "139", "31", "1950"):
        assert secret not in text


@pytest.mark.parametrize(("age", "told"), [(0, "0-4"), (74, "70-74"), (75, "75-79"), (80, "80-84"), (103, "100-104")])
def test_ages_are_told_in_bands(age: int, told: str) -> None:
    assert band(age) == told


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "away"}, "not_active"),
        ({"kind_": "mother"}, "kind_not_allowed"),
        ({"max_families": 0}, "full"),
        ({"to_date": factories.TODAY}, "outside_service"),
        ({"address": "赵庄村3号"}, "same_household"),
    ],
)
def test_hard_rules_say_which_one(now: datetime, fields: dict[str, Any], code: str) -> None:
    family = factories.family(live_address="赵庄村3号")
    with pytest.raises(NotFitting) as refused:
        offer(factories.case(family), factories.helper(**fields), now)
    assert [problem.code for problem in refused.value.problems] == [code]
    assert not Offer.objects.exists()


def test_an_offer_promises_a_place(now: datetime) -> None:
    helper = factories.helper(max_families=2)
    factories.pairing(factories.case(), helper)
    assert free_places(helper, factories.TODAY) == 1
    first = offer(factories.case(), helper, now)
    assert free_places(helper, factories.TODAY) == 0
    with pytest.raises(NotFitting):
        offer(factories.case(), helper, now)
    answer_offer(offer=first, accept=False, actor=factories.actor(), now=now)
    assert free_places(helper, factories.TODAY) == 1
    offer(factories.case(), helper, now)


def test_nobody_is_asked_twice_at_once(now: datetime) -> None:
    case, helper = factories.case(), factories.helper(max_families=5)
    offer(case, helper, now)
    with pytest.raises(AlreadyAsked):
        offer(case, helper, now)


def test_who_is_asked_and_by_whom(now: datetime) -> None:
    unit = factories.partner()
    of_unit = factories.helper(partner_unit=unit, max_families=3)
    with_account = factories.helper(user=factories.user(role="helper"))
    assert offer(factories.case(), of_unit, now).via == "village"  # the unit has no liaison yet
    factories.user(role="liaison", unit=unit)
    assert offer(factories.case(), of_unit, now).via == "unit"
    assert offer(factories.case(), with_account, now).via == "helper"
    assert offer(factories.case(), factories.helper(), now).via == "village"


def test_yes_no_and_nothing_more(now: datetime) -> None:
    helper, actor = factories.helper(max_families=9), factories.actor()
    yes, no, silent = (offer(factories.case(), helper, now) for _ in range(3))
    answer_offer(offer=yes, accept=True, alias="小赵", note="周末有空", actor=actor, now=now)
    answer_offer(offer=no, accept=False, decline_reason="health", actor=actor, now=now)
    assert terms(Offer.objects.get(pk=no.pk))["helper_answer"]["decline_reason"] == "health"
    assert "health" not in Event.objects.get(action="offer.declined").body
    lapse_offer(offer=silent, actor=actor, now=now + timedelta(days=7))
    assert {str(each.state): each.alias for each in Offer.objects.all()} == {
        "accepted": "小赵",
        "declined": "",
        "expired": "",
    }
    for closed in (yes, no, silent):
        with pytest.raises(AlreadyAnswered):
            answer_offer(offer=closed, accept=True, actor=actor, now=now)
    helper.refresh_from_db()
    assert (helper.status, helper.version, helper.notes) == ("active", 1, {})  # a no leaves no trace on the helper
    assert not Event.objects.filter(object_kind="helper").exists()


def test_what_the_family_says_is_sealed(now: datetime) -> None:
    made = offer(factories.case(), factories.helper(), now)
    answers = {"family_answer": "agree", "given_by": "self", "note": "怕吵"}
    record_family_answer(offer=made, answer="agree", answers=answers, actor=factories.actor(), now=now)
    made.refresh_from_db()
    assert (made.family_answer, terms(made)["family_answer"]["note"]) == ("agree", "怕吵")
    assert "怕吵" not in Event.objects.get(action="offer.family_answered").body


def test_taken_back(now: datetime) -> None:
    case, actor = factories.case(), factories.actor()
    open_, accepted = offer(case, factories.helper(), now), offer(case, factories.helper(), now)
    answer_offer(offer=accepted, accept=True, actor=actor, now=now)
    taken = offer(case, factories.helper(), now)
    factories.pairing(case, taken.helper, offer=taken)
    assert withdraw_offers(case=case, helper=open_.helper_id, actor=actor, now=now) == 1
    assert withdraw_offers(case=case, actor=actor, now=now, reason="moved") == 1
    assert withdraw_offers(case=case, actor=actor, now=now) == 0
    taken.refresh_from_db()
    assert taken.state == "open"


def test_who_sees_offers(now: datetime) -> None:
    unit = factories.partner()
    helper = factories.helper(partner_unit=unit, user=factories.user(role="helper"))
    offer(factories.case(), helper, now)
    sees = {
        "caseworker": factories.user(role="caseworker"),
        "liaison": factories.user(role="liaison", unit=unit),
        "helper": helper.user,
    }
    sees_not = {
        "stranger": factories.user(role="caseworker", unit=factories.region(factories.OTHER_TOWN)),
        "other unit": factories.user(role="liaison", unit=factories.partner("GJ-02")),
        "other helper": factories.user(role="helper"),
        "nobody": factories.user(),
    }
    for who, user in sees.items():
        assert user is not None
        assert Offer.objects.visible_to(user).count() == 1, who
    for who, user in sees_not.items():
        assert Offer.objects.visible_to(user).count() == 0, who
