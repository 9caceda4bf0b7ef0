"""Care on the real diagram: rhythm, missed and late visits, records from elsewhere, red flags, endings."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.families import classify, record_death, set_willingness
from backend.cases.models import Case, Family
from backend.core.errors import DomainError
from backend.emergencies.models import Incident, SafetyWatch
from backend.health.models import HealthService
from backend.helpers.models import Helper, Pairing
from backend.helpers.register import end_helper, set_status
from backend.helpers.suspensions import lift_suspension, suspend_pairing
from backend.jobs.visits import follow_seasons
from backend.org.access import SYSTEM
from backend.org.models import Membership, Parameter
from backend.reminders.models import Reminder
from backend.rights.models import Grievance
from backend.visits.cadence import DAY_BEGINS, LOCAL
from backend.visits.models import FollowUp, Visit
from backend.visits.submissions import submit
from backend.visits.visits import amend_visit, record_contact
from tests import factories
from tests.api.caller import Caller
from tests.kept import kept
from tests.steps.office import Care, Office
from workflows.beginnings import begin
from workflows.models import Instance, Trace, WorkItem
from workflows.visitors import follow

pytestmark = pytest.mark.django_db


@kept
def office() -> Care:
    return Care()


def fresh(case: Case) -> Case:
    return Case.objects.select_related("family").get(pk=case.pk)


def until_due(office: Care, case: Case) -> None:
    """Wait until the item of the next visit opens."""
    timer = office.next_timer(case)
    assert timer is not None
    office.go_to(timer)
    assert office.waiting(case) == ["record_visit"]


def test_the_item_opens_a_week_before_and_is_the_helpers(office: Care) -> None:
    case, pairing = office.case, office.pairing
    visit = Visit.objects.get()
    assert (visit.planned_for, visit.helper, visit.channel) == (date(2026, 4, 1), pairing.helper, "home")
    assert office.waiting(case) == []
    until_due(office, case)
    assert office.now == datetime(2026, 3, 25, 8, tzinfo=LOCAL)
    assert office.item(case, "record_visit").assignee == office.volunteer
    facts = office.form(case, "record_visit", office.volunteer).facts
    assert facts["planned_for"] == "2026-04-01"
    office.do(case, "record_visit", office.volunteer, office.visited())
    assert Visit.objects.get(state="planned").planned_for == date(2026, 4, 24)


def test_while_the_pairing_is_suspended_the_village_worker_goes(office: Care) -> None:
    case, pairing = office.case, office.pairing
    until_due(office, case)
    actor = factories.actor(office.caseworker)
    spells = Pairing.objects.filter(pk=pairing.pk)
    suspend_pairing(pairing=pairing, reason="complaint", actor=actor, now=office.now)
    assert follow(spells, actor, office.now) == [Visit.objects.get()]
    assert (office.item(case, "record_visit").role, Visit.objects.get().helper) == ("village", None)
    with pytest.raises(DomainError):
        office.do(case, "record_visit", office.volunteer, office.visited())
    office.do(case, "record_visit", office.village, office.visited())
    office.go_to(office.next_timer(case) or office.now)
    assert office.waiting(case) == ["visit_instead"]
    lift_suspension(pairing=pairing, reason="cleared", actor=actor, now=office.now)
    follow(spells, actor, office.now)
    office.do(case, "visit_instead", office.village, office.visited())
    until_due(office, case)
    assert office.item(case, "record_visit").assignee == office.volunteer


def test_missed_the_village_worker_goes_the_supervisor_hears(office: Care) -> None:
    case = office.case
    office.go_to(datetime(2026, 4, 2, 0, 0, tzinfo=LOCAL))
    assert office.waiting(case) == ["visit_instead"]
    visit = Visit.objects.get()
    assert (visit.state, visit.missed_at) == ("missed", datetime(2026, 4, 2, tzinfo=LOCAL))
    office.go_to(datetime(2026, 4, 3, 23, 59, tzinfo=LOCAL))
    assert not Event.objects.filter(action="visit.missed_reported").exists()
    office.go_to(datetime(2026, 4, 4, 0, 0, tzinfo=LOCAL))
    assert Event.objects.filter(action="visit.missed_reported").count() == 1
    told = Reminder.objects.get(kind="visit.missed_reported")
    assert told.role == "supervisor"
    office.do(case, "visit_instead", office.village, office.visited())
    visit.refresh_from_db()
    assert (visit.state, visit.recorded_by, visit.missed_at is not None) == ("done", office.village, True)


@pytest.mark.parametrize("why", ["away", "no account", "inactive", "no membership", "discharged"])
def test_when_the_helper_cannot_the_village_worker_goes(office: Care, why: str) -> None:
    case, pairing = office.case, office.pairing
    if why == "away":
        set_status(helper=pairing.helper, status="away", reason="考试", actor=factories.actor(), now=office.now)
    elif why == "discharged":
        Helper.objects.update(to_date=office.today)
    elif why == "no account":
        Helper.objects.update(user=None)
    elif why == "inactive":
        office.volunteer.is_active = False
        office.volunteer.save()
    else:
        Membership.objects.filter(user=office.volunteer).delete()
    village = factories.actor(office.village, role="village")
    record_contact(case=case, answers=office.visited(), actor=village, now=office.now, id=Visit.objects.get().pk)
    office.work()
    office.pass_time(days=24)
    assert office.waiting(case) == ["visit_instead"]


def test_a_record_from_elsewhere_closes_the_item_and_goes_on(office: Care) -> None:
    case, pairing = office.case, office.pairing
    until_due(office, case)
    office.pass_time(hours=3)
    volunteer, id_ = factories.actor(office.volunteer, role="helper"), uuid4()
    answers = office.visited(needs=["health"])
    for _ in range(2):
        record_contact(case=case, pairing=pairing, answers=answers, actor=volunteer, now=office.now, id=id_)
        office.work()
    assert office.waiting(case) == ["follow_up"]  # the record's red flags are followed up like any other's
    office.do(case, "follow_up", office.caseworker, {"follow_up_result": "advice", "note": "已联系卫生院"})
    assert FollowUp.objects.get().visit_id == id_
    states = dict(Visit.objects.values_list("pk", "state"))
    assert sorted(states.values()) == ["cancelled", "done", "planned"]
    assert Visit.objects.get(pk=id_).red_flags == ["need"]


@pytest.mark.parametrize("by_telephone", [False, True])
def test_one_visit_serves_two_programmes_and_is_followed_up_once(office: Care, by_telephone: bool) -> None:
    """E6: whoever comes for one programme comes for the other too; nobody is asked twice about the same visit."""
    case, pairing = office.case, office.pairing
    other = office.open_another(case)
    first, office.volunteer = office.volunteer, factories.user("neighbour", role="helper", name="钱大嫂")
    neighbour = office.helper(name="钱大嫂")
    office.file(other)
    office.pair(other, neighbour, cadence="quarterly")
    office.volunteer = first
    assert Visit.objects.filter(state="planned").count() == 2
    until_due(office, case)
    office.pass_time(hours=3)
    answers = office.visited(needs=["health"])
    if by_telephone:
        volunteer = factories.actor(office.volunteer, role="helper")
        record_contact(case=case, pairing=pairing, answers=answers, actor=volunteer, now=office.now)
        office.work()
    else:
        office.do(case, "record_visit", office.volunteer, answers)
        office.work()
    waiting = sorted(office.waiting(case) + office.waiting(other))
    assert waiting == ["follow_up"]
    following = case if office.waiting(case) else other
    office.do(following, "follow_up", office.caseworker, {"follow_up_result": "advice", "note": "已联系卫生院"})
    plans = Visit.objects.filter(state="planned")
    assert {plan.case_id for plan in plans} == {case.pk, other.pk}
    assert len({plan.planned_for for plan in plans}) == 1  # the stricter agreement, for both


def test_whoever_is_faster_the_item_or_the_telephone(office: Care) -> None:
    case, pairing = office.case, office.pairing
    until_due(office, case)
    plan = Visit.objects.get()
    volunteer = factories.actor(office.volunteer, role="helper")
    record_contact(case=case, pairing=pairing, answers=office.visited(), actor=volunteer, now=office.now, id=plan.pk)
    with pytest.raises(DomainError) as refused:  # the worker has not told the process yet
        office.do(case, "record_visit", office.volunteer, office.visited())
    assert (refused.value.code, refused.value.status) == ("visit_already_recorded", 409)
    office.work()
    assert office.waiting(case) == []
    assert Visit.objects.filter(state="planned").count() == 1


def test_visited_before_it_was_due(office: Care) -> None:
    case, pairing = office.case, office.pairing
    plan = Visit.objects.get()
    volunteer = factories.actor(office.volunteer, role="helper")
    record_contact(case=case, pairing=pairing, answers=office.visited(), actor=volunteer, now=office.now, id=plan.pk)
    office.work()
    assert Visit.objects.get(state="planned").planned_for == office.today + timedelta(days=30)


def test_late_needs_a_reason_in_the_form(office: Care) -> None:
    case = office.case
    until_due(office, case)
    start = (office.now - timedelta(days=3)).isoformat()
    answers = office.visited(started_at=start, ended_at=start)
    with pytest.raises(DomainError) as refused:
        office.do(case, "record_visit", office.volunteer, answers)
    assert [problem.pointer for problem in refused.value.problems] == ["/answers/late_reason"]
    office.do(case, "record_visit", office.volunteer, {**answers, "late_reason": "演习"})
    assert Visit.objects.filter(is_late=True, state="done").count() == 1


@pytest.mark.parametrize("decision", ["allow", "refuse"])
def test_a_very_late_record_waits_for_the_supervisor(office: Care, decision: str) -> None:
    case = office.case
    until_due(office, case)
    start = (office.now - timedelta(days=8)).isoformat()
    answers = office.visited(started_at=start, ended_at=start, late_reason="手机坏了")
    office.do(case, "record_visit", office.volunteer, answers)
    assert office.waiting(case) == ["allow_late_record"]
    office.do(case, "allow_late_record", office.supervisor, {"late_decision": decision, "reason": "已核实"})
    first = Visit.objects.exclude(state="planned").get()
    assert first.state == {"allow": "done", "refuse": "missed"}[decision]
    assert Visit.objects.filter(state="planned").count() == 1


@pytest.mark.parametrize("decision", ["allow", "refuse"])
def test_danger_in_a_very_late_record_does_not_wait_for_the_supervisor(office: Care, decision: str) -> None:
    """E8, E9: nobody stands between danger and help; E20 only says whether the record counts. It is reported once."""
    case = office.case
    until_due(office, case)
    start = (office.now - timedelta(days=8)).isoformat()
    answers = office.visited(started_at=start, ended_at=start, late_reason="手机坏了", worries=["minor_alone"])
    office.do(case, "record_visit", office.volunteer, answers)
    assert Incident.objects.get().kind == "child_alone"
    assert WorkItem.objects.filter(step="acknowledge", state="open").count() == 1
    assert office.waiting(case) == ["allow_late_record"]
    office.do(case, "allow_late_record", office.supervisor, {"late_decision": decision, "reason": "已核实"})
    assert Incident.objects.count() == 1
    assert Event.objects.filter(action="visit.alarm_raised").count() == 1
    assert office.waiting(case) == {"allow": ["follow_up"], "refuse": []}[decision]


def test_danger_that_only_a_correction_tells_is_reported_once(office: Care) -> None:
    """D07, E8."""
    case = office.case
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited())
    visit, actor = Visit.objects.get(state="done"), factories.actor(office.volunteer)
    for more in ({"worries": ["gas_or_fire"]}, {"note": "煤气已关"}):
        amend_visit(visit=visit, answers=more, reason="漏记", actor=actor, now=office.now)
        office.work()
        assert Incident.objects.get().kind == "fire"
    visit.refresh_from_db()
    assert visit.red_flags == ["emergency"]


def test_danger_in_a_record_that_differs_does_not_wait_until_somebody_decides_between_them(office: Care) -> None:
    """E9: and whoever sent it is the finder; the record that counts so far, and its flags, stay."""
    case = office.case
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited())
    visit = Visit.objects.get(state="done")
    before = visit.answers
    submit(
        id=uuid4(), visit_id=visit.pk, case=case, pairing=None, answers=office.visited(worries=["abuse_signs"]),
        based_on=None, reason="", device_at=None, actor=factories.actor(office.village), now=office.now,
    )  # fmt: skip
    office.work()
    found = Incident.objects.get()
    assert (found.kind, found.visit, found.is_found_by(office.village)) == ("abuse", visit, True)
    visit.refresh_from_db()
    assert (visit.answers, visit.red_flags, visit.recorded_by) == (before, [], office.volunteer)


@pytest.mark.parametrize(("decision", "state"), [("allow", "done"), ("refuse", "missed")])
def test_a_very_late_record_that_no_run_waits_for_comes_before_the_supervisor(decision: str, state: str) -> None:
    """E20: somebody just went there, and wrote it down nine days later; whoever wrote it does not decide."""
    office = Office()
    case = office.open()
    recorder = factories.user("second", role="supervisor")
    start = (office.now - timedelta(days=9)).isoformat()
    answers = office.visited(started_at=start, ended_at=start, late_reason="没有信号", worries=["gas_or_fire"])
    actor = factories.actor(recorder, role="supervisor")
    record_contact(case=case, answers=answers, actor=actor, now=office.now)
    office.work()
    assert Incident.objects.get().kind == "fire"
    assert office.item(case, "allow_late_record").role == "supervisor"
    [told] = [fact for fact in office.form(case, "allow_late_record", office.supervisor).told if fact.name == "visit"]
    assert ("结果", "见到") in {(fact.label, fact.text) for fact in told.facts}
    with pytest.raises(DomainError):
        office.do(case, "allow_late_record", recorder, {"late_decision": "allow", "reason": "我去过"})
    office.do(case, "allow_late_record", office.supervisor, {"late_decision": decision, "reason": "已向村里核实"})
    assert Visit.objects.get().state == state
    assert Instance.objects.get(process__key="late_record").state == "done"


def test_a_record_that_waits_when_the_visits_end_is_still_decided(office: Care) -> None:
    case = office.case
    until_due(office, case)
    start = (office.now - timedelta(days=8)).isoformat()
    answers = office.visited(started_at=start, ended_at=start, late_reason="手机坏了")
    office.do(case, "record_visit", office.volunteer, answers)
    office.send(case, "family_moved", to="out_of_county", moved_on="2026-03-01")
    assert fresh(case).state == "closed"
    assert office.item(case, "allow_late_record").process == "late_record"
    office.do(case, "allow_late_record", office.supervisor, {"late_decision": "allow", "reason": "已核实"})
    assert Visit.objects.get(recorded_at__isnull=False).state == "done"


@pytest.mark.parametrize(
    ("found", "waiting"),
    [
        ({}, []),
        ({"visit_result": "not_met"}, []),  # once more within a week, not at once
        ({"needs": ["health"]}, ["follow_up"]),
        ({"money_or_gifts": True}, ["follow_up"]),
        ({"physical": "injured"}, ["follow_up"]),
        ({"worries": ["abuse_signs"]}, ["follow_up"]),
        ({"mental": "despair"}, ["follow_up"]),
    ],
)
def test_red_flags_go_where_they_belong(office: Care, found: dict[str, Any], waiting: list[str]) -> None:
    case = office.case
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited(**found))
    assert office.waiting(case) == waiting


def test_an_emergency_begins_a_process_of_its_own_and_the_visits_go_on(office: Care) -> None:
    """E8: the officer on duty has it, whoever recorded it stands nowhere, and the caseworker sees where it went."""
    case = office.case
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited(physical="unconscious", note="倒在灶台旁"))
    incident = Incident.objects.get()
    assert (incident.visit, incident.kind, incident.level, incident.state) == (
        Visit.objects.exclude(state="planned").get(), "fall", "at_once", "open",
    )  # fmt: skip
    assert (incident.what, incident.is_found_by(office.volunteer)) == ("倒在灶台旁", True)
    [item] = WorkItem.objects.filter(process="emergency_response", step="acknowledge")
    assert (item.role, item.unit, item.case) == ("supervisor", factories.town(), None)
    told = Event.objects.filter(case_id=case.pk, action__startswith="emergency.")
    assert {event.actor_id for event in told} == {None}
    assert Event.objects.get(action="visit.alarm_raised").data == {}
    facts = office.form(case, "follow_up", office.caseworker).facts
    assert (facts["visit"]["physical"], facts["emergency_number"]) == ("unconscious", incident.number)
    office.do(case, "follow_up", office.caseworker, {"follow_up_result": "tier_review", "note": "出院后再评"})
    assert FollowUp.objects.get().result == "tier_review"
    assert Visit.objects.filter(state="planned").count() == 1


def test_a_sealed_emergency_is_named_nowhere_in_the_case(office: Care) -> None:
    """E9: who reads the case, or follows its visit up, learns no number to look for."""
    case = office.case
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited(worries=["minor_alone"]))
    incident = Incident.objects.get()
    assert (incident.sealed, incident.report_due, incident.minor) == (True, True, True)
    assert "emergency_number" not in office.form(case, "follow_up", office.caseworker).facts
    assert not Event.objects.filter(case_id=case.pk, action__startswith="emergency.").exists()


@pytest.mark.parametrize("through_the_process", [True, False])
@pytest.mark.parametrize("seen", ["abuse_signs", "minor_alone"])
def test_that_somebody_may_be_abused_stands_in_no_history_of_the_case(
    office: Care, seen: str, through_the_process: bool
) -> None:
    """未成年人保护法 11: nobody reads there what was found, so nobody learns who found it; alarms look all the same."""
    case = office.case
    until_due(office, case)
    found = office.visited(worries=[seen], physical="ill")
    if through_the_process:
        office.do(case, "record_visit", office.volunteer, found)
    else:
        office.send(case, "case_closed", reason="left")
        record_contact(case=case, answers=found, actor=factories.actor(office.village), now=office.now)
        office.work()
    assert Incident.objects.get().is_delicate
    assert Event.objects.get(action="visit.alarm_raised").data == {}
    told = "".join(Event.objects.filter(family_id=case.family_id).values_list("body", flat=True))
    assert "abuse" not in told
    assert "minor_alone" not in told
    for user in (office.village, office.caseworker, factories.user("auditor", role="auditor")):
        said = Caller(user).get(f"cases/{case.pk}/history/", page_size=100).content.decode()
        assert "A visit raised an alarm." in said
        assert not any(word in said for word in ("abuse", "a minor alone"))


def test_why_a_table_flagged_a_visit_is_told_to_who_works_with_the_family(office: Care) -> None:
    """PIPL 28: despair is told to nobody else who reads the history."""
    case = office.case
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited(mental="despair", worries=["abuse_signs"]))
    readers = {"village": office.village, "auditor": factories.user("auditor", role="auditor")}
    said = {
        role: Caller(user).get(f"families/{case.family_id}/history/", page_size=100).content.decode()
        for role, user in readers.items()
    }
    assert "flags: mental crisis, reasons: despair or self-harm" in said["village"]
    assert "despair" not in said["auditor"]
    assert "mental crisis" not in said["auditor"]
    assert "Decision table red flags gave: …." in said["auditor"]
    assert "despair" not in "".join(Event.objects.values_list("body", flat=True))


def test_signs_of_abuse_of_somebody_who_cannot_decide_are_reported(office: Care) -> None:
    """D09: that somebody is looked after by emergency right is known (E27); whoever visits need not say it."""
    case = office.case
    SafetyWatch.objects.create(case=case, state=SafetyWatch.State.WATCHED, doubted_because="不认得来人")
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited(worries=["abuse_signs"]))
    incident = Incident.objects.get()
    assert (incident.incapable, incident.report_due, incident.report_to) == (True, True, "police_civil")


def test_the_same_visit_told_twice_is_one_emergency(office: Care) -> None:
    case, pairing = office.case, office.pairing
    until_due(office, case)
    volunteer, id_ = factories.actor(office.volunteer, role="helper"), uuid4()
    for _ in range(2):
        answers = office.visited(physical="injured")
        record_contact(case=case, pairing=pairing, answers=answers, actor=volunteer, now=office.now, id=id_)
        office.work()
    incident = Incident.objects.get()
    assert incident.visit_id == id_
    begin(noun="emergency", id=incident.pk, actor=SYSTEM, now=office.now)
    assert Instance.objects.filter(process__key="emergency_response").count() == 1


def test_a_visit_leads_on_to_a_plan_a_complaint_and_a_health_service(office: Care) -> None:
    """P03 step 4: each begins a process, and the case tells only that something was passed on."""
    case, pairing = office.case, office.pairing
    until_due(office, case)
    found = office.visited(needs=["legal"], money_or_gifts=True)
    office.do(case, "record_visit", office.volunteer, found)
    facts = office.form(case, "follow_up", office.caseworker).facts
    passed = {
        "follow_up_result": "referred",
        "passed_on": ["service_plan", "complaint", "health_service"],
        "complaint": "收了老人的钱",
        "health_kind": "doctor_contract",
        "person": facts["persons"][0]["person"],
        "note": "已转办",
    }
    with pytest.raises(DomainError) as refused:
        office.do(case, "follow_up", office.caseworker, {**passed, "person": str(uuid4())})
    assert refused.value.problems[0].pointer == "/answers/person"
    office.do(case, "follow_up", office.caseworker, passed)
    running = Instance.objects.filter(state="running").values_list("process__key", flat=True)
    assert {"service_plan_referral", "grievance", "health_service"} <= set(running)
    assert Grievance.objects.get().about_helper == pairing.helper
    assert HealthService.objects.get().instance_id is not None
    assert "doctor_contract" not in FollowUp.objects.get().answers
    assert (
        not Event.objects.filter(case_id=case.pk, body__contains='"complaint"').filter(data__has_key="result").exists()
    )
    [answered] = Event.objects.filter(case_id=case.pk, action="work_item.completed", data__step="follow_up")
    assert set(answered.data["sensitive"]) == {"passed_on", "complaint", "health_kind", "person", "note"}
    assert not Event.objects.filter(case_id=case.pk, action__startswith="grievance.").exists()


def test_three_times_nobody_is_a_welfare_check(office: Care) -> None:
    case = office.case
    until_due(office, case)
    for attempt in (1, 2, 3):
        office.pass_time(hours=3)
        office.do(case, "record_visit", office.volunteer, office.visited(visit_result="not_met"))
        assert office.waiting(case) == ([] if attempt < 3 else ["follow_up"])
        if attempt < 3:
            assert Visit.objects.get(state="planned").planned_for == office.today + timedelta(days=7)
            until_due(office, case)


def test_called_back_by_somebody_else(office: Care) -> None:
    case = office.case
    Parameter.objects.create(key="visit.rules", value={"sample_percent": 100}, from_date=office.today)
    cache.clear()
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited())
    assert office.waiting(case) == ["call_back"]
    office.do(case, "call_back", office.caseworker, {"call_result": "confirmed", "satisfied": 5})
    assert FollowUp.objects.get().result == "confirmed"


def test_whoever_recorded_a_visit_over_the_api_does_not_call_back(office: Care) -> None:
    case, pairing = office.case, office.pairing
    Parameter.objects.create(key="visit.rules", value={"sample_percent": 100}, from_date=office.today)
    cache.clear()
    until_due(office, case)
    plan, caseworker = Visit.objects.get(), factories.actor(office.caseworker)
    record_contact(case=case, pairing=pairing, answers=office.visited(), actor=caseworker, now=office.now, id=plan.pk)
    office.work()
    answers = {"call_result": "confirmed", "satisfied": 5}
    with pytest.raises(DomainError) as refused:
        office.do(case, "call_back", office.caseworker, answers)
    assert (refused.value.code, refused.value.status) == ("own_visit_record", 403)
    office.do(case, "call_back", factories.user("another", role="caseworker"), answers)


def test_discharge_ends_the_spell_and_somebody_else_is_sought(office: Care) -> None:
    case, pairing = office.case, office.pairing
    factories.helper()
    end_helper(
        helper=pairing.helper, reason="discharged", ended_on=office.today, actor=factories.actor(), now=office.now
    )
    office.work()
    pairing.refresh_from_db()
    assert (pairing.to_date, pairing.end_reason) == (office.today, "discharged")
    assert Visit.objects.get().state == "cancelled"
    assert (office.waiting(case), fresh(case).phase) == (["pick_helper"], "pairing")
    care = Instance.objects.get(case=case, process__key="care_visit")
    assert care.outcome == "helper_ended"


def test_of_a_helper_suddenly_gone_the_family_hears_in_person_before_anybody_new_is_sought(office: Care) -> None:
    """E33: whoever the family knows goes there; only then somebody else is looked for, and history says who told."""
    case, pairing = office.case, office.pairing
    factories.helper()
    end_helper(helper=pairing.helper, reason="gone", ended_on=office.today, actor=factories.actor(), now=office.now)
    office.work()
    assert office.waiting(case) == ["tell_in_person"]
    assert office.item(case, "tell_in_person").role == "village"
    assert not Instance.objects.filter(case=case, process__key="pairing", state="running").exists()
    told = Event.objects.filter(action="family.told_in_person")
    assert not told.exists()
    answers = {"visited_on": office.today.isoformat(), "mental": "low", "wants_counselling": True, "note": "哭了"}
    office.do(case, "tell_in_person", office.village, answers)
    assert (office.waiting(case), fresh(case).phase) == (["pick_helper"], "pairing")
    assert (told.get().actor, told.get().case_id) == (office.village.name, case.pk)
    visit = Visit.objects.get(state="done")
    assert (visit.pairing, visit.channel) == (None, "home")
    assert "哭了" not in str(list(Event.objects.values_list("data", "reason")))


@pytest.mark.parametrize("reason", ["ill", "left"])
def test_of_any_other_end_nobody_is_sent_to_tell(office: Care, reason: str) -> None:
    case, pairing = office.case, office.pairing
    factories.helper()
    end_helper(helper=pairing.helper, reason=reason, ended_on=office.today, actor=factories.actor(), now=office.now)
    office.work()
    assert office.waiting(case) == ["pick_helper"]
    assert not Event.objects.filter(action="family.told_in_person").exists()


def test_a_message_alone_ends_the_spell_too(office: Care) -> None:
    case, pairing = office.case, office.pairing
    office.send(case, "helper_ended", helper=str(pairing.helper_id), reason="transferred")
    pairing.refresh_from_db()
    assert (pairing.to_date, pairing.end_reason) == (office.today, "transferred")


def test_not_this_helper_by_telephone_only_or_not_at_all(office: Care) -> None:
    case, pairing = office.case, office.pairing
    office.send(case, "family_refused", level="phone_only")
    assert fresh(case).family.willingness == "phone"
    assert Pairing.objects.get().to_date is None
    office.send(case, "family_refused", level="helper")
    pairing.refresh_from_db()
    assert (pairing.end_reason, fresh(case).state) == ("family_wish", "open")
    office.send(case, "family_refused", level="all")
    assert (fresh(case).state, fresh(case).family.willingness) == ("paused", "refused")
    office.pass_time(days=182)
    assert office.waiting(case) == ["ask_again"]
    answers = {"willing": "willing", "asked_on": office.today.isoformat(), "method": "phone"}
    office.do(case, "ask_again", office.village, answers)
    assert fresh(case).phase in {"pairing", "waiting"}  # on file already: no second survey


@pytest.mark.parametrize(
    ("message", "data", "reason", "status"),
    [
        ("family_moved", {"to": "out_of_county", "moved_on": "2026-03-01"}, "moved", "moved"),
        ("family_died", {"died_on": "2026-03-01"}, "died", "closed"),
        ("case_closed", {"reason": "programme_ended"}, "programme_ended", "registered"),
    ],
)
def test_what_ends_everything(office: Care, message: str, data: dict[str, Any], reason: str, status: str) -> None:
    case, pairing = office.case, office.pairing
    until_due(office, case)
    office.send(case, message, **data)
    case = fresh(case)
    pairing.refresh_from_db()
    assert (case.state, case.close_reason, case.family.status) == ("closed", reason, status)
    assert pairing.to_date == office.today
    assert office.waiting(case) == []
    assert not Instance.objects.filter(case=case, state="running").exists()
    assert not Visit.objects.filter(state="planned").exists()
    office.pass_time(days=400)
    assert office.waiting(case) == []


def test_when_nobody_is_left_alive_everything_stops_by_itself(office: Care) -> None:
    case = office.case
    person = case.family.persons.get()
    record_death(person=person, died_on=office.today, actor=factories.actor(), now=office.now)
    office.work()
    assert (fresh(case).state, fresh(case).close_reason) == ("closed", "died")


def test_no_visits_wanted_waits_for_the_review(office: Care) -> None:
    case = office.case
    until_due(office, case)
    wishes = Family.Willingness.FESTIVAL
    set_willingness(family=fresh(case).family, willingness=wishes, actor=factories.actor(), now=office.now)
    office.do(case, "record_visit", office.volunteer, office.visited())
    assert not Visit.objects.filter(state="planned").exists()
    office.go_to(datetime(2027, 1, 31, 7, 59, tzinfo=LOCAL))
    assert office.waiting(case) == []
    office.go_to(datetime(2027, 1, 31, 8, tzinfo=LOCAL))
    assert office.waiting(case) == ["ask_family_wish"]


def raise_tier(office: Care, case: Case, tier: str) -> None:
    family = fresh(case).family
    classify(family=family, categories=family.categories, tier=tier, actor=factories.actor(), now=office.now)
    office.work()


def coming(case: Case) -> Visit:
    return Visit.objects.get(case=case, state="planned")


def test_a_family_that_only_wants_a_call_is_called_no_later_than_it_would_have_been_visited(office: Care) -> None:
    case = office.case
    office.pass_time(days=10)
    office.send(case, "family_refused", level="phone_only")
    assert (coming(case).channel, coming(case).planned_for) == ("phone", date(2026, 4, 1))
    assert Visit.objects.get(state="cancelled").channel == "home"


def test_a_run_that_waits_for_its_review_without_a_plan_hears_another_wish(office: Care) -> None:
    """D06: found by the run, for there is no visit to find it by."""
    case = office.case
    for wishes, planned in ((Family.Willingness.FESTIVAL, 0), (Family.Willingness.AGREED, 1)):
        set_willingness(family=fresh(case).family, willingness=wishes, actor=factories.actor(), now=office.now)
        office.work()
        assert Visit.objects.filter(state="planned").count() == planned
    assert coming(case).planned_for == date(2026, 4, 1)


def set_season(office: Care, season: str, *, path: str = "", days: int = 7) -> None:
    """From today on, entered last night."""
    row = Parameter.objects.create(
        key="visit.season", value=season, path=path, from_date=office.today,
        to_date=office.today + timedelta(days=days),
    )  # fmt: skip
    Parameter.objects.filter(pk=row.pk).update(created_at=office.now - timedelta(hours=12))
    cache.clear()


def night(office: Care, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job that follows the seasons, and what it queues."""
    with monkeypatch.context() as clock:
        clock.setattr(timezone, "now", lambda: office.now)
        follow_seasons(0)
    office.work()


