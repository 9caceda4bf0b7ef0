"""Service plans on the real diagrams (P05): advice, signature, the family's word, items, what departments hear."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.core.errors import DomainError
from backend.reminders.models import Reminder
from backend.services.catalogue import holds_more_than_visits, load_catalogue
from backend.services.models import Card, Plan, Referral
from backend.services.referrals import PackageClosed, open_package
from backend.services.share import contents
from tests import factories
from tests.kept import kept
from tests.services.planning import ADDRESS, PHONE, Planning
from tests.steps.office import SURVEYED
from workflows import service_plans
from workflows.authority import FourEyes
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db


@kept
def office() -> Planning:
    return Planning()


RUNS = ("referral", "service_plan_referral")


def actions(office: Planning) -> list[str]:
    return list(Event.objects.filter(case_id=office.case.pk).order_by("seq").values_list("action", flat=True))


def test_from_a_need_to_needs_that_are_met(office: Planning) -> None:
    """W10: the department accepts, gives it, the family confirms, the effect is looked at."""
    office.begin()
    form = office.form(office.case, "assess_needs", office.caseworker)
    assert form.values["needs"] == ["health"]
    office.do(office.case, "assess_needs", office.caseworker, {
        "assessment": "needs", "needs": ["health"], "level": "urgent", "evidence": "村医看过",
    })  # fmt: skip
    advised = office.form(office.case, "compose_plan", office.caseworker)
    assert {"family_doctor", "health_management"} <= set(advised.values["services"])
    assert "60" in next(row.note for row in advised.offered["services"] if row.value == "family_doctor")
    office.do(office.case, "compose_plan", office.caseworker, {"services": ["family_doctor"]})
    with pytest.raises(DomainError):
        office.do(office.case, "confirm_plan", office.caseworker, {"confirmation": "confirm"})
    office.do(office.case, "confirm_plan", office.supervisor, {"confirmation": "confirm"})
    office.family_agrees()
    assert office.items() == {"family_doctor": "referred"}
    heard = Reminder.objects.get(kind="referral.sent")
    assert (heard.unit_id, heard.role, heard.family_id, heard.label) == (
        office.clinic.pk, "liaison", None, office.referral.number,
    )  # fmt: skip
    office.answer(office.liaison, note="周二上门")
    assert Reminder.objects.get(kind="referral.answered").role == "caseworker"
    office.give("deliver_by_department", office.liaison)
    assert office.items() == {"family_doctor": "given"}
    office.received()
    assert office.items() == {"family_doctor": "delivered"}
    office.do(
        office.case, "review_effect", office.caseworker, {"effect": "met", "next_step": "close", "note": "好多了"}
    )
    plan = office.plan
    assert (plan.state, plan.result, plan.effect) == ("closed", "delivered", "met")
    told = actions(office)
    wanted = ["plan.opened", "plan.assessed", "plan.proposed", "plan.confirmed", "plan.agreed", "plan.begun",
              "referral.sent", "referral.accepted", "referral.shared", "plan_item.given", "plan_item.received",
              "plan.reviewed", "plan.closed"]  # fmt: skip
    assert [action for action in told if action.split(".")[0] in {"plan", "plan_item", "referral"}] == wanted
    assert not Event.objects.filter(body__contains="村医看过").exists()


def test_a_department_hears_no_name_before_it_accepts_and_only_what_it_needs_afterwards() -> None:
    office = Planning()
    office.run("family_doctor")
    item = office.item(office.case, "answer_referral")
    assert (item.unit_id, item.family_id, item.family_label) == (office.clinic.pk, None, "")
    before = office.form(office.case, "answer_referral", office.liaison)
    assert before.facts["age_band"] == "70–79"
    seen = str(before)
    assert not [each for each in ("孙桂兰", PHONE, ADDRESS, "赵庄") if each in seen]
    assert contents(office.referral) == {}
    office.answer(office.liaison)
    shared = contents(office.referral)
    assert shared == {"name": "孙桂兰", "phone_number": PHONE, "address": ADDRESS}
    event = Event.objects.get(action="referral.shared")
    assert event.data["share_fields"] == ["address", "name", "phone_number"]
    assert not [each for each in (PHONE, ADDRESS) if each in event.body]
    actor = factories.actor(office.liaison, role="liaison", unit=office.clinic)
    assert open_package(referral=office.referral, user=office.liaison, actor=actor, now=office.now) == shared
    assert Event.objects.filter(action="referral.opened").count() == 1
    until = office.referral.shared_until
    assert until is not None
    with pytest.raises(PackageClosed):
        open_package(referral=office.referral, user=office.liaison, actor=actor, now=until)
    just_before = until - timedelta(seconds=1)
    assert open_package(referral=office.referral, user=office.liaison, actor=actor, now=just_before)


def test_who_keeps_the_name_to_oneself_is_helped_all_the_same(office: Planning) -> None:
    """PIPL art. 23: without a separate consent the department learns at most the village."""
    office.run("counselling", share=False)
    office.answer(office.liaison)
    assert contents(office.referral) == {"village": "赵庄村"}


def test_a_refusal_goes_once_to_another_department_then_to_the_meeting(office: Planning) -> None:
    """E24: reason code, re-routed once, the leading group's list, the family told within five days."""
    office.run("family_doctor")
    first = office.referral
    office.decline(office.liaison)
    first.refresh_from_db()
    assert (first.state, first.reason) == ("declined", "no_budget")
    second = office.referral
    assert (second.round, second.department, second.unit) == (2, "medical_insurance", None)
    assert office.item(office.case, "answer_referral").role == "caseworker"
    office.decline(office.caseworker, "not_duty")
    item = office.plan.items.get()
    assert item.state == "declined"
    assert item.listed_at == office.now
    work = office.item(office.case, "tell_family")
    assert (work.due_at.date() - office.now.date()).days == 5
    office.pass_time(days=6)
    item.refresh_from_db()
    assert item.told_late_at is not None
    late = Reminder.objects.get(kind="plan_item.told_late")
    assert (late.role, late.unit, late.label) == ("supervisor", office.case.unit, office.case.number)
    told = {"told_on": office.today.isoformat(), "told_how": "home"}
    with pytest.raises(DomainError):
        office.do(office.case, "tell_family", office.village, {**told, "told_on": "2026-03-01"})
    office.do(office.case, "tell_family", office.village, told)
    item.refresh_from_db()
    assert item.told_on == office.today
    assert office.waiting(office.case)[-1] != "tell_family"
    assert "review_effect" in office.waiting(office.case)


