"""Each kind of helper on the real diagram: asked, agreed, through the gates of its kind, paired; and what stops it."""

from datetime import timedelta
from typing import Any

import pytest

from backend.cases.models import Case, Family, Programme
from backend.core.errors import DomainError
from backend.helpers.models import Helper, HelperKind, Pairing
from backend.helpers.pairings import end_pairing, start_pairing
from tests import factories
from tests.kept import kept
from tests.steps.office import Office

pytestmark = pytest.mark.django_db


@kept
def office() -> Office:
    return Office()


ASKED = (
    "soldier_son", "league_child", "volunteer", "neighbour", "mother", "dream_girl", "cadre", "area_duty", "linked",
    "one_to_one", "group_service",
)  # fmt: skip
CHILDREN = {"mother", "dream_girl"}
"""Kinds for families with a child: nobody is with them without a background check, nor alone."""


def searching(office: Office, kind: HelperKind) -> Case:
    """A case of a family whom this kind is for, on file, looking for somebody."""
    Programme.objects.update(helper_kinds=ASKED)
    factories.helper()  # somebody else, so that there is a choice
    case = office.open()
    office.file(case)
    Family.objects.filter(pk=case.family_id).update(categories=kind.categories[:1] or ["empty_nest"])
    if kind.code in CHILDREN:
        birth = office.today - timedelta(days=9 * 365)
        factories.person(case.family, name="小杰", relation="2", birth_date=birth)
    return case


def unprepared(office: Office, kind: HelperKind) -> Helper:
    """A helper who brings nothing of what a gate may ask for."""
    return office.helper(
        kind_=kind, trained_on=None, insured_until=None, checked_on=None, to_date=office.today + timedelta(days=400)
    )


def fix(office: Office, case: Case, *done: str) -> None:
    office.do(case, "fix_gate", office.caseworker, {"fix_result": "fixed", "done": list(done)})


@pytest.mark.parametrize("code", ASKED)
def test_a_kind_goes_through_its_own_gates(office: Office, code: str) -> None:
    kind = HelperKind.objects.get(code=code)
    helper = unprepared(office, kind)
    case = searching(office, kind)
    pick = {"pick_result": "pick", "helper": str(helper.pk), "override": True, "reason": "合适"}
    office.do(case, "pick_helper", office.caseworker, pick)
    office.do(case, "answer_offer", office.volunteer, {"answer": "accept"})
    consent = {"family_answer": "agree", "given_by": "self", "given_on": office.today.isoformat(), "method": "home"}
    office.do(case, "ask_family", office.village, consent)
    if code in CHILDREN:
        fix(office, case, "background_check")
    if kind.gates.get("insurance"):
        fix(office, case, "insurance")
    assert office.waiting(case) == ["hold_first_meeting"]
    office.meet(case)
    pairing = Pairing.objects.get()
    assert (pairing.kind, pairing.seat, pairing.start_reason) == (kind, 1, "chosen")
    untrained = bool(kind.gates.get("training"))
    assert pairing.accompanied == (untrained or code in CHILDREN)
    helper.refresh_from_db()
    assert (helper.checked_on is not None) == (code in CHILDREN)
    assert (helper.insured_until is not None) == bool(kind.gates.get("insurance"))


def test_the_twelfth_is_named_not_asked() -> None:
    office = Office()
    kind = HelperKind.objects.get(code="dual_contact")
    assert {*ASKED, kind.code} == set(HelperKind.objects.values_list("code", flat=True))
    case, helper = searching(office, kind), office.helper(kind_=kind)
    pick = {"pick_result": "pick", "helper": str(helper.pk), "override": True, "reason": "x"}
    with pytest.raises(DomainError) as refused:
        office.do(case, "pick_helper", office.caseworker, pick)
    assert [problem.code for problem in refused.value.problems] == ["kind_not_allowed"]
    assert kind.statutory


def test_a_soldier_who_leaves_soon_is_not_asked(office: Office) -> None:
    kind = HelperKind.objects.get(code="soldier_son")
    case = searching(office, kind)
    helper = office.helper(kind_=kind, to_date=office.today + timedelta(days=150))
    pick = {"pick_result": "pick", "helper": str(helper.pk), "override": True, "reason": "x"}
    with pytest.raises(DomainError) as refused:
        office.do(case, "pick_helper", office.caseworker, pick)
    assert [problem.code for problem in refused.value.problems] == ["service_too_short"]


def test_a_group_serves_fifty_families_and_not_one_more(office: Office) -> None:
    kind = HelperKind.objects.get(code="group_service")
    assert (kind.is_group, kind.max_families) == (True, 50)
    helper = office.helper(kind_=kind)
    case = searching(office, kind)
    for _family in range(49):
        factories.pairing(factories.case(), helper)
    last = factories.pairing(factories.case(), helper)
    pick = {"pick_result": "pick", "helper": str(helper.pk), "override": True, "reason": "x"}
    with pytest.raises(DomainError) as refused:
        office.do(case, "pick_helper", office.caseworker, pick)
    assert [problem.code for problem in refused.value.problems] == ["full"]
    begin: dict[str, Any] = {"from_date": office.today, "actor": factories.actor(), "now": office.now}
    with pytest.raises(DomainError) as refused:
        start_pairing(case=case, helper=helper, **begin)
    assert refused.value.code == "no_free_place"
    end_pairing(pairing=last, reason="need_met", ended_on=office.today, actor=factories.actor(), now=office.now)
    assert start_pairing(case=case, helper=helper, **begin).seat == 1


def test_ten_spells_of_the_same_two_are_ten_rows(office: Office) -> None:
    case, helper, actor = factories.case(), office.helper(), factories.actor()
    for month in range(10):
        now = office.now + timedelta(days=30 * month)
        day = now.date()
        spell = start_pairing(case=case, helper=helper, from_date=day, actor=actor, now=now)
        ended = day + timedelta(days=20)
        end_pairing(pairing=spell, reason="unavailable", ended_on=ended, actor=actor, now=now + timedelta(days=20))
    rows = Pairing.objects.filter(case=case, helper=helper).order_by("from_date")
    assert [(row.seat, (row.to_date - row.from_date).days, row.end_reason) for row in rows if row.to_date] == [
        (1, 20, "unavailable")
    ] * 10
    assert len({row.number for row in rows}) == 10
