"""Every edge case of the domain is shown by tests that exist: `edge_cases.json`, number → what is shown, and by what.

A number of the issue that is missing here, and a test or scenario that was renamed or removed, fails. Files are read,
not run.
"""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CASES: dict[str, dict[str, Any]] = json.loads((ROOT / "tests" / "edge_cases.json").read_text("utf-8"))
NUMBERS = range(1, 36)


@cache
def names_in(file: str) -> frozenset[str]:
    """Names of the tests in a file; of those in a class, `Class::test`."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return frozenset(name for name in found if name.rpartition("::")[2].startswith("test_"))


def test_every_number_is_there() -> None:
    assert list(CASES) == [f"E{number}" for number in NUMBERS]


@pytest.mark.parametrize("number", CASES)
def test_it_is_shown_by_what_exists(number: str) -> None:
    case = CASES[number]
    assert case["shows"].endswith(".")
    assert case["tests"]
    for test in case["tests"]:
        file, _, name = test.partition("::")
        assert (ROOT / file).is_file(), test
        assert name in names_in(file), test
    for scenario in case.get("scenarios", []):
        process, _, name = scenario.partition("/")
        assert (ROOT / "bpmn" / process / "scenarios" / f"{name}.json").is_file(), scenario
