"""Every scenario beside every diagram, played with the run saved and restored between every two moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.definition import Definition, compile_definition
from workflows.engine.scenarios import play

BPMN = Path(__file__).parents[2] / "bpmn"
PROCESSES = sorted(path.stem for path in BPMN.glob("*/*.bpmn") if path.stem == path.parent.name)
SCENARIOS = sorted(BPMN.glob("*/scenarios/*.json"))


@lru_cache(maxsize=1)
def files() -> Mapping[str, bytes]:
    return {
        path.relative_to(BPMN).as_posix(): path.read_bytes()
        for pattern in ("*/*.bpmn", "*/*.dmn", "*/forms/*.json")
        for path in BPMN.glob(pattern)
    }


@lru_cache(maxsize=32)
def definition(process: str) -> Definition:
    return compile_definition(files(), process_id=process)


def read(path: Path) -> dict[str, Any]:
    scenario: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return scenario


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
    story = play(definition(path.parent.parent.name), scenario)
    assert max(story.sizes, default=0) <= 16_384


@pytest.mark.parametrize("process", PROCESSES)
def test_every_ending_is_reached_by_some_scenario(process: str) -> None:
    endings = {node.id for node in definition(process).nodes.values() if node.kind == "end" and node.process == process}
    stories = [play(definition(process), read(path)) for path in SCENARIOS if path.parent.parent.name == process]
    assert endings - {node for story in stories for node in story.passed} == set()
