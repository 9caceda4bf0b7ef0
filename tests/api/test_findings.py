"""Findings: raised by an auditor, answered in the unit's inbox, signed by its supervisor, checked by the auditor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.models import Case
from backend.inspection.models import Finding
from backend.org import parameters
from backend.org.codes import load_codes
from backend.org.models import User
from backend.org.working_days import end_of_day
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import deploy_shipped
from workflows import cases, services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db

TEXT = "三月的两次探访没有记录"
ANSWER = {"done": "已补录并与家庭核对", "evidence": "登记表两张，存镇档案柜"}


class Town:
    """A closed case, the people who work at its place, and an auditor of the county."""

    def __init__(self) -> None:
        load_codes()
        deploy_shipped(timezone.now())
        self.case: Case = factories.case(state="closed", closed_at=timezone.now())
        self.caseworker = factories.user("caseworker", role="caseworker", name="陈姐")
        self.supervisor = factories.user("supervisor", role="supervisor", name="老王")
        self.auditor = factories.user("auditor", role="auditor", unit=factories.region("120114000000"), name="刘科")

    def raised(self, **asked: Any) -> dict[str, Any]:
        response = self.post(**asked)
        assert response.status_code == 201, response.content
        told: dict[str, Any] = response.json()
        return told

    def post(self, **asked: Any) -> Any:
        about = {} if {"family", "sample"} & set(asked) else {"case": str(self.case.pk)}
        return Caller(self.auditor).post("findings/", {"kind": "record_missing", "text": TEXT, **about, **asked})

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        """Find it in one's own inbox and complete it."""
        caller = Caller(user)
        [item] = results(caller.get("work-items/", doable="true", step=step))
        return caller.post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def told(self) -> dict[str, Any]:
        [finding] = results(Caller(self.supervisor).get("findings/"))
        return finding


@kept
def town() -> Town:
    return Town()


def test_to_the_unit_and_back(town: Town) -> None:
    """A closed case too: answered, signed by somebody else, returned by the auditor, answered again, accepted."""
    raised = town.raised()
    assert raised["due_at"][:10] == end_of_day(timezone.localdate() + timedelta(days=30)).date().isoformat()
    assert (raised["state"], raised["overdue"], raised["raised_by"]) == ("open", False, "刘科")
    assert town.do(town.caseworker, "answer_finding", ANSWER).status_code == 200
    assert town.told()["state"] == "answered"
    assert town.do(town.supervisor, "confirm_answer", {"confirmation": "confirm"}).status_code == 200
    returned = town.do(town.auditor, "check_answer", {"acceptance": "return", "reason": "缺家属签字"})
    assert returned.status_code == 200, returned.content
    told = town.told()
    assert (told["state"], told["rounds"], told["returned"]) == ("open", 1, "缺家属签字")
    town.do(town.caseworker, "answer_finding", {**ANSWER, "evidence": "家属签字"})
    town.do(town.supervisor, "confirm_answer", {"confirmation": "confirm"})
    town.do(town.auditor, "check_answer", {"acceptance": "accept"})
    told = town.told()
    assert (told["state"], told["evidence"], told["confirmed_by"], bool(told["closed_at"])) == (
        "closed", "家属签字", "老王", True,
    )  # fmt: skip
    assert Instance.objects.get().outcome == "put_right"
    assert Case.objects.get().state == "closed"


def test_the_case_tells_it_in_sentences_without_what_was_found(town: Town) -> None:
    town.raised()
    town.do(town.caseworker, "answer_finding", ANSWER)
    said = " ".join(row["sentence"] for row in results(Caller(town.caseworker).get(f"cases/{town.case.pk}/history/")))
    assert "刘科 raised a finding (record missing), to be answered by" in said
    assert "陈姐 answered a finding (record missing)." in said
    assert not [event for event in Event.objects.all() if TEXT in event.body or ANSWER["done"] in event.body]


def test_everybody_who_decides_sees_what_was_found_and_answered(town: Town) -> None:
    town.raised()
    item = WorkItem.objects.get()
    facts = {
        each["name"]: each["text"] for each in Caller(town.caseworker).get(f"work-items/{item.pk}/form/").json()["told"]
    }
    assert (facts["finding_kind"], facts["found"]) == ("record missing", TEXT)
    assert "unit_answer" not in facts
    assert Caller(town.caseworker).get(f"work-items/{item.pk}/course/").json()["due_rule"] == "by the day that was set"
    town.do(town.caseworker, "answer_finding", ANSWER)
    item = WorkItem.objects.get(step="confirm_answer")
    facts = {
        each["name"]: each["text"] for each in Caller(town.supervisor).get(f"work-items/{item.pk}/form/").json()["told"]
    }
    assert (facts["found"], facts["unit_answer"], facts["unit_evidence"]) == (TEXT, *ANSWER.values())


def test_whoever_answered_does_not_confirm(town: Town) -> None:
    factories.member(town.caseworker, "supervisor")
    town.raised()
    town.do(town.caseworker, "answer_finding", ANSWER)
    refused = town.do(town.caseworker, "confirm_answer", {"confirmation": "confirm"})
    assert_problem(refused, 403, "four_eyes")
    reason = town.do(town.supervisor, "confirm_answer", {"confirmation": "return"})
    assert_problem(reason, 422, "bad_answers", "/answers/reason")
    town.do(town.supervisor, "confirm_answer", {"confirmation": "return", "reason": "再核一次"})
    assert (town.told()["state"], town.told()["rounds"]) == ("open", 1)


