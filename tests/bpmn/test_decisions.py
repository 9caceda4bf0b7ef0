"""Every decision table does what the examples beside it say, at its boundaries too.

Examples: bpmn/<process>/examples/<table>.json, a list of {name, inputs, outputs, rules}. A table that has
rules which no example fires, or bounds that no example touches from both sides, is not yet understood.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.decisions import Table, decide, read_table

BPMN = Path(__file__).parents[2] / "bpmn"
TABLES = sorted(BPMN.glob("*/*.dmn"))


def examples_of(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((path.parent / "examples" / f"{path.stem}.json").read_text("utf-8"))
    return found


EXAMPLES = [
    pytest.param(path, example, id=f"{path.stem}: {example['name']}")
    for path in TABLES
    for example in examples_of(path)
]


def table_of(path: Path) -> Table:
    return read_table(path.read_bytes())


@pytest.mark.parametrize(("path", "example"), EXAMPLES)
def test_example(path: Path, example: dict[str, Any]) -> None:
    made = decide(table_of(path), example["inputs"])
    assert made.outputs == example["outputs"]
    assert list(made.rules) == example["rules"]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_rule_has_an_example(path: Path) -> None:
    fired = {rule for example in examples_of(path) for rule in example["rules"]}
    assert {rule.id for rule in table_of(path).rules} == fired


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_bound_is_touched_from_both_sides(path: Path) -> None:
    table = table_of(path)
    examples = examples_of(path)
    for rule in table.rules:
        for column, test in zip(table.inputs, rule.tests, strict=True):
            tried = {example["inputs"][column.expression.text] for example in examples}
            for bound in map(int, re.findall(r"(?<![\w'])\d+(?![\w'])", test.text if test else "")):
                neighbours = {bound - 1, bound} <= tried or {bound, bound + 1} <= tried
                assert neighbours, f"{rule.id}: {column.label} is never tried on both sides of {bound}"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_named_like_its_file_in_both_languages(path: Path) -> None:
    table = table_of(path)
    assert table.id == path.stem
    assert table.name
    assert table.name_en
    assert all(rule.description for rule in table.rules)


def test_periods_cover_every_case() -> None:
    """D06 is UNIQUE: each combination meets exactly one rule, and never an empty answer."""
    table = table_of(BPMN / "care_visit" / "visit_period.dmn")
    for tier in "ABCD":
        for season in ("normal", "festival", "extreme_weather"):
            for willingness in ("agreed", "phone", "festival", "refused"):
                facts = {"tier": tier, "season": season, "willingness": willingness, "cadence_days": 0}
                made = decide(table, facts)
                assert len(made.rules) == 1, facts
                assert isinstance(made.outputs["period_days"], int)


def test_red_flags_never_come_back_empty() -> None:
    """D07: whatever is ticked, either `none` or something else is said, never both and never nothing."""
    table = table_of(BPMN / "care_visit" / "red_flags.dmn")
    calm = examples_of(BPMN / "care_visit" / "red_flags.dmn")[0]["inputs"]
    values: dict[str, tuple[Any, ...]] = {
        "physical": ("well", "weak", "ill", "injured", "unconscious", "unknown"),
        "mental": ("calm", "low", "despair", "self_harm", "unknown"),
        "hazards": (0, 1),
        "gas_or_fire": (False, True),
        "kin_support": ("good", "little", "none", "neglect", "unknown"),
        "abuse_signs": (False, True),
        "minor_alone": (False, True),
        "needs": (0, 1),
        "money_or_gifts": (False, True),
        "unanswered": (0, 3),
    }
    for name, choices in values.items():
        for choice in choices:
            flags = decide(table, {**calm, name: choice}).outputs["flags"]
            assert flags
            assert ("none" in flags) == (flags == ["none"])
