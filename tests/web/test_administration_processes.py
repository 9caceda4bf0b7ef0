"""Pages of processes: looked at, checked, deployed; nothing about a case."""

import json
from io import BytesIO

import pytest
from django.test import Client

from tests import factories
from tests.kept import kept
from tests.web.visitor import statements, text, visitor
from tests.workflows.stage import MODELS, Stage
from workflows import deployment
from workflows.models import Process

pytestmark = pytest.mark.django_db

PROCESSES = "/administration/processes/"
ERRAND = f"{PROCESSES}errand/"


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


@pytest.fixture
def system(stage: Stage) -> Client:
    return visitor(factories.user("sys", role="sysadmin"))


def file(name: str, content: str) -> BytesIO:
    made = BytesIO(content.encode())
    made.name = name
    return made


def errand() -> str:
    return deployment.bundle(MODELS, "errand")["errand/errand.bpmn"]


def test_what_is_deployed_and_runs(stage: Stage, system: Client) -> None:
    assert "An errand" in text(system.get(PROCESSES))
    said = text(system.get(ERRAND))
    assert "errand/errand.bpmn" in said
    assert "stays on the version" in said
    assert stage.case.number not in said
    assert stage.case.family.label not in said
    assert system.get(f"{PROCESSES}nothing/").status_code == 404
    assert system.get(ERRAND, {"version": "7"}).status_code == 404
    assert statements(system, PROCESSES) <= 9
    assert statements(system, ERRAND) <= 10


def test_a_new_version_is_checked_and_deployed(system: Client) -> None:
    changed = errand().replace("跑腿", "跑一趟")
    checked = text(system.post(f"{PROCESSES}check/", {"files": [file("errand.bpmn", changed)]}))
    assert "Nothing is wrong with it" in checked
    assert Process.objects.count() == 1
    bundle = checked.split('name="bundle" value="')[1].split('"')[0]
    assert "errand/forms/" in bundle  # what was not sent comes from the newest version
    sent = {"process": "errand", "bundle": system_text(bundle)}
    assert system.post(f"{PROCESSES}deploy/", sent).headers["Location"] == ERRAND
    assert Process.objects.newest("errand").number == 2
    said = text(system.get(ERRAND))
    assert "Version 2 is deployed." in said
    assert "This is an older version" in text(system.get(ERRAND, {"version": "1"}))


def test_an_earlier_version_deployed_again_is_the_one_that_is_shown(system: Client) -> None:
    for diagram in (errand().replace("跑腿", "跑一趟"), errand()):
        files = deployment.bundle(MODELS, "errand") | {"errand/errand.bpmn": diagram}
        system.post(f"{PROCESSES}deploy/", {"process": "errand", "bundle": json.dumps(files)})
    said = text(system.get(ERRAND))
    assert "Version 1 has this content" in said
    assert "taken back" in said
    assert "This is an older version" not in said
    assert "This version was taken back" in text(system.get(ERRAND, {"version": "2"}))


def system_text(escaped: str) -> str:
    """What a browser sends for a value of the page."""
    for entity, letter in (("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&#x27;", "'"), ("&amp;", "&")):
        escaped = escaped.replace(entity, letter)
    return escaped


def test_what_is_wrong_is_told_node_by_node(system: Client) -> None:
    script = "<bpmn:scriptTask id='evil'><bpmn:script>import os</bpmn:script></bpmn:scriptTask></bpmn:process>"
    broken = errand().replace("</bpmn:process>", script)
    answer = system.post(f"{PROCESSES}check/", {"files": [file("errand.bpmn", broken)]})
    assert answer.status_code == 422
    said = answer.content.decode()
    assert "evil" in said
    assert 'name="bundle"' not in said
    for sent in ({}, {"files": [file("a.bpmn", "<a/>"), file("b.bpmn", "<b/>")]}, {"files": [file("x.json", "{}")]}):
        assert system.post(f"{PROCESSES}check/", sent).headers["Location"] == PROCESSES
    assert system.post(f"{PROCESSES}deploy/", {"process": "errand", "bundle": "no"}).status_code == 302
    assert system.post(f"{PROCESSES}deploy/", {"process": "errand", "bundle": "{}"}).status_code == 400
    assert Process.objects.count() == 1


@pytest.mark.parametrize("role", ["secadmin", "auditadmin", "supervisor", "caseworker"])
def test_nobody_else_deploys(stage: Stage, role: str) -> None:
    here = visitor(factories.user("someone", role=role))
    assert here.get(PROCESSES).status_code == 403
    assert here.post(f"{PROCESSES}check/", {"files": [file("errand.bpmn", errand())]}).status_code == 403
    assert here.post(f"{PROCESSES}deploy/", {"process": "errand", "bundle": "{}"}).status_code == 403
