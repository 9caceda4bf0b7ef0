"""Signing together: each case with its reasons, a result per case, and four eyes told before and refused after."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.web.visitor import text, visitor
from tests.workflows.stage import Stage
from workflows import deployment, services
from workflows.approvals import signed_steps
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SIGNED = {"confirm_result": "confirm"}


@kept
def items() -> list[WorkItem]:
    """Two files that wait for confirmation."""
    load_codes()
    deployment.deploy_folder(settings.BPMN_FOLDER, actor=SYSTEM, now=NOW)
    return [waiting(label) for label in ("孙桂兰", "李四")]


def waiting(label: str) -> WorkItem:
    """A file whose confirmation is due."""
    case = factories.case(factories.family(label=label))
    services.start(process="household_intake", case=case, actor=SYSTEM, now=NOW - timedelta(days=9))
    item = WorkItem.objects.get(case=case)
    WorkItem.objects.filter(pk=item.pk).update(
        step="confirm_file", form="confirm_file", role="supervisor", unit=factories.town(),
        unit_path=factories.town().path,
    )  # fmt: skip
    return WorkItem.objects.get(pk=item.pk)


def test_every_review_of_the_shipped_processes_is_to_be_signed(items: list[WorkItem]) -> None:
    assert {
        ("household_intake", "confirm_file"), ("pairing", "confirm_pairing"), ("yearly_review", "decide_review"),
    } <= signed_steps()  # fmt: skip
    assert ("household_intake", "survey_family") not in signed_steps()


def test_four_eyes_are_told_beforehand_and_refused_by_the_server(items: list[WorkItem]) -> None:
    supervisor = factories.user(role="supervisor")
    own, _other = items
    WorkItem.objects.filter(pk=own.pk).update(excluded=[str(supervisor.pk)])
    found = Caller(supervisor).get("approvals/").json()
    assert [(each["step"], each["open"]) for each in found["steps"]] == [("confirm_file", 2)]
    refusals = {each["item"]["family"]["label"]: each["refusal"] for each in found["approvals"]}
    assert refusals["李四"] is None
    assert refusals["孙桂兰"]["code"] == "four_eyes"
    here = visitor(supervisor)
    said = text(here.get("/approvals/"))
    assert refusals["孙桂兰"]["detail"] in said
    assert f'value="{own.pk}" disabled' in said
    said = text(here.post("/approvals/", {"ids": [str(own.pk)], "answer-confirm_result": "confirm", **SIGNED}))
    assert "Not signed: 1" in said
    assert WorkItem.objects.get(pk=own.pk).state == "open"


def test_what_is_signed_is_done_and_told() -> None:
    """By somebody who did not prepare it: the item is done, and the case's history names who signed."""
    stage = Stage()
    stage.start(NOW - timedelta(days=1))
    stage.note(now=NOW)
    signer = factories.user("signer", role="supervisor", name="王主任")
    factories.member(signer, "caseworker")
    item, here = stage.item("check_note"), visitor(signer)
    assert f'value="{item.pk}"' in text(here.get("/approvals/", {"step": "check_note"}))
    said = text(here.post("/approvals/?step=check_note", {"ids": [str(item.pk)], "decision": "right"}))
    assert "Signed: 1. Not signed: 0." in said
    item.refresh_from_db()
    assert (item.state, item.completed_by, item.outcome) == ("done", signer, "right")
    assert "王主任" in text(here.get(f"/cases/{stage.case.pk}/history/"))


def test_a_form_that_is_not_right_is_shown_again(items: list[WorkItem]) -> None:
    here = visitor(factories.user(role="supervisor"))
    response = here.post("/approvals/", {"ids": [str(item.pk) for item in items], "confirm_result": "return"})
    said = response.content.decode()
    assert response.status_code == 422
    assert "Not signed: 2" in said
    assert said.count('name="ids"') == said.count(" checked") - 1 == 2
    assert here.post("/approvals/", SIGNED).status_code == 400


def test_only_supervisors_and_only_their_own(items: list[WorkItem]) -> None:
    assert_problem(Caller(factories.user(role="caseworker")).get("approvals/"), 403, "not_allowed")
    assert visitor(factories.user(role="caseworker")).get("/approvals/").status_code == 403
    other = factories.user(role="supervisor", unit=factories.town(factories.OTHER_TOWN))
    assert Caller(other).get("approvals/").json()["approvals"] == []
    assert "Nothing waits" in text(visitor(other).get("/approvals/"))