def test_no_answer_in_five_working_days_is_noted_and_the_item_stays(office: Planning) -> None:
    office.run("family_doctor")
    due = office.item(office.case, "answer_referral").due_at
    office.go_to(due - timedelta(seconds=1))
    assert not Referral.objects.filter(late_at__isnull=False).exists()
    office.go_to(due + timedelta(seconds=1))
    assert office.referral.late_at is not None
    assert "answer_referral" in office.waiting(office.case)


def test_what_is_given_here_is_confirmed_by_somebody_else_and_given_again_when_it_did_not_come(
    office: Planning,
) -> None:
    office.run("escort")
    office.give("deliver_item", office.village)
    item = office.item(office.case, "confirm_with_family")
    assert str(office.village.pk) in item.excluded
    factories.member(office.village, "caseworker")
    with pytest.raises(FourEyes):
        office.do(office.case, "confirm_with_family", office.village, {"received": "received", "received_by": "voice"})
    office.received("not_received")
    office.give("deliver_item", office.village)
    office.received("partly")
    assert office.items() == {"escort": "partly"}


def test_a_bereaved_family_gets_a_card_and_a_package_that_do_not_say_so() -> None:
    """S7 to S9: printed names are neutral; the package is delivered item by item."""
    office = Planning(declared_categories=["bereaved"])
    office.begin()
    office.do(office.case, "assess_needs", office.caseworker, {
        "assessment": "needs", "needs": ["comfort"], "level": "ordinary", "evidence": "x",
    })  # fmt: skip
    advised = office.form(office.case, "compose_plan", office.caseworker).values["services"]
    assert {"card_moss", "package_moss"} <= set(advised)
    office.do(office.case, "compose_plan", office.caseworker, {"services": ["card_moss", "package_moss"]})
    office.do(office.case, "confirm_plan", office.supervisor, {"confirmation": "confirm"})
    office.family_agrees()
    card = Card.objects.select_related("entry").get()
    printed = f"{card.number} {card.entry.printed_name}"
    assert not [word for word in ("苔花", "失独", "特殊", "伤残", "bereaved", "moss") if word in printed]
    assert card.expires_on is not None
    assert (card.expires_on.year, card.expires_on.month) == (2028, 3)
    assert sorted(office.items()) == ["card_moss", "counselling", "escort", "family_doctor", "home_check"]
    assert office.plan.items.filter(package__code="package_moss").count() == 4