def test_a_cold_week_reaches_who_was_planned_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """D06, P03: extreme weather doubles A and B; of another place nobody hears, and once is enough."""
    office = Care(self_care=2)
    case = office.case
    assert (fresh(case).family.risk_tier, coming(case).planned_for) == ("B", date(2026, 4, 1))
    office.pass_time(days=10)
    set_season(office, "extreme_weather", path="99.")
    night(office, monkeypatch)
    assert coming(case).planned_for == date(2026, 4, 1)
    set_season(office, "extreme_weather", path=case.unit_path)
    night(office, monkeypatch)
    again = coming(case)
    assert again.planned_for == date(2026, 3, 17)  # 15 days after the pairing began
    night(office, monkeypatch)
    assert coming(case) == again


def test_who_wants_visits_at_festivals_is_visited_when_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wish 仅节日: nothing in between, a visit in the week of the festival, though the run waits for its review."""
    office = Care()
    case = office.case
    set_willingness(
        family=fresh(case).family, willingness=Family.Willingness.FESTIVAL, actor=factories.actor(), now=office.now
    )
    office.work()
    office.pass_time(days=60)
    set_season(office, "extreme_weather", days=2)
    night(office, monkeypatch)
    assert not Visit.objects.filter(state="planned").exists()
    office.pass_time(days=3)
    set_season(office, "festival")
    night(office, monkeypatch)
    planned = coming(case)
    assert planned.planned_for is not None
    assert planned.planned_for <= office.today + timedelta(days=7)
    night(office, monkeypatch)
    assert coming(case) == planned


def test_the_diagram_tells_who_did_what(office: Care) -> None:
    case = office.case
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited())
    row = Trace.objects.get(node="record_visit")
    assert (row.by, row.outcome) == (office.volunteer.name, "met")


# --- other families ---------------------------------------------------------------------------------------------------


def test_high_risk_is_seen_the_next_day_and_weekly() -> None:
    office = Care(self_care=3, disease="severe")
    case = office.case
    assert fresh(case).family.risk_tier == "A"
    assert Visit.objects.get().planned_for == date(2026, 3, 3)
    assert office.waiting(case) == ["record_visit"]
    office.do(case, "record_visit", office.volunteer, office.visited())
    assert Visit.objects.get(state="planned").planned_for == date(2026, 3, 9)


def test_another_tier_is_planned_by_at_once_and_never_later() -> None:
    """D06: a quarterly family that rises to A is seen within 24 hours, to B within the month; who falls waits no
    longer than before."""
    office = Care(cadence="quarterly", lives_alone=False)
    case = office.case
    assert (fresh(case).family.risk_tier, coming(case).planned_for) == ("C", date(2026, 5, 31))
    raise_tier(office, case, "B")
    assert coming(case).planned_for == date(2026, 4, 1)
    office.pass_time(days=10)
    raise_tier(office, case, "A")
    assert coming(case).planned_for == office.today + timedelta(days=1)
    raise_tier(office, case, "C")
    assert coming(case).planned_for == office.today + timedelta(days=1)
    office.do(case, "record_visit", office.volunteer, office.visited())
    assert coming(case).planned_for == office.today + timedelta(days=90)


def test_a_visit_that_is_open_already_is_called_for_sooner_when_something_happens() -> None:
    """D06: within 24 hours, though the item was open and had two weeks left."""
    office = Care(cadence="quarterly", lives_alone=False)
    case = office.case
    until_due(office, case)
    first = coming(case)
    raise_tier(office, case, "B")
    assert coming(case) == first  # no event: what is open stays
    raise_tier(office, case, "A")
    assert coming(case).planned_for == office.today + timedelta(days=1)
    assert Visit.objects.get(pk=first.pk).state == "cancelled"
    assert office.waiting(case) == ["record_visit"]


@pytest.mark.parametrize("cadence", ["weekly", "quarterly"])
def test_nobody_at_home_is_sought_again_after_some_days(cadence: str) -> None:
    """However rarely the family is visited: the time to come again opens a quarter of the wait before its day."""
    office = Care(cadence=cadence)
    case = office.case
    until_due(office, case)
    office.do(case, "record_visit", office.volunteer, office.visited(visit_result="not_met"))
    again = Visit.objects.get(state="planned")
    assert (again.planned_for, again.opens_at) == (
        office.today + timedelta(days=7),
        datetime.combine(office.today + timedelta(days=6), DAY_BEGINS, LOCAL),
    )


def test_quarterly_visits_end_the_review_begins_when_its_time_has_come() -> None:
    """No visit is planned beyond the year; the review still begins 30 days before its day, not after the last visit."""
    office = Care(cadence="quarterly")
    case, pairing = office.case, office.pairing
    for _ in range(4):
        until_due(office, case)
        office.do(case, "record_visit", office.volunteer, office.visited())
    assert pairing.review_on == date(2027, 3, 2)
    assert not Visit.objects.filter(state="planned").exists()
    assert office.today < date(2027, 1, 30)
    office.go_to(datetime(2027, 1, 31, 7, 59, tzinfo=LOCAL))
    assert office.waiting(case) == []
    office.go_to(datetime(2027, 1, 31, 8, tzinfo=LOCAL))
    assert office.waiting(case) == ["ask_family_wish"]


def test_danger_is_reported_when_no_process_waits_for_the_visit() -> None:
    """E8: somebody just went there; the case is not in care, and still it does not get lost."""
    office = Office()
    case = office.open()
    village = factories.actor(office.village, role="village")
    record_contact(case=case, answers=office.visited(), actor=village, now=office.now)
    office.work()
    assert not Incident.objects.exists()
    record_contact(case=case, answers=office.visited(worries=["gas_or_fire"]), actor=village, now=office.now)
    office.work()
    assert (Incident.objects.get().kind, Incident.objects.get().level) == ("fire", "at_once")
    assert WorkItem.objects.filter(step="acknowledge").count() == 1
