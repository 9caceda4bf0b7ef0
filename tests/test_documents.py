"""What the documents name is done by something that exists, shown by a test that exists: `bpmn/documents.json`."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from backend.ops import coverage
from backend.ops.coverage import Row, gaps, rows

ROOT = Path(__file__).parents[1]
ROW = Row("W7", "圆梦女孩", "Dream girls", by=("kind:dream_girl",), tests=("tests/test_documents.py::test_no_gap",))


def test_no_gap() -> None:
    """A row that maps to nothing, and what was renamed or removed, fails here."""
    assert gaps(rows(), ROOT) == []


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ({"by": ()}, "empty"),
        ({"tests": ()}, "empty"),
        ({"by": ("process:enforcement",)}, "process:enforcement"),
        ({"by": ("step:pairing/nobody",)}, "step:pairing/nobody"),
        ({"by": ("form:pairing/nothing",)}, "form:pairing/nothing"),
        ({"by": ("table:pairing/nothing",)}, "table:pairing/nothing"),
        ({"by": ("code:category/none",)}, "code:category/none"),
        ({"by": ("parameter:none",)}, "parameter:none"),
        ({"by": ("catalogue:none",)}, "catalogue:none"),
        ({"by": ("standard:none",)}, "standard:none"),
        ({"by": ("indicator:none",)}, "indicator:none"),
        ({"by": ("dream:girl",)}, "dream:girl"),
        ({"tests": ("tests/test_documents.py::test_nothing",)}, "tests/test_documents.py::test_nothing"),
        ({"tests": ("tests/nowhere.py::test_no_gap",)}, "tests/nowhere.py::test_no_gap"),
        ({"scenarios": ("pairing/never",)}, "scenario pairing/never"),
        ({"left_out": "只有中文"}, "left_out in one language"),
    ],
)
def test_what_does_not_exist_is_a_gap(change: dict[str, Any], gap: str) -> None:
    assert f"W7: {gap}" in gaps([replace(ROW, **change)], ROOT)


def test_a_row_that_is_missing_or_unknown_is_a_gap() -> None:
    found = gaps([ROW, replace(ROW, number="X1")], ROOT)
    assert "X1: unknown" in found
    assert "W8: missing" in found
    assert "W7: missing" not in found


def test_left_out_altogether_needs_a_reason_and_nothing_else() -> None:
    bare = replace(ROW, by=(), tests=(), left_out="不做执法", left_out_en="no enforcement")
    assert not any(each.startswith("W7:") for each in gaps([bare], ROOT))


def test_the_command_prints_every_row_and_fails_on_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    call_command("coverage_of_documents", stdout=out)
    assert all(row.number in out.getvalue() for row in rows())
    monkeypatch.setattr("backend.ops.management.commands.coverage_of_documents.rows", lambda: [ROW])
    with pytest.raises(CommandError, match="W8: missing"):
        call_command("coverage_of_documents", stdout=StringIO())
    assert coverage.ROWS == {"W": 30, "Q": 26, "J": 26, "S": 17, "G": 32}