def test_half_a_year_later_the_plan_is_looked_at_whatever_is_still_open(office: Planning) -> None:
    plan = office.run("family_doctor")
    assert plan.review_on is not None
    assert (plan.review_on.month, plan.review_on.day) == (9, 2)
    office.pass_time(days=185)
    told = {"effect": "unmet", "next_step": "close", "note": "一直没有医生来"}
    office.do(office.case, "review_effect", office.caseworker, told)
    plan.refresh_from_db()
    assert (plan.result, plan.listed_at) == ("impossible", office.now)
    assert office.items() == {"family_doctor": "withdrawn"}
    assert Referral.objects.get().state == "withdrawn"
    assert not WorkItem.objects.filter(case=office.case, process__in=RUNS, state="open")


def test_a_family_that_declines_gets_no_items_and_a_case_that_closes_stops_all(office: Planning) -> None:
    office.begin()
    office.compose("family_doctor")
    refuse = {"consent": "refuse", "given_by": "self", "asked_on": office.today.isoformat()}
    office.do(office.case, "ask_family", office.village, refuse)
    assert office.plan.result == "declined"
    office.run("family_doctor", "escort")
    office.send(office.case, "case_closed", reason="other")
    assert office.plan.result == "stopped_closed"
    assert set(office.items().values()) == {"withdrawn"}
    states = Instance.objects.filter(process__key__in=RUNS).values_list("state", flat=True)
    assert set(states) == {"done"}


def test_one_plan_at_a_time_takes_in_further_needs() -> None:
    """E6: tasks merge."""
    office = Planning()
    plan = office.begin("health")
    assert office.begin("legal", "health").pk == plan.pk
    assert office.plan.needs == ["health", "legal"]
    assert Instance.objects.filter(process__key="service_plan_referral").count() == 1


def test_a_case_that_nobody_conducts_gets_no_plan(office: Planning) -> None:
    case = factories.case(factories.family(label="无人办"))
    with pytest.raises(service_plans.NotConducted):
        service_plans.start_plan(case=case, needs=["health"], actor=factories.actor(), now=office.now)


@pytest.mark.parametrize(("needs", "planned"), [(["comfort"], False), (["comfort", "legal"], True)])
def test_a_survey_that_finds_more_than_visits_can_meet_opens_a_plan(
    office: Planning, needs: list[str], planned: bool
) -> None:
    office.file(office.case, needs=needs)
    assert Plan.objects.filter(source="intake").exists() is planned
    assert ("assess_needs" in office.waiting(office.case)) is planned
    assert SURVEYED["needs"] == ["comfort"]


def test_a_special_family_always_has_a_plan_where_there_is_a_package_for_it() -> None:
    """S7: the plan covers every one of them; without a catalogue there is nothing to compose it from."""
    place: dict[str, Any] = {"path": factories.village().path, "day": factories.TODAY}
    assert not holds_more_than_visits(["comfort"], is_special=True, **place)
    load_catalogue()
    assert holds_more_than_visits(["comfort"], is_special=True, **place)
    assert not holds_more_than_visits(["comfort"], is_special=False, **place)
    assert holds_more_than_visits(["legal"], is_special=False, **place)


def test_what_a_visit_refers_goes_into_the_plan(office: Planning) -> None:
    """D07: a need, followed up as referred."""
    helper = office.helper()
    office.file(office.case)
    office.pair(office.case, helper)
    while "record_visit" not in office.waiting(office.case):
        office.go_to(office.next_timer(office.case) or office.now, case=office.case)
    office.do(office.case, "record_visit", office.volunteer, office.visited(needs=["legal"]))
    told = {"follow_up_result": "referred", "passed_on": ["service_plan"], "referred_to": "司法所", "note": "想立遗嘱"}
    office.do(office.case, "follow_up", office.caseworker, told)
    plan = office.plan
    assert (plan.source, plan.needs) == ("visit", ["legal"])


def test_begun_again_after_half_a_year(office: Planning) -> None:
    first = office.run("escort")
    office.give("deliver_item", office.village)
    office.received()
    office.do(office.case, "review_effect", office.caseworker, {"effect": "met", "next_step": "continue", "note": "好"})
    office.pass_time(days=190)
    first.refresh_from_db()
    assert (first.result, office.plan.source, office.plan.needs) == ("renewed", "review", ["health"])
    assert "assess_needs" in office.waiting(office.case)
