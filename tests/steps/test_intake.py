"""Household intake on the real diagram: routes, refusals, duplicates, returns."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.models import Case, Consent, Family, Review
from backend.core.errors import DomainError
from backend.emergencies.models import Incident
from backend.org.codes import load_codes
from tests import factories
from tests.api.caller import Caller, results
from tests.kept import kept
from tests.steps.office import CONSENTED, SURVEYED, Office
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db


@kept
def office() -> Office:
    return Office()


ONE = "120199195001150027"


def fresh(case: Case) -> Case:
    return Case.objects.select_related("family").get(pk=case.pk)


def intake(case: Case) -> Instance:
    return Instance.objects.get(case=case, process__key="household_intake")


def draft(**fields: Any) -> Family:
    return factories.family(status=Family.Status.DRAFT, willingness=Family.Willingness.UNKNOWN, **fields)


@pytest.mark.parametrize(
    "fields", [{"declared_categories": ["bereaved"]}, {"child_state": "none_living"}, {"child_state": "disabled"}]
)
def test_a_special_family_is_never_surveyed_cold(office: Office, fields: dict[str, Any]) -> None:
    case = office.open(draft(**fields))
    assert office.waiting(case) == ["collect_by_contact"]
    assert office.item(case, "collect_by_contact").assignee is None


def test_the_voice_the_family_knows_is_asked_first(office: Office) -> None:
    family = draft(declared_categories=["bereaved"])
    first = office.open(family)
    answers = {
        "surveyed_on": "2026-03-02",
        "survey_result": "surveyed",
        "child_state": "none_living",
        "lives_alone": True,
        "self_care": 1,
        "disease": "none",
        "avoid": "不要提儿子",
    }
    office.do(first, "collect_by_contact", office.village, answers)
    office.send(first, "case_closed", reason="entered twice")
    again = office.open(family)
    assert office.item(again, "collect_by_contact").assignee == office.village


def test_found_at_the_third_attempt_or_given_up(office: Office) -> None:
    case = office.open(draft())
    for attempt in (1, 2, 3):
        nobody = {"surveyed_on": office.today.isoformat(), "survey_result": "not_found", "method": "home"}
        assert office.form(case, "survey_family", office.village).facts["attempts"] == attempt - 1
        office.do(case, "survey_family", office.village, nobody)
        if attempt < 3:
            assert office.waiting(case) == []
            office.pass_time(days=7)
    assert intake(case).outcome == "not_located"
    assert (fresh(case).state, fresh(case).family.willingness) == ("paused", "unknown")
    assert Event.objects.get(action="case.not_located").data == {"attempts": 3}


def test_ten_working_days_without_a_survey_are_told_once() -> None:
    office = Office()
    case = office.open(draft())
    office.pass_time(days=13)  # Friday 13 March is the ninth working day
    assert not Event.objects.filter(action="case.survey_reminded").exists()
    office.pass_time(days=30)
    assert Event.objects.filter(action="case.survey_reminded").count() == 1
    assert office.waiting(case) == ["survey_family"]


def test_the_survey_brings_the_file_up_to_date(office: Office) -> None:
    case = office.open(draft(languages=["普通话"]))
    more = {"emergency_contact": "王芳", "emergency_phone": "13900000000", "language": "天津话"}
    office.do(case, "survey_family", office.village, {**SURVEYED, **more})
    family = fresh(case).family
    assert (family.child_state, family.needs, family.residence) == ("away", ["comfort"], "home")
    assert (family.emergency_contact, family.emergency_phone) == ("王芳", "13900000000")
    assert family.languages == sorted(["天津话", "普通话"])
    assert family.surveyed_on == office.today


def test_health_and_hardship_are_told_nowhere_in_the_history(office: Office) -> None:
    """Neither by the form's event nor by what the step writes into the file; the survey itself keeps them encrypted."""
    case = office.open(draft())
    told = {
        "child_state": "none_living",
        "self_care": 2,
        "low_income": True,
        "note": "独子去年车祸去世",
        "disease": "severe",
    }
    office.do(case, "survey_family", office.village, {**SURVEYED, **told})
    event = Event.objects.get(action="work_item.completed")
    assert set(event.data["sensitive"]) >= set(told)
    assert not set(event.data["answers"]) & set(told)
    assert Event.objects.get(action="family.updated").data["child_state"] == "changed"
    office.do(case, "record_consent", office.village, CONSENTED)
    assert Event.objects.filter(action="decision.made", data__outputs__tier="A").exists()
    for body in Event.objects.values_list("body", flat=True):
        assert not any(word in body for word in ("none_living", "no_living_child", "车祸", "severe"))
    assert fresh(case).family.child_state == "none_living"
    assert '"low_income": true' in case.family.surveys.get().answers


