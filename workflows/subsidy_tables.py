"""The decision tables that advise on subsidies, as a version of the process has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.subsidies.amounts import Judge, Verdict
from workflows.engine.decisions import Table, decide
from workflows.models import Process
from workflows.tables import table_of

PROCESS = "subsidy_application"
AMOUNT, COMBINATION = "subsidy_amount", "subsidy_combination"


def judge_of(table: Table) -> Judge:
    """Decision D14 as this table has it."""

    def judge(facts: Mapping[str, Any]) -> Verdict:
        made = decide(table, facts)
        return Verdict(int(made.outputs["part"]), str(made.outputs["layer_reason"]), made.version)

    return judge


def judge() -> Judge:
    """Decision D14 of the newest version of the process. Raises NotDeployed when there is none."""
    return judge_of(table_of(Process.objects.newest(PROCESS).pk, AMOUNT))
