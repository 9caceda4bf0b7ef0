"""Every step that a diagram names exists, and none is there for nothing."""

import pytest
from django.conf import settings

from workflows.deployment import bundle, checked, process_keys
from workflows.engine.definition import Definition
from workflows.steps import FORM_VALUES, STEPS


@pytest.fixture(scope="module")
def definitions() -> dict[str, Definition]:
    """The shipped processes."""
    folder = settings.BPMN_FOLDER
    return {key: checked(key, bundle(folder, key)) for key in process_keys(folder)}


def test_steps_and_diagrams_agree(definitions: dict[str, Definition]) -> None:
    assert {step for each in definitions.values() for step in each.steps} == set(STEPS)


def test_steps_are_called_after_their_process(definitions: dict[str, Definition]) -> None:
    for key, definition in definitions.items():
        assert {name.split(".")[0] for name in definition.steps} == {key}


def test_what_is_known_is_known_of_tasks_that_exist(definitions: dict[str, Definition]) -> None:
    for key, step in FORM_VALUES:
        assert definitions[key].nodes[step].form, (key, step)
