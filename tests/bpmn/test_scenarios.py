"""Every scenario beside every diagram, played with the run saved and restored between every two moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.definition import Definition, compile_definition
from workflows.engine.scenarios import Story, play

BPMN = Path(__file__).parents[2] / "bpmn"
PROCESSES = sorted(path.stem for path in BPMN.glob("*/*.bpmn") if path.stem == path.parent.name)
SCENARIOS = sorted(BPMN.glob("*/scenarios/*.json"))


@cache
def files() -> Mapping[str, bytes]:
    return {
        path.relative_to(BPMN).as_posix(): path.read_bytes()
        for pattern in ("*/*.bpmn", "*/*.dmn", "*/forms/*.json")
        for path in BPMN.glob(pattern)
    }


@cache
def definition(process: str) -> Definition:
    return compile_definition(files(), process_id=process)


def read(path: Path) -> dict[str, Any]:
    scenario: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return scenario


@cache
def story(path: Path) -> Story:
    """The scenario, played."""
    return play(definition(path.parent.parent.name), read(path))


def passed(process: str) -> set[str]:
    """The nodes that some scenario of the process comes by."""
    return {node for path in SCENARIOS if path.parent.parent.name == process for node in story(path).passed}


@pytest.mark.parametrize("process", PROCESSES)
def test_the_process_compiles_and_has_scenarios(process: str) -> None:
    assert definition(process).process_id == process
    assert any(path.parent.parent.name == process for path in SCENARIOS)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_the_scenario_goes_as_written(path: Path) -> None:
    scenario = read(path)
    assert scenario["name"] == path.stem
    assert scenario["title"].strip()
    assert scenario["title_en"].strip()
    assert max(story(path).sizes, default=0) <= 16_384


@pytest.mark.parametrize("process", PROCESSES)
def test_every_ending_is_reached_by_some_scenario(process: str) -> None:
    endings = {node.id for node in definition(process).nodes.values() if node.kind == "end" and node.process == process}
    assert endings - passed(process) == set()


@pytest.mark.parametrize("process", PROCESSES)
def test_every_node_is_passed_by_some_scenario(process: str) -> None:
    assert definition(process).nodes.keys() - passed(process) == set()
