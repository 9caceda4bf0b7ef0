"""The decision tables that advise on subsidies, as a version of the process has them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from backend.subsidies.amounts import Judge, Verdict
from workflows.engine.decisions import Table, decide, read_table
from workflows.models import Process

PROCESS = "subsidy_application"
AMOUNT = "subsidy_amount"


def judge_of(table: Table) -> Judge:
    """Decision D14 as this table has it."""

    def judge(facts: Mapping[str, Any]) -> Verdict:
        made = decide(table, facts)
        return Verdict(int(made.outputs["part"]), str(made.outputs["layer_reason"]), made.version)

    return judge


def judge() -> Judge:
    """Decision D14 of the newest version of the process. Raises NotDeployed when there is none."""
    return judge_of(table_of(Process.objects.newest(PROCESS).pk, AMOUNT))


@lru_cache(maxsize=16)
def table_of(process_id: UUID, name: str) -> Table:
    """A table of a version of the process, which never changes."""
    files: Mapping[str, str] = Process.objects.values_list("files", flat=True).get(pk=process_id)
    path = next(path for path in files if path.endswith(f"/{name}.dmn"))
    return read_table(files[path].encode())
