"""Processes over HTTP: listed, read, tried, deployed."""

from typing import Any

import pytest

from backend.audit.models import Event
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.workflows.stage import MODELS, Stage
from workflows import deployment
from workflows.models import Process

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


@pytest.fixture
def sysadmin() -> Caller:
    return Caller(factories.user("sysadmin", role="sysadmin"))


def bundle(**changes: str) -> dict[str, Any]:
    """The errand as it is deployed, with some files changed."""
    return {"key": "errand", "files": {**deployment.bundle(MODELS, "errand"), **changes}}


def test_each_by_its_newest_version_with_what_runs(stage: Stage, sysadmin: Caller) -> None:
    [row] = results(sysadmin.get("processes/"))
    assert (row["id"], row["version"], row["running"], row["name"]) == ("errand", 1, 1, "An errand")
    assert results(Caller(stage.village, language="zh-CN").get("processes/"))[0]["name"] == "跑腿"


def test_one_with_its_diagram_and_versions(stage: Stage, sysadmin: Caller) -> None:
    diagram = bundle()["files"]["errand/errand.bpmn"]
    again = sysadmin.post("processes/deploy/", bundle(**{"errand/errand.bpmn": diagram.replace("跑腿", "跑一趟")}))
    assert again.status_code == 201, again.content
    told = sysadmin.get("processes/errand/").json()
    assert (told["version"], told["running"]) == (2, 1)
    assert "跑一趟" in told["bpmn"]
    assert [(each["version"], each["running"]) for each in told["versions"]] == [(2, 0), (1, 1)]
    assert "跑一趟" not in sysadmin.get("processes/errand/", version=1).json()["bpmn"]
    assert_problem(sysadmin.get("processes/errand/", version=3), 404, "not_found")
    assert_problem(sysadmin.get("processes/errand/", version="x"), 404, "not_found")


def test_the_same_content_is_no_new_version(stage: Stage, sysadmin: Caller) -> None:
    response = sysadmin.post("processes/deploy/", bundle())
    assert (response.status_code, response.json()["is_new"], response.json()["version"]) == (200, False, 1)
    assert Process.objects.count() == 1


def test_the_earlier_content_again_is_what_begins_from_now_on(stage: Stage, sysadmin: Caller) -> None:
    diagram = bundle()["files"]["errand/errand.bpmn"]
    sysadmin.post("processes/deploy/", bundle(**{"errand/errand.bpmn": diagram.replace("跑腿", "跑一趟")}))
    response = sysadmin.post("processes/deploy/", bundle())
    assert (response.status_code, response.json()["version"]) == (200, 1)
    assert [row["version"] for row in results(sysadmin.get("processes/"))] == [1]
    told = sysadmin.get("processes/errand/").json()
    assert (told["version"], "跑腿" in told["bpmn"]) == (1, True)
    assert [(each["version"], each["is_active"]) for each in told["versions"]] == [(2, False), (1, True)]
    assert sysadmin.get("processes/errand/", version=2).json()["version"] == 2
    assert stage.start().process.number == 1


def test_deploying_is_an_event_and_the_system_administrators(stage: Stage, sysadmin: Caller) -> None:
    diagram = bundle()["files"]["errand/errand.bpmn"].replace("跑腿", "跑一趟")
    body = bundle(**{"errand/errand.bpmn": diagram})
    assert_problem(Caller(stage.supervisor).post("processes/deploy/", body), 403, "not_allowed")
    sysadmin.post("processes/deploy/", body)
    assert Event.objects.filter(action="process.deployed").latest("at").actor == "sysadmin"


def test_trying_deploys_nothing(stage: Stage, sysadmin: Caller) -> None:
    told = sysadmin.post("processes/validate/", bundle()).json()
    assert told["id"] == "errand"
    assert {"take_note", "check_note"} <= set(told["nodes"])
    assert told["messages"] == ["called_off"]
    assert Process.objects.count() == 1


SCRIPT = "<bpmn:scriptTask id='evil'><bpmn:script>import os</bpmn:script></bpmn:scriptTask></bpmn:process>"
ENTITIES = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&b;&f;</x>"""


@pytest.mark.parametrize(
    "diagram",
    ["", "no xml", "<bpmn/>", ENTITIES, "\ufeff<x>", "<a>" * 5000, "<?xml version='1.0' encoding='utf-16'?><x/>"],
)
@pytest.mark.parametrize("verb", ["validate", "deploy"])
def test_files_that_are_no_diagram(stage: Stage, sysadmin: Caller, verb: str, diagram: str) -> None:
    response = sysadmin.post(f"processes/{verb}/", bundle(**{"errand/errand.bpmn": diagram}))
    assert response.status_code in {400, 422}, response.content
    assert "root:" not in response.content.decode()
    assert Process.objects.count() == 1


def test_a_model_that_breaks_a_rule_is_told_node_by_node(stage: Stage, sysadmin: Caller) -> None:
    diagram = bundle()["files"]["errand/errand.bpmn"].replace("</bpmn:process>", SCRIPT)
    problem = assert_problem(
        sysadmin.post("processes/validate/", bundle(**{"errand/errand.bpmn": diagram})), 422, "model_refused"
    )
    assert any("evil" in each["pointer"] for each in problem["errors"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/key"),
        ({"key": "../x", "files": {"a": "b"}}, "/key"),
        ({"key": "errand", "files": {}}, "/files"),
        ({"key": "errand", "files": {"../../etc/passwd": "x"}}, "/files"),
        ({"key": "errand", "files": {"/abs": "x"}}, "/files"),
        ({"key": "errand", "files": {"a": 5}}, "/files"),
        ({"key": "errand", "files": ["a"]}, "/files"),
        ({"key": "errand", "files": {f"f{place}": "x" for place in range(101)}}, "/files"),
    ],
)
def test_what_is_no_bundle(sysadmin: Caller, body: dict[str, Any], pointer: str) -> None:
    response = sysadmin.post("processes/validate/", body)
    if response.status_code == 422:
        assert body["files"] == {"a": 5}, "numbers are taken for texts"
        return
    assert_problem(response, 400, "invalid", pointer)
