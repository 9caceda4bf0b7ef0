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


DECISIONS = {
    "D01": ("household_intake/duplicates", "FIRST"),
    "D02": ("household_intake/categories", "COLLECT"),
    "D03": ("household_intake/risk_tier", "PRIORITY"),
    "D05": ("pairing/pairing_gate", "FIRST"),
    "D06": ("care_visit/visit_period", "UNIQUE"),
    "D07": ("care_visit/red_flags", "COLLECT"),
    "D08": ("emergency_response/emergency_triage", "FIRST"),
    "D09": ("emergency_response/mandatory_report", "FIRST"),
    "D10": ("service_plan_referral/service_composition", "COLLECT"),
    "D11": ("referral/referral_routing", "UNIQUE"),
    "D12": ("subsidy_application/special_eligibility", "FIRST"),
    "D13": ("subsidy_application/reward_eligibility", "FIRST"),
    "D14": ("subsidy_application/subsidy_amount", "FIRST"),
    "D15": ("subsidy_application/subsidy_combination", "PRIORITY"),
    "D16": ("subsidy_exit/exit", "UNIQUE"),
    "D17": ("recovery/recovery_plan", "FIRST"),
    "D18": ("health_service/health_eligibility", "UNIQUE"),
    "D19": ("publicity/masking", "FIRST"),
    "D20": ("reminders/ladder", "UNIQUE"),
    "D20 in an emergency": ("emergency_response/escalation", "UNIQUE"),
    "D21": ("festival_condolence/condolence", "PRIORITY"),
    "D23": ("micro_loan/loan_advice", "FIRST"),
    "D22": ("donation/aid_allocation", "PRIORITY"),
    "D22 before it is accepted": ("donation/donation_terms", "FIRST"),
    "D24": ("hours_claim/hours_routing", "FIRST"),
    "D25": ("hours_claim/stars", "UNIQUE"),
    "D26": ("activity_site/activity_level", "UNIQUE"),
    "D27": ("honours_selection/honour_disqualification", "FIRST"),
    "D29": ("target_assessment/score", "COLLECT"),
    "D30": ("target_assessment/veto", "FIRST"),
    "D28": ("monthly_report/report_check", "COLLECT"),
    "D31": ("grievance/grievance_routing", "UNIQUE"),
    "D32": ("access_ticket/access", "FIRST"),
}
"""Decisions of the care programmes → table, hit policy (domain.md 3.2)."""


@pytest.mark.parametrize("number", DECISIONS)
def test_each_decision_is_a_table_with_its_hit_policy(number: str) -> None:
    name, policy = DECISIONS[number]
    path = BPMN / f"{name}.dmn"
    assert table_of(path).policy == policy
    assert number.partition(" ")[0] in path.read_text("utf-8")


def test_every_table_has_a_number() -> None:
    assert {name for name, _policy in DECISIONS.values()} == {f"{path.parent.name}/{path.stem}" for path in TABLES}


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