def test_why_a_tier_was_advised_is_told_to_who_works_with_the_family(office: Office) -> None:
    """PIPL 28: whoever else reads the history learns the tier and the table's version, and no illness."""
    case = office.open(draft())
    office.do(case, "survey_family", office.village, {**SURVEYED, "disease": "severe"})
    office.do(case, "record_consent", office.village, CONSENTED)
    auditor = factories.user("auditor", role="auditor")
    for address in (f"cases/{case.pk}/history/", f"families/{case.family_id}/history/"):
        for user in (office.village, office.caseworker):
            assert "reason: severe illness" in Caller(user).get(address, page_size=100).content.decode()
        said = Caller(auditor).get(address, page_size=100).content.decode()
        assert "Decision table risk tier gave: " in said
        assert "severe" not in said
    [made] = [row for row in results(Caller(auditor).get("events/", action="decision.made", page_size=100))
              if row["data"]["table"] == "risk_tier"]  # fmt: skip
    assert made["data"].keys() == {"process", "table", "version", "outputs", "sealed_outputs", "sealed_inputs"}
    assert "severe" not in str(made)


@pytest.mark.parametrize(("minor", "alone"), [("unattended", True), ("carer_unfit", False)])
def test_a_child_whom_nobody_looks_after_is_an_emergency_and_the_survey_goes_on(
    office: Office, minor: str, alone: bool
) -> None:
    """D03, row 1: tier A and D09. Who surveyed the family is kept as any finder; told again, it stays one."""
    load_codes()
    case = office.open(draft())
    office.do(case, "survey_family", office.village, {**SURVEYED, "minor": minor})
    assert office.waiting(case) == ["record_consent"]
    row = Incident.objects.get()
    assert (row.kind, row.minor, row.alone, row.situations) == ("child_alone", True, alone, ["abandoned"])
    assert (row.level, row.report_due, row.sealed, row.about_case) == ("at_once", True, True, case)
    assert (row.secret, row.is_found_by(office.village), row.finder) == (True, True, "李专干")
    told = Event.objects.filter(object_kind="incident")
    assert told.exists()
    assert not told.exclude(case_id=None, family_id=None).exists()
    assert not [event for event in told if str(office.village.pk) in event.body or office.village.name in event.body]
    assert str(WorkItem.objects.get(step="report_at_once").instance_id) == str(row.instance_id)
    office.do(case, "record_consent", office.village, CONSENTED)
    office.do(case, "check_file", office.caseworker, {"check_result": "return", "return_reason": "missing_data"})
    office.do(case, "survey_family", office.village, {**SURVEYED, "minor": minor})
    assert Incident.objects.count() == 1


def test_a_child_who_is_left_behind_but_looked_after_is_no_emergency(office: Office) -> None:
    case = office.open(draft())
    office.do(case, "survey_family", office.village, {**SURVEYED, "minor": "left_behind", "parents_away": "both"})
    assert not Incident.objects.exists()


