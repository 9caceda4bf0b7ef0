"""How sure it is that two households are one: table D01, candidate by candidate, in the version of the process."""

from __future__ import annotations

from dataclasses import dataclass

from backend.cases.merging import Duplicate, duplicates_of
from backend.cases.models import Family
from workflows.engine.decisions import decide
from workflows.models import Process
from workflows.tables import NoTable, table_of

TABLE = "duplicates"
SIGNS = ("same_certificate", "same_name_and_birth", "same_head_and_address", "same_name_and_phone")


@dataclass(frozen=True)
class Judged:
    """A candidate with what the table says of it. A person decides, whatever the score."""

    duplicate: Duplicate
    score: int


def facts(found: Duplicate | None) -> dict[str, bool]:
    """The inputs of the table for one candidate; for none, that nothing speaks for it."""
    reasons = found.reasons if found else ()
    return {**{sign: sign in reasons for sign in SIGNS}, "same_village": found is not None and found.same_village}


def judged(process: Process, family: Family) -> list[Judged]:
    """Households that may be the same, the surest first."""
    found = duplicates_of(family)
    if not found:
        return []
    try:
        table = table_of(process.pk, TABLE)
    except NoTable:  # a run that began before the table was there
        return [Judged(each, 0) for each in found]
    scored = [Judged(each, int(decide(table, facts(each)).outputs["duplicate_score"])) for each in found]
    return sorted(scored, key=lambda each: -each.score)
