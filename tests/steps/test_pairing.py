"""Pairing on the real diagram: who is asked and how, both consents, the gate, what can go wrong."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.models import Case, Review
from backend.core.errors import DomainError
from backend.helpers.kinds import load_kinds
from backend.helpers.models import Helper, Offer, Pairing, Proposal
from backend.helpers.register import end_helper, register_helper, update_helper
from tests import factories
from tests.kept import kept
from tests.steps.office import Office
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db


@kept
def office() -> Office:
    return Office()


def fresh(case: Case) -> Case:
    return Case.objects.select_related("family").get(pk=case.pk)


def searching(office: Office) -> Case:
    case = office.open()
    office.file(case)
    return case


def pick(office: Office, case: Case, helper: Helper, **more: Any) -> None:
    answers = {"pick_result": "pick", "helper": str(helper.pk), **more}
    office.do(case, "pick_helper", office.caseworker, answers)


def test_the_caseworker_sees_why_and_may_choose_otherwise(office: Office) -> None:
    near = office.helper(unit=factories.village())
    far = factories.helper(unit=factories.region("120114101000"))
    others = [factories.helper() for _ in range(3)]
    case = searching(office)
    listed = office.form(case, "pick_helper", office.caseworker).facts["shortlist"]
    assert listed[0]["helper"] == str(near.pk)
    assert len(listed) == 3
    assert "same_village" in listed[0]["reasons"]
    assert not Proposal.objects.filter(helper=far).exists()
    with pytest.raises(DomainError) as refused:
        pick(office, case, far)
    assert refused.value.code == "not_on_shortlist"
    pick(office, case, far, override=True, reason="老乡,说得来")
    assert Offer.objects.get().reason == "老乡,说得来"
    assert others


def test_a_hard_rule_cannot_be_overridden(office: Office) -> None:
    office.helper()
    away = factories.helper(status="away")
    case = searching(office)
    with pytest.raises(DomainError) as refused:
        pick(office, case, away, override=True, reason="x")
    assert [(problem.pointer, problem.code) for problem in refused.value.problems] == [
        ("/answers/helper", "not_active")
    ]


def test_a_soldier_is_asked_through_the_unit_without_a_name(office: Office) -> None:
    unit = factories.partner()
    liaison = factories.user("liaison", role="liaison", unit=unit)
    soldier = factories.helper(
        kind_="soldier_son", partner_unit=unit, user=office.volunteer, to_date=office.today + timedelta(days=400)
    )
    case = searching(office)
    pick(office, case, soldier)
    item = WorkItem.objects.get(step="answer_for_unit", state="open")
    assert (item.unit, item.role, item.family, item.family_label) == (unit, "liaison", None, "")
    told = office.form(case, "answer_for_unit", liaison)
    assert set(told.facts) == {
        "age_band", "members", "township", "village", "languages", "needs", "answer_until",
    }  # fmt: skip
    office.do(case, "answer_for_unit", liaison, {"answer": "ask_helper"})
    assert office.item(case, "answer_offer").assignee == office.volunteer
    office.do(case, "answer_offer", office.volunteer, {"answer": "accept"})
    office.agree(case)
    assert Pairing.objects.get().kind.code == "soldier_son"


def test_the_unit_may_answer_itself_under_an_agreed_name(office: Office) -> None:
    unit = factories.partner()
    liaison = factories.user("liaison", role="liaison", unit=unit)
    soldier = factories.helper(kind_="soldier_son", partner_unit=unit, name="周卫国")
    case = searching(office)
    pick(office, case, soldier)
    office.do(case, "answer_for_unit", liaison, {"answer": "accept", "alias": "小周"})
    assert office.form(case, "ask_family", office.village).facts["helper"] == "小周"


def test_somebody_without_an_account_is_asked_in_person(office: Office) -> None:
    helper = factories.helper()
    case = searching(office)
    pick(office, case, helper)
    assert office.waiting(case) == ["ask_helper"]
    office.do(case, "ask_helper", office.village, {"answer": "decline", "asked_on": office.today.isoformat()})
    assert Offer.objects.get().state == "declined"
    assert office.waiting(case) == ["interim_visit"]  # nobody else is there: the waiting list
    assert fresh(case).phase == "waiting"


def test_silence_lapses_and_nobody_is_asked_twice(office: Office) -> None:
    first, second = office.helper(), factories.helper()
    case = searching(office)
    pick(office, case, first)
    office.pass_time(days=7)
    assert Offer.objects.get().state == "expired"
    assert office.waiting(case) == ["pick_helper"]
    listed = office.form(case, "pick_helper", office.caseworker).facts["shortlist"]
    assert [entry["helper"] for entry in listed] == [str(second.pk)]


@pytest.mark.parametrize("answer", ["other_helper", "refuse"])
def test_the_family_decides_too(office: Office, answer: str) -> None:
    helper = office.helper()
    factories.helper()
    case = searching(office)
    pick(office, case, helper)
    office.do(case, "answer_offer", office.volunteer, {"answer": "accept"})
    said = {"family_answer": answer, "given_by": "self", "given_on": office.today.isoformat(), "method": "home"}
    office.do(case, "ask_family", office.village, said)
    if answer == "other_helper":
        assert Offer.objects.get().state == "withdrawn"
        assert office.waiting(case) == ["pick_helper"]
    else:
        assert (fresh(case).state, fresh(case).family.willingness) == ("paused", "refused")
        assert Offer.objects.get().state == "withdrawn"
    assert not Pairing.objects.exists()


def accepted(office: Office, **fields: Any) -> Case:
    helper = office.helper(**fields)
    case = searching(office)
    pick(office, case, helper)
    office.do(case, "answer_offer", office.volunteer, {"answer": "accept"})
    said = {"family_answer": "agree", "given_by": "self", "given_on": office.today.isoformat(), "method": "home"}
    office.do(case, "ask_family", office.village, said)
    return case


def test_the_gate_stops_until_what_is_missing_is_done() -> None:
    office = Office()
    case = accepted(office, insured_until=None, trained_on=None)
    assert office.waiting(case) == ["fix_gate"]
    assert office.form(case, "fix_gate", office.caseworker).facts["gate_reason"] == "not_insured"
    office.do(case, "fix_gate", office.caseworker, {"fix_result": "fixed", "done": ["insurance", "training"]})
    helper = Helper.objects.get()
    assert (helper.trained_on, helper.insured_until) == (office.today, office.today + timedelta(days=365))
    assert office.waiting(case) == ["hold_first_meeting"]


def test_the_gate_given_up(office: Office) -> None:
    case = accepted(office, insured_until=None)
    office.do(case, "fix_gate", office.caseworker, {"fix_result": "give_up", "note": "不愿买保险"})
    assert Offer.objects.get().state == "withdrawn"
    assert fresh(case).phase == "waiting"


def test_young_helpers_are_accompanied() -> None:
    office = Office()
    case = accepted(office, birth_date=office.today.replace(year=office.today.year - 17))
    office.do(
        case,
        "hold_first_meeting",
        office.village,
        {"meeting_result": "go_on", "met_on": office.today.isoformat(), "present": ["family", "helper"]},
    )
    values = office.form(case, "sign_agreement", office.caseworker).values
    assert values["planned_end"] == date(2027, 3, 2).isoformat()
    signed = {
        **values,
        "items": ["comfort"],
        "no_money_clause": True,
        "emergency_plan": "120",
        "signed_by_family": True,
        "signed_by_helper": True,
    }
    with pytest.raises(DomainError) as refused:
        office.do(case, "sign_agreement", office.caseworker, {**signed, "planned_end": values["start_date"]})
    assert refused.value.problems[0].pointer == "/answers/planned_end"
    office.do(case, "sign_agreement", office.caseworker, signed)
    facts = office.form(case, "confirm_pairing", office.supervisor).facts
    assert (facts["gate"], facts["agreement"]["cadence"]) == ("accompany", "monthly")
    back = {"confirm_result": "return", "return_reason": "signature_missing"}
    office.do(case, "confirm_pairing", office.supervisor, back)
    office.do(case, "sign_agreement", office.caseworker, signed)
    office.do(case, "confirm_pairing", office.supervisor, {"confirm_result": "confirm"})
    pairing = Pairing.objects.get()
    assert (pairing.accompanied, pairing.offer) == (True, Offer.objects.get())
    decisions = Review.objects.filter(subject="pairing").order_by("id").values_list("decision", flat=True)
    assert list(decisions) == ["return", "confirm"]


def test_the_last_place_taken_meanwhile_is_a_conflict_and_nothing_is_done(office: Office) -> None:
    case = accepted(office, max_families=1)
    helper = Helper.objects.get()
    met = {"meeting_result": "go_on", "met_on": office.today.isoformat(), "present": ["family", "helper"]}
    office.do(case, "hold_first_meeting", office.village, met)
    values = office.form(case, "sign_agreement", office.caseworker).values
    more = {"items": ["comfort"], "no_money_clause": True, "emergency_plan": "120"}
    signed = {**values, **more, "signed_by_family": True, "signed_by_helper": True}
    office.do(case, "sign_agreement", office.caseworker, signed)
    factories.pairing(factories.case(), helper)
    with pytest.raises(DomainError) as refused:
        office.do(case, "confirm_pairing", office.supervisor, {"confirm_result": "confirm"})
    assert (refused.value.code, refused.value.status) == ("no_free_place", 409)
    assert office.waiting(case) == ["confirm_pairing"]
    assert not Review.objects.filter(subject="pairing").exists()


def test_a_free_helper_is_announced_to_the_waiting_case(office: Office) -> None:
    case = searching(office)
    assert (office.waiting(case), fresh(case).phase) == (["interim_visit"], "waiting")
    register_helper(
        kind=factories.kind(),
        name="新来的",
        unit=factories.town(),
        fields={"from_date": factories.LONG_AGO},
        actor=factories.actor(),
        now=office.now,
    )
    office.work()
    assert (office.waiting(case), fresh(case).phase) == (["pick_helper"], "pairing")


def test_two_weeks_without_anybody_are_told_to_the_supervisor(office: Office) -> None:
    case = searching(office)
    office.pass_time(days=14)
    assert Event.objects.filter(action="case.gap_reported").count() == 1
    visited = {"visited_on": office.today.isoformat(), "met": "met", "channel": "home", "needs": ["health"]}
    office.do(case, "interim_visit", office.village, visited)
    visit = fresh(case).visits.get()
    assert (visit.state, visit.pairing, visit.recorded_by) == ("done", None, office.village)


@pytest.mark.parametrize(("days", "refused"), [(0, False), (3, False), (6, False), (7, True), (-1, True)])
def test_an_interim_visit_of_which_only_the_day_is_known(office: Office, days: int, refused: bool) -> None:
    case = searching(office)
    answers = {"visited_on": (office.today - timedelta(days=days)).isoformat(), "met": "met", "channel": "home"}
    if refused:
        with pytest.raises(DomainError) as problem:
            office.do(case, "interim_visit", office.village, answers)
        assert problem.value.problems[0].pointer == "/answers/visited_on"
    else:
        office.do(case, "interim_visit", office.village, answers)
        assert fresh(case).visits.get().state == "done"


def test_the_helper_ends_while_being_asked(office: Office) -> None:
    helper = office.helper()
    factories.helper()
    case = searching(office)
    pick(office, case, helper)
    end_helper(helper=helper, reason="ill", ended_on=office.today, actor=factories.actor(), now=office.now)
    office.work()
    assert Offer.objects.get().state == "withdrawn"
    assert office.waiting(case) == ["pick_helper"]
    outcomes = Instance.objects.filter(case=case, process__key="pairing").order_by("created_at", "id")
    assert list(outcomes.values_list("outcome", flat=True)) == ["helper_ended", ""]


def test_somebody_elses_end_disturbs_nobody(office: Office) -> None:
    helper, other = office.helper(), factories.helper()
    case = searching(office)
    pick(office, case, helper)
    office.send(case, "helper_ended", helper=str(other.pk), reason="ill")
    assert office.waiting(case) == ["answer_offer"]
    assert Offer.objects.get().state == "open"


def test_thirty_days_and_the_campaigns_day(office: Office) -> None:
    programme = factories.programme()
    programme.data = {"campaign_day": "03-20"}
    programme.save()
    case = accepted(office)
    office.pass_time(days=17)
    assert not Event.objects.filter(action="case.pairing_delayed").exists()
    office.pass_time(days=2)
    assert Event.objects.filter(action="case.pairing_delayed").count() == 1
    assert office.waiting(case) == ["hold_first_meeting"]


def test_corrected_entries_reach_the_gate(office: Office) -> None:
    case = accepted(office, insured_until=None)
    helper = Helper.objects.get()
    changes = {"insured_until": date(2030, 1, 1)}
    update_helper(helper=helper, changes=changes, actor=factories.actor(), now=office.now)
    office.do(case, "fix_gate", office.caseworker, {"fix_result": "fixed"})
    assert office.waiting(case) == ["hold_first_meeting"]
    assert load_kinds() == 0
