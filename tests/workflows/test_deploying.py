"""Deploying: new content is a new version, the same content is not; what breaks a rule is refused with its places."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from backend.audit.models import Event
from backend.core.errors import DomainError
from backend.org.access import SYSTEM, Actor
from tests.workflows.stage import MODELS, NOW, Stage
from workflows import deployment, services
from workflows.models import Instance, Process

pytestmark = pytest.mark.django_db


def deploy(files: dict[str, str]) -> tuple[Process, bool]:
    return deployment.deploy(key="errand", files=files, actor=SYSTEM, now=NOW)


@pytest.fixture
def files() -> dict[str, str]:
    return deployment.bundle(MODELS, "errand")


def test_a_folder_is_deployed_with_everything_it_needs(files: dict[str, str]) -> None:
    assert set(files) == {"errand/errand.bpmn", "errand/forms/note.json", "errand/forms/check.json"}
    process, new = deploy(files)
    assert (process.key, process.number, process.name, process.name_en, new) == (
        "errand", 1, "跑腿", "An errand", True,
    )  # fmt: skip
    assert Event.objects.get(action="process.deployed").data["version"] == 1


def test_the_same_content_is_the_same_version(files: dict[str, str]) -> None:
    first, _ = deploy(files)
    again, new = deploy(files)
    assert (again, new) == (first, False)
    assert Event.objects.filter(action="process.deployed").count() == 1


def test_new_content_is_a_new_version_and_running_instances_stay(files: dict[str, str]) -> None:
    stage = Stage()
    old = stage.start()
    changed = {path: text.replace("跑腿", "跑腿二") for path, text in files.items()}
    process, new = deploy(changed)
    assert (process.number, new) == (2, True)
    stage.note()
    assert Instance.objects.get(pk=old.pk).process.number == 1
    assert services.start(process="errand", case=stage.case, actor=SYSTEM, now=NOW).process.number == 2


@pytest.mark.parametrize(
    ("old", "new", "node"),
    [
        ('value="note"', 'value="no_such_form"', "take_note"),
        ('value="P2D"', 'value="soon"', "take_note"),
        ("decision == 'right'", "__import__('os')", "f4"),
        ('value="take_note" />', 'value="nobody" />', "check_note"),
    ],
)
def test_a_model_that_breaks_a_rule_is_refused_with_the_place(
    files: dict[str, str], old: str, new: str, node: str
) -> None:
    broken = {path: text.replace(old, new) for path, text in files.items()}
    with pytest.raises(DomainError) as raised:
        deploy(broken)
    assert raised.value.code == "model_refused"
    assert f"/{node}" in {problem.pointer for problem in raised.value.problems}
    assert not Process.objects.exists()


def test_a_script_is_refused(files: dict[str, str]) -> None:
    text = files["errand/errand.bpmn"]
    script = text.replace('<bpmn:userTask id="chase_note"', '<bpmn:scriptTask id="chase_note"')
    script = script.replace(
        "<bpmn:incoming>f6</bpmn:incoming><bpmn:outgoing>f7</bpmn:outgoing>\n    </bpmn:userTask>",
        "<bpmn:incoming>f6</bpmn:incoming><bpmn:outgoing>f7</bpmn:outgoing><bpmn:script>x=1</bpmn:script>\n"
        "    </bpmn:scriptTask>",
    )
    with pytest.raises(DomainError) as raised:
        deploy({**files, "errand/errand.bpmn": script})
    assert any(problem.pointer == "/chase_note" for problem in raised.value.problems)


def test_a_step_that_nobody_wrote_is_refused(files: dict[str, str]) -> None:
    text = files["errand/errand.bpmn"].replace(
        '<spiffworkflow:property name="form" value="note" /><spiffworkflow:property name="due" value="PT4H" />',
        '<spiffworkflow:property name="form" value="note" /><spiffworkflow:property name="due" value="PT4H" />'
        '<spiffworkflow:property name="step" value="errand.unheard_of" />',
    )
    with pytest.raises(DomainError) as raised:
        deploy({**files, "errand/errand.bpmn": text})
    assert [problem.code for problem in raised.value.problems] == ["unknown_step"]


def changed(files: dict[str, str], name: str) -> dict[str, str]:
    return {path: text.replace("跑腿", name) for path, text in files.items()}


def test_who_goes_back_begins_with_the_earlier_version_and_may_go_forward_again(files: dict[str, str]) -> None:
    """A release is taken back: what began meanwhile stays on its version, what begins takes the one before."""
    stage = Stage()
    deploy(changed(files, "跑腿二"))
    meanwhile = stage.start()
    first, new = deploy(files)
    assert (first.number, new, stage.start().process.number) == (1, False, 1)
    assert Instance.objects.get(pk=meanwhile.pk).process.number == 2
    told = Event.objects.filter(action="process.taken_again")
    assert told.get().data["version"] == 1
    deploy(files)
    assert told.count() == 1
    assert deploy(changed(files, "跑腿二"))[1] is False
    assert (stage.start().process.number, told.count()) == (2, 2)
    assert deploy(changed(files, "跑腿三"))[0].number == 3
    assert deploy(files)[0].number == stage.start().process.number == 1


@pytest.mark.parametrize("by", ["a person", "the program"])
def test_what_a_place_has_chosen_for_itself_outlives_every_start_of_the_program(files: dict[str, str], by: str) -> None:
    """The program deploys what it brings at every start: that undoes no version drawn or put aside by a person."""
    person = Actor(user_id=None, label="sysadmin", role="sysadmin")
    deploy(files)
    if by == "a person":
        deployment.deploy(key="errand", files=changed(files, "本地"), actor=person, now=NOW)
        deploy(files)
        assert Process.objects.newest("errand").number == 2
    else:
        deploy(changed(files, "新版"))
        deployment.deploy(key="errand", files=files, actor=person, now=NOW)
        deploy(changed(files, "新版"))
        assert Process.objects.newest("errand").number == 1
        deploy(changed(files, "更新版"))
        assert Process.objects.newest("errand").number == 3
        deploy(changed(files, "新版"))
    assert Event.objects.filter(action="process.taken_again", actor="system").count() == (by == "the program")
    assert Process.objects.newest("errand").number == (2 if by == "a person" else 1)


def without_step(files: dict[str, str]) -> dict[str, str]:
    """As files of a time when the program had a step that is no more."""
    form = '<spiffworkflow:property name="form" value="note" /><spiffworkflow:property name="due" value="PT4H" />'
    step = '<spiffworkflow:property name="step" value="errand.unheard_of" />'
    return {**files, "errand/errand.bpmn": files["errand/errand.bpmn"].replace(form, form + step)}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_version_that_runs_and_fits_no_more_stops_the_deployment(
    files: dict[str, str], settings: Any, language: str
) -> None:
    stage = Stage()
    begun = stage.start()
    Process.objects.update(files=without_step(files))
    settings.BPMN_FOLDER = MODELS
    with override(language), pytest.raises(CommandError) as refused:
        call_command("deploy_processes")
    said = {"en": "Nothing was deployed", "zh-hans": "未作任何部署"}
    assert said[language] in str(refused.value)
    assert "running_version_refused" in str(refused.value)
    assert "/errand/1/chase_note unknown_step" in str(refused.value)
    assert Process.objects.count() == 1
    services.cancel(instance_id=begun.pk, reason="过时", actor=SYSTEM, now=NOW)
    Process.objects.update(digest="of another time")
    call_command("deploy_processes", stdout=StringIO())
    assert Process.objects.newest("errand").number == 2