def test_tomorrows_survey_is_refused_with_the_field(office: Office) -> None:
    case = office.open(draft())
    with pytest.raises(DomainError) as refused:
        office.do(case, "survey_family", office.village, {**SURVEYED, "surveyed_on": "2026-03-03"})
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.code) == ("/answers/surveyed_on", "in_future")
    assert "survey_family" in refused.value.where


@pytest.mark.parametrize("where", ["survey", "consent"])
def test_refused_keeps_the_row_and_asks_in_half_a_year(office: Office, where: str) -> None:
    case = office.open(draft(policies=["特别扶助"]))
    if where == "survey":
        refused = {"surveyed_on": "2026-03-02", "survey_result": "refused", "method": "home"}
        office.do(case, "survey_family", office.village, refused)
    else:
        office.do(case, "survey_family", office.village, SURVEYED)
        no = {**CONSENTED, "consent": "refused", "items": []}
        no.pop("proof")
        office.do(case, "record_consent", office.village, no)
    assert (intake(case).outcome, fresh(case).state) == ("refused", "paused")
    assert fresh(case).family.willingness == "refused"
    assert fresh(case).family.policies == ["特别扶助"]
    assert not Consent.objects.exists()
    office.pass_time(days=181)
    assert office.waiting(case) == []
    office.pass_time(days=1)
    assert office.waiting(case) == ["ask_again"]


@pytest.mark.parametrize(("willing", "then"), [("willing", ["survey_family"]), ("refused", []), ("never", [])])
def test_asked_again(office: Office, willing: str, then: list[str]) -> None:
    case = office.open(draft())
    refused = {"surveyed_on": "2026-03-02", "survey_result": "refused", "method": "home"}
    office.do(case, "survey_family", office.village, refused)
    office.pass_time(days=182)
    day = office.today
    answers = {"willing": willing, "asked_on": day.isoformat(), "method": "phone"}
    office.do(case, "ask_again", office.village, answers)
    assert office.waiting(case) == then
    family, state = fresh(case).family, fresh(case).state
    if willing == "willing":
        assert (state, family.willingness) == ("open", "agreed")
    elif willing == "refused":
        assert (state, family.refused_on) == ("paused", day)
        office.pass_time(days=182)
        assert office.waiting(case) == ["ask_again"]
    else:
        assert (state, fresh(case).close_reason, family.willingness) == ("closed", "refused", "refused")


def test_moved_before_anything_began(office: Office) -> None:
    case = office.open(draft())
    moved = {"surveyed_on": "2026-03-02", "survey_result": "moved", "method": "home"}
    office.do(case, "survey_family", office.village, moved)
    assert (fresh(case).state, fresh(case).close_reason) == ("closed", "moved")
    assert fresh(case).family.status == "moved"


def duplicate(office: Office) -> tuple[Case, Family]:
    person = {"name": "孙桂兰", "birth_date": factories.LONG_AGO, "certificate": ONE}
    other = factories.family(number="0042", members=[person])
    case = office.open(draft(members=[person]))
    office.do(case, "survey_family", office.village, SURVEYED)
    office.do(case, "record_consent", office.village, CONSENTED)
    assert office.waiting(case) == ["resolve_duplicates"]
    (found,) = office.form(case, "resolve_duplicates", office.caseworker).facts["duplicates"]
    assert (found["family"], found["number"], found["score"]) == (str(other.pk), "0042", 100)
    return case, other


def test_a_duplicate_goes_into_the_other_household(office: Office) -> None:
    case, other = duplicate(office)
    merged = fresh(case).family_id
    answers = {"resolution": "merge", "other_family": str(other.pk), "reason": "同一身份证"}
    office.do(case, "resolve_duplicates", office.caseworker, answers)
    assert Family.objects.get(pk=merged).merged_into == other
    assert (fresh(case).state, fresh(case).close_reason) == ("closed", "merged")
    assert Instance.objects.get(case=case, process__key="family_case").outcome == "not_opened"