def test_an_auditor_does_the_own_lane_and_nothing_else(town: Town) -> None:
    town.raised()
    auditor = Caller(town.auditor)
    item = WorkItem.objects.get()
    assert results(auditor.get("work-items/", doable="true")) == []
    for verb, body in (("claim", {}), ("complete", {"answers": ANSWER}), ("release", {})):
        assert_problem(auditor.post(f"work-items/{item.pk}/{verb}/", body), 403, "not_yours")
    for verb in ("delegate", "postpone"):
        assert_problem(auditor.post(f"work-items/{item.pk}/{verb}/", {}), 403, "not_allowed")
    assert_problem(auditor.post(f"cases/{town.case.pk}/reopen/", {"reason": "x"}), 403, "not_allowed")
    assert_problem(auditor.patch(f"families/{town.case.family_id}/", {"label": "x"}), 403, "not_allowed")


def test_the_inspected_cannot_move_the_auditors_item(town: Town) -> None:
    """Not even where the auditor's office is the township itself."""
    town.auditor = factories.user("town-auditor", role="auditor", name="镇督查")
    town.raised()
    town.do(town.caseworker, "answer_finding", ANSWER)
    town.do(town.supervisor, "confirm_answer", {"confirmation": "confirm"})
    item = WorkItem.objects.get(step="check_answer")
    later = (timezone.now() + timedelta(days=9)).isoformat()
    other = factories.user("other", role="auditor")
    for user in (town.caseworker, town.supervisor):
        caller = Caller(user)
        assert_problem(
            caller.post(f"work-items/{item.pk}/complete/", {"answers": {"acceptance": "accept"}}), 403, "not_yours"
        )
        refused = caller.post(f"work-items/{item.pk}/postpone/", {"until": later, "reason": "忙"})
        assert_problem(refused, 403, "not_yours")
        refused = caller.post(f"work-items/{item.pk}/delegate/", {"to": str(other.pk), "reason": "忙"})
        assert_problem(refused, 403, "not_yours")
    assert town.do(town.auditor, "check_answer", {"acceptance": "accept"}).status_code == 200


def test_overdue_is_told_to_the_supervisor_once(town: Town) -> None:
    raised = town.raised(due=(timezone.localdate() + timedelta(days=3)).isoformat())
    instance = Instance.objects.get()
    late = timezone.now() + timedelta(days=4)
    assert services.wake(instance_id=instance.pk, now=late)
    finding = Finding.objects.get()
    assert (str(finding.pk), finding.escalated_at, finding.is_overdue(late)) == (raised["id"], late, True)
    assert Event.objects.filter(action="finding.escalated").count() == 1
    assert WorkItem.objects.get(step="answer_finding").state == "open"
    Finding.objects.update(due_at=timezone.now() - timedelta(days=1))
    supervisor = Caller(town.supervisor)
    assert [row["overdue"] for row in results(supervisor.get("findings/", overdue="true"))] == [True]
    assert results(supervisor.get("findings/", overdue="false")) == []


def test_the_case_goes_on_undisturbed_and_its_messages_pass_by(town: Town) -> None:
    """A finding conducts nothing: closing a case that no process conducts closes it at once."""
    Case.objects.update(state="open", closed_at=None)
    town.raised()
    case = Case.objects.get()
    actor = factories.actor(town.caseworker)
    assert services.send_to_case(case=case, name="family_moved", data={}, actor=actor, now=timezone.now()) == 0
    cases.close_case(case=case, reason="期满", code="ended", actor=actor, now=timezone.now())
    assert Case.objects.get().state == "closed"
    assert town.do(town.caseworker, "answer_finding", ANSWER).status_code == 200


def test_about_a_family_or_a_row_of_a_sample(town: Town) -> None:
    family = town.case.family
    assert town.raised(family=str(family.pk))["case"]["number"] == town.case.number
    unit = str(factories.region("120114000000").pk)
    sample = Caller(town.auditor).post("samples/", {"unit": unit, "population": "families", "size": 1}).json()
    raised = town.raised(sample=sample["id"], place=1)
    [row] = Caller(town.auditor).get(f"samples/{sample['id']}/").json()["rows"]
    assert [each["id"] for each in row["findings"]] == [raised["id"]]
    assert [each["id"] for each in results(Caller(town.auditor).get("findings/", sample=sample["id"]))] == [
        raised["id"]
    ]
    lonely = factories.family(label="无案户")
    assert_problem(town.post(family=str(lonely.pk)), 409, "no_case")
    assert town.post(sample=sample["id"]).status_code == 400
    assert town.post(sample=sample["id"], place=7).status_code == 400


def test_what_is_refused(town: Town) -> None:
    assert_problem(town.post(kind="gossip"), 422, "bad_kind", "/kind")
    past = (timezone.localdate() - timedelta(days=1)).isoformat()
    assert_problem(town.post(due=past), 422, "due_not_ahead", "/due")
    assert town.post(text="").status_code == 400
    body = {"case": str(town.case.pk), "kind": "late", "text": "x"}
    assert_problem(Caller(town.supervisor).post("findings/", body), 403, "not_allowed")
    far = Caller(factories.user("far", role="auditor", unit=factories.town(factories.OTHER_TOWN)))
    assert far.post("findings/", body).status_code == 400  # a case that one does not see
    assert not Finding.objects.exists()


def test_the_office_sets_how_long_there_is(town: Town) -> None:
    today = timezone.localdate()
    parameters.set_parameter(key="finding.days", value=10, from_date=today, path="12.01.14.")
    assert town.raised()["due_at"][:10] == (today + timedelta(days=10)).isoformat()
