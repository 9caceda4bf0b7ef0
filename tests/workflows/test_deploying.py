"""Deploying: new content is a new version, the same content is not; what breaks a rule is refused with its places."""

import pytest

from backend.audit.models import Event
from backend.core.errors import DomainError
from backend.org.access import SYSTEM
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
