"""Pages of cases: found, where they stand, drawn, told, and what the office may tell or decide."""

import re

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.org.codes import load_codes
from tests import factories
from tests.kept import kept
from tests.web.visitor import statements, text, visitor
from tests.workflows.stage import Stage

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    load_codes()
    made = Stage()
    made.start()
    return made


@pytest.fixture
def here(stage: Stage) -> Client:
    return visitor(stage.caseworker)


def queued(task: str) -> list[dict[str, object]]:
    """The arguments of the jobs that wait."""
    return [job.args for job in ProcrastinateJob.objects.filter(task_name=task)]


def test_the_list_is_searched_and_narrowed(here: Client, stage: Stage) -> None:
    other = factories.case(factories.family(label="李四"), state="closed")
    assert {stage.case.number, other.number} <= set(re.findall(r">([\w-]+)</a></th>", text(here.get("/cases/"))))
    assert other.number not in text(here.get("/cases/", {"state": "open"}))
    assert stage.case.number not in text(here.get("/cases/", {"q": other.number}))
    before = statements(here, "/cases/")
    for _case in range(5):
        factories.case()
    assert statements(here, "/cases/") == before


def test_where_it_stands_in_words(here: Client, stage: Stage) -> None:
    said = text(here.get(f"/cases/{stage.case.pk}/"))
    assert "Waiting for" in said
    assert f"/work-items/{stage.item('take_note').pk}/" in said
    assert statements(here, f"/cases/{stage.case.pk}/") <= 14


def test_the_diagram_is_drawn_and_told(here: Client, stage: Stage) -> None:
    stage.note()
    said = text(here.get(f"/cases/{stage.case.pk}/diagram/"))
    assert 'id="drawn" type="application/json"' in said
    assert "bpmn-navigated-viewer" in said
    assert stage.village.name in said.split("What was passed")[1]
    assert text(here.get(f"/cases/{stage.case.pk}/diagram/", {"instance": "of-nothing"}))


def test_the_history_is_narrowed(here: Client, stage: Stage) -> None:
    stage.note()
    path = f"/cases/{stage.case.pk}/history/"
    assert stage.village.name in text(here.get(path))
    assert stage.village.name not in text(here.get(path, {"about": "visits"}))


def test_a_stranger_finds_no_case(stage: Stage) -> None:
    elsewhere = visitor(stage.stranger)
    for path in ("", "diagram/", "history/", "do/close/"):
        assert elsewhere.get(f"/cases/{stage.case.pk}/{path}").status_code == 404


def test_a_helper_that_ended_is_told_to_the_case(here: Client, stage: Stage) -> None:
    helper = factories.pairing(stage.case).helper
    path = f"/cases/{stage.case.pk}/do/helper-ended/"
    told = {"helper": str(helper.pk), "reason": "ill", "ended_on": "2026-03-01"}
    assert str(helper.pk) in text(here.get(path))
    assert here.post(path, told)["Location"] == f"/cases/{stage.case.pk}/"
    [job] = queued("processes.message")
    assert (job["name"], job["data"]) == ("helper_ended", told)


def test_what_is_missing_is_asked_for_again(here: Client, stage: Stage) -> None:
    response = here.post(f"/cases/{stage.case.pk}/do/close/", {"code": "moved"})
    assert response.status_code in {400, 422}
    assert 'value="moved" selected' in response.content.decode()
    assert queued("processes.message") == []


def test_closing_is_guarded_by_the_version_that_was_read(here: Client, stage: Stage) -> None:
    path, form = f"/cases/{stage.case.pk}/do/close/", {"code": "error", "reason": "登记有误"}
    stage.case.version += 1
    stage.case.save()
    assert here.post(path, {**form, "version": stage.case.version - 1}).status_code == 409
    assert here.post(path, {**form, "version": stage.case.version}).status_code == 302
    [job] = queued("processes.message")
    assert job["name"] == "case_closed"


def test_only_a_supervisor_opens_a_closed_case_again(here: Client, stage: Stage) -> None:
    closed = factories.case(factories.family(label="李四"), state="closed")
    path = f"/cases/{closed.pk}/do/reopen/"
    assert here.get(path).status_code == 404
    supervisor = visitor(stage.supervisor)
    assert supervisor.post(path, {"reason": "回来了", "version": closed.version}).status_code == 302
    closed.refresh_from_db()
    assert closed.state == "open"


def test_a_case_goes_to_another_village_with_its_reason(stage: Stage) -> None:
    there = factories.village("120114122202")
    path = f"/cases/{stage.case.pk}/do/transfer/"
    supervisor = visitor(stage.supervisor)
    assert supervisor.post(path, {"to": str(there.pk), "reason": "搬家"}).status_code == 302
    stage.case.refresh_from_db()
    assert stage.case.unit == there
    assert "搬家" in text(supervisor.get(f"/cases/{stage.case.pk}/history/"))