def test_not_every_household_can_be_merged_with(office: Office) -> None:
    case, _other = duplicate(office)
    stranger = factories.family()
    answers = {"resolution": "merge", "other_family": str(stranger.pk), "reason": "x"}
    with pytest.raises(DomainError) as refused:
        office.do(case, "resolve_duplicates", office.caseworker, answers)
    assert refused.value.code == "not_a_duplicate"
    office.do(case, "resolve_duplicates", office.caseworker, {"resolution": "keep", "reason": "姐妹"})
    assert office.waiting(case) == ["check_file"]


def checked(office: Office) -> Case:
    case = office.open(draft())
    office.do(case, "survey_family", office.village, SURVEYED)
    office.do(case, "record_consent", office.village, CONSENTED)
    return case


def test_otherwise_than_advised_needs_a_reason(office: Office) -> None:
    case = checked(office)
    facts = office.form(case, "check_file", office.caseworker).facts
    assert (facts["tier"], facts["tier_reason"], facts["survey"]["needs"]) == ("C", "general", ["comfort"])
    answers = {"check_result": "submit", "categories": ["empty_nest"], "tier": "A"}
    with pytest.raises(DomainError) as refused:
        office.do(case, "check_file", office.caseworker, answers)
    assert [problem.pointer for problem in refused.value.problems] == ["/answers/override_reason"]
    office.do(case, "check_file", office.caseworker, {**answers, "override_reason": "刚出院"})
    facts = office.form(case, "confirm_file", office.supervisor).facts
    assert facts["advised"]["tier"] == "C"
    assert facts["chosen"] == {"categories": ["empty_nest"], "tier": "A"}
    assert fresh(case).family.risk_tier == ""  # nothing holds before the supervisor has signed
    office.do(case, "confirm_file", office.supervisor, {"confirm_result": "confirm"})
    family = fresh(case).family
    assert (family.risk_tier, family.categories) == ("A", ["empty_nest"])
    assert Review.objects.get().facts["override_reason"] == "刚出院"


def test_returned_checked_again_and_confirmed(office: Office) -> None:
    case = checked(office)
    submit = {"check_result": "submit", **office.form(case, "check_file", office.caseworker).values}
    office.do(case, "check_file", office.caseworker, submit)
    back = {"confirm_result": "return", "return_reason": "wrong_category", "note": "再核对"}
    office.do(case, "confirm_file", office.supervisor, back)
    office.do(case, "check_file", office.caseworker, submit)
    office.do(case, "confirm_file", office.supervisor, {"confirm_result": "confirm"})
    assert list(Review.objects.order_by("id").values_list("decision", flat=True)) == ["return", "confirm"]
    assert fresh(case).family.status == "registered"


def test_not_a_target_closes_the_case_and_nothing_else(office: Office) -> None:
    case = checked(office)
    office.do(case, "check_file", office.caseworker, {"check_result": "not_target", "note": "不在项目范围"})
    if "confirm_file" in office.waiting(case):
        answers = {"confirm_result": "not_target", "note": "同意"}
        office.do(case, "confirm_file", office.supervisor, answers)
    assert (fresh(case).state, fresh(case).close_reason) == ("closed", "not_target")
    assert fresh(case).family.status == "draft"


def test_by_telephone_only_is_filed_and_called(office: Office) -> None:
    case = office.open(draft())
    office.do(case, "survey_family", office.village, SURVEYED)
    office.do(case, "record_consent", office.village, {**CONSENTED, "consent": "phone"})
    submit = {"check_result": "submit", **office.form(case, "check_file", office.caseworker).values}
    office.do(case, "check_file", office.caseworker, submit)
    office.do(case, "confirm_file", office.supervisor, {"confirm_result": "confirm"})
    assert fresh(case).family.willingness == "phone"
    assert fresh(case).phase in {"pairing", "waiting"}
