"""Offers over HTTP: whoever is asked reads no name; a no needs no reason, and no figure anywhere changes by it."""

import re
from typing import Any

import pytest
from django.utils import timezone

from backend.helpers.models import Offer
from backend.helpers.offers import answer_offer, make_offer, record_family_answer, told_name, withdraw_offers
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db


def asked(**helper: Any) -> Offer:
    """Somebody of the partner unit is asked for 孙桂兰, 76, who wants to be comforted."""
    by = factories.helper(partner_unit=factories.partner(), **helper)
    case = factories.case(factories.family(needs=["comfort"], live_address="后街12号"))
    return make_offer(case=case, helper=by, reason="最近", actor=factories.actor(), now=timezone.now())


@pytest.fixture
def caseworker() -> Caller:
    return Caller(factories.user("caseworker", role="caseworker"))


def test_the_unit_and_the_helper_are_told_what_they_need_to_answer_and_no_more() -> None:
    user = factories.user("helper", role="helper")
    offer = asked(user=user)
    liaison = Caller(factories.user("liaison", role="liaison", unit=factories.partner()))
    for caller in (liaison, Caller(user)):
        [row] = results(caller.get("offers/"))
        assert set(row["facts"]) == {"age_band", "township", "village", "languages", "needs"}
        assert (row["facts"]["age_band"], row["facts"]["needs"]) == ("75-79", ["comfort"])
        text = str(row) + str(caller.get(f"offers/{offer.pk}/").json())
        family = offer.case.family
        for secret in (family.label, family.number, str(family.pk), str(offer.case_id), offer.case.number, "后街"):
            assert secret not in text
    other = factories.user("other", role="liaison", unit=factories.partner("GJ-02", "共建单位乙"))
    assert_problem(Caller(other).get(f"offers/{offer.pk}/"), 404, "not_found")


def test_the_office_finds_them_by_state_kind_and_helper(caseworker: Caller) -> None:
    offer, other = asked(), asked(name="周卫国", kind_="soldier_son")
    answer_offer(offer=other, accept=False, actor=factories.actor(), now=timezone.now(), decline_reason="要考试")

    def found(**parameters: str) -> list[str]:
        return [row["id"] for row in results(caseworker.get("offers/", **parameters))]

    assert found(state="open") == [str(offer.pk)]
    assert found(kind="soldier_son") == found(state="declined") == [str(other.pk)]
    assert found(helper=str(offer.helper_id)) == found(case=str(offer.case_id)) == [str(offer.pk)]
    told = caseworker.get(f"offers/{other.pk}/").json()
    assert told["family"]["label"] == "孙桂兰"
    assert "考试" not in str(told)


@pytest.mark.parametrize(
    ("name", "alias", "told"),
    [
        ("李向阳", "", "向阳"),
        ("欧阳小川", "", "小川"),
        ("周卫", "", "卫"),
        ("李向阳", "小李", "小李"),
        ("Jane Doe", "", "Jane"),
    ],
)
def test_the_family_hears_a_first_name(name: str, alias: str, told: str) -> None:
    offer = asked(name=name)
    offer.alias = alias
    assert told_name(offer) == told


FIGURES = ("overview/", "workload/", "reports/month/", "approvals/", "helpers/", "families/", "cases/", "pairings/")


@pytest.mark.parametrize("who", ["helper", "family", "nobody"])
def test_no_figure_changes_by_a_refusal(who: str) -> None:
    now, actor = timezone.now(), factories.actor()
    helper, case = factories.helper(), factories.case()
    people = [Caller(factories.user(role, role=role)) for role in ("caseworker", "supervisor", "auditor")]

    def figures() -> list[Any]:
        answers = [caller.get(address) for caller in people for address in FIGURES]
        details = [people[0].get(f"{rows}/{row.pk}/") for rows, row in (("helpers", helper), ("cases", case))]
        return [answer.json() for answer in (*answers, *details) if answer.status_code == 200]

    before = figures()
    offer = make_offer(case=case, helper=helper, actor=actor, now=now)
    if who == "helper":
        answer_offer(offer=offer, accept=False, actor=actor, now=now)
    else:
        answer_offer(offer=offer, accept=True, actor=actor, now=now)
    if who == "family":
        record_family_answer(offer=offer, answer="other_helper", answers={"given_by": "self"}, actor=actor, now=now)
    withdraw_offers(case=case, actor=actor, now=now)
    assert len(before) > 15
    assert _plain(figures()) == _plain(before)


def _plain(answers: list[Any]) -> str:
    """Without the times at which the answers were made."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+", "", str(answers))
