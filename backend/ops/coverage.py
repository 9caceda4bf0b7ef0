"""Which part of the system does what the documents name: 131 rows (W, Q, J, S, G), each with what shows it.

The table is `bpmn/documents.json`. What it refers to is looked up in the files that hold it, so a row cannot speak of a
process, form, code or parameter that was renamed or removed.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

TABLE = "documents.json"
ROWS: Mapping[str, int] = {"W": 30, "Q": 26, "J": 26, "S": 17, "G": 32}
"""Document → its rows (domain.md section 1)."""


@dataclass(frozen=True)
class Row:
    """One thing that a document names.

    by: what does it (`process:pairing`, `code:category/girl`, `parameter:loan.limits` …);  tests and scenarios: what
    shows it;  left_out: why (a part of) it is not built. A row that is left out altogether has nothing else.
    """

    number: str
    name: str
    name_en: str
    by: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    left_out: str = ""
    left_out_en: str = ""


def rows(folder: Path | None = None) -> list[Row]:
    """The table, in the order of the documents."""
    told = json.loads(((folder or settings.BPMN_FOLDER) / TABLE).read_text("utf-8"))
    return [Row(number=number, **{key: _frozen(value) for key, value in row.items()}) for number, row in told.items()]


def gaps(table: list[Row], root: Path) -> list[str]:
    """What is wrong with the table: rows that are missing or empty, and what is referred to but does not exist."""
    expected = [f"{letter}{number}" for letter, last in ROWS.items() for number in range(1, last + 1)]
    found = [row.number for row in table]
    wrong = [f"{number}: missing" for number in expected if number not in found]
    wrong += [f"{number}: unknown" for number in found if number not in expected]
    known = Known(root)
    return wrong + [f"{row.number}: {what}" for row in table for what in _gaps_of(row, known)]


def _gaps_of(row: Row, known: Known) -> Iterator[str]:
    if not (row.by and row.tests) and not (row.left_out and row.left_out_en and not row.by):
        yield "empty"
    if bool(row.left_out) != bool(row.left_out_en):
        yield "left_out in one language"
    yield from (reference for reference in row.by if not known.has(reference))
    yield from (test for test in row.tests if not known.has_test(test))
    yield from (f"scenario {each}" for each in row.scenarios if not known.has_scenario(each))


class Known:
    """What exists in the repository, by the words of the table."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def has(self, reference: str) -> bool:
        """Whether `kind:name` or `kind:name/part` exists. An unknown kind is a mistake of the table: False."""
        kind, _, name = reference.partition(":")
        look = getattr(self, f"_{kind}", None)
        return bool(name) and look is not None and look(*name.split("/"))

    def has_test(self, test: str) -> bool:
        """Whether `tests/file.py::test_name` is there."""
        file, _, name = test.partition("::")
        return name in _tests_in(self.root / file)

    def has_scenario(self, scenario: str) -> bool:
        """Whether `process/name` is there."""
        process, _, name = scenario.partition("/")
        return (self._bpmn / process / "scenarios" / f"{name}.json").is_file()

    @property
    def _bpmn(self) -> Path:
        return self.root / "bpmn"

    def _process(self, name: str) -> bool:
        return (self._bpmn / name / f"{name}.bpmn").is_file()

    def _step(self, process: str, node: str) -> bool:
        return self._process(process) and f'id="{node}"' in (self._bpmn / process / f"{process}.bpmn").read_text(
            "utf-8"
        )

    def _form(self, process: str, name: str) -> bool:
        return (self._bpmn / process / "forms" / f"{name}.json").is_file()

    def _table(self, process: str, name: str) -> bool:
        return (self._bpmn / process / f"{name}.dmn").is_file()

    def _code(self, name: str, entry: str = "") -> bool:
        held = self._json("backend/org/data/codes.json").get(name)
        return held is not None and (not entry or entry in held["entries"])

    def _parameter(self, key: str) -> bool:
        return any(each["key"] == key for each in self._json("backend/org/data/parameters.json"))

    def _catalogue(self, code: str) -> bool:
        return self._listed("backend/services/data/catalogue.json", code)

    def _kind(self, code: str) -> bool:
        return self._listed("backend/helpers/data/kinds.json", code)

    def _programme(self, code: str) -> bool:
        return self._listed("backend/cases/data/programmes.json", code)

    def _standard(self, code: str) -> bool:
        return self._listed("backend/subsidies/data/standards.json", code)

    def _module(self, *parts: str) -> bool:
        return (self.root / Path(*parts)).with_suffix(".py").is_file()

    def _indicator(self, name: str) -> bool:
        files = [self.root / "backend" / room / "indicators.py" for room in ("reporting", "assessment")]
        return any(re.search(rf'Indicator\(\s*"{re.escape(name)}"', file.read_text("utf-8")) for file in files)

    def _listed(self, file: str, code: str) -> bool:
        return any(each["code"] == code for each in self._json(file))

    def _json(self, file: str) -> Any:
        return _read(self.root / file)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@cache
def _read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


@cache
def _tests_in(file: Path) -> frozenset[str]:
    """Names of the tests of a file; none when there is no such file."""
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_")
