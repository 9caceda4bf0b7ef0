"""E10: money, loans and inheritance are ruled out when a pairing begins; a dispute ends in ways that the law offers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.forms import validate

BPMN = Path(__file__).parents[2] / "bpmn"
AGREED = {
    "start_date": "2026-03-02",
    "cadence": "monthly",
    "items": ["daily_care"],
    "no_money_clause": True,
    "emergency_plan": "打网格员电话",
    "signed_by_family": True,
    "signed_by_helper": True,
}


def form(process: str, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((BPMN / process / "forms" / f"{name}.json").read_text("utf-8"))
    return read


@pytest.mark.parametrize(("clause", "wrong"), [(True, []), (False, ["/no_money_clause"]), (None, ["/no_money_clause"])])
def test_no_agreement_without_the_clause_on_money(clause: bool | None, wrong: list[str]) -> None:
    answers = {key: value for key, value in {**AGREED, "no_money_clause": clause}.items() if value is not None}
    assert [each.pointer for each in validate(form("pairing", "agreement"), answers)] == wrong


def test_mediation_and_legal_aid_are_offered() -> None:
    measures = form("grievance", "grievance_investigation")["properties"]["measure"]["oneOf"]
    assert {"mediation", "legal_aid"} <= {each["const"] for each in measures}
