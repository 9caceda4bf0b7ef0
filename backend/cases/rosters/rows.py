"""One row of a roster understood: values by field, how each was mended, and what is wrong within the row itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType

from backend.cases.rosters import values
from backend.cases.rosters.columns import LONG_NUMBER, Column, Level
from backend.cases.rosters.problems import Problem
from backend.cases.rosters.reading import Table
from backend.cases.rosters.values import Cell, Plain, Value, clean, written

OLDEST = 125
"""Years: whoever is older is a typing mistake."""
MOST_NOTES = 30
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Layout:
    """The columns of a kind of roster, found by field."""

    columns: tuple[Column, ...]

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Field → place in `columns`."""
        return {column.field: place for place, column in enumerate(self.columns)}

    def heading(self, field: str) -> str:
        """The column's name in the contract."""
        return self.columns[self.place[field]].heading


class Row:
    """One person's row. Fields are read with `row["name"]`; an empty cell is None."""

    __slots__ = ("alias", "layout", "mended", "notes", "number", "problems", "values")

    def __init__(self, layout: Layout, number: int) -> None:
        self.layout = layout
        self.number = number
        self.alias = ""
        """The name as it was written, when that was in traditional characters."""
        self.values: list[Plain] = [None] * len(layout.columns)
        # Shared by all rows until a row has something of its own: a table has a hundred thousand of them.
        self.mended: Mapping[str, str] = NOTHING
        self.notes: Mapping[str, str] = NOTHING
        self.problems: Sequence[Problem] = ()

    def __getitem__(self, field: str) -> Plain:
        return self.values[self.layout.place[field]]

    def __setitem__(self, field: str, value: Plain) -> None:
        self.values[self.layout.place[field]] = value

    def text(self, field: str) -> str:
        """The field as text; empty when the cell is."""
        value = self.values[self.layout.place[field]]
        return value if isinstance(value, str) else ""

    def day(self, field: str) -> date | None:
        """The field as a date."""
        value = self[field]
        return value if isinstance(value, date) else None

    def add(self, field: str, code: str, detail: str = "", *, level: Level | None = None, **params: str) -> None:
        """Note a problem at one column of this row."""
        column = self.layout.columns[self.layout.place[field]]
        known = tuple(params.items())
        problem = Problem(self.number, column.heading, code, level or column.level, detail, known)
        self.problems = (*self.problems, problem)

    def settle(self, field: str, value: Plain, how: str = "") -> None:
        """Give the field its final value, mended in this way."""
        self[field] = value
        if how != self.mended.get(field, ""):
            self.mended = {**self.mended, field: how}

    def note(self, heading: str, said: str) -> None:
        """Keep something readable beside the person; long numbers (ids, accounts) only by their last characters."""
        if len(self.notes) < MOST_NOTES:
            self.notes = {**self.notes, heading: LONG_NUMBER.sub("…", clean(said)[0][:400])}

    @property
    def is_wrong(self) -> bool:
        """Whether an error keeps this row from going in."""
        return any(problem.level == "error" for problem in self.problems)


def understand(table: Table, layout: Layout, *, today: date) -> Iterator[Row]:
    """The rows of the table, each checked for itself."""
    places = [(position, place, layout.columns[place]) for position, place in table.places.items()]
    together = {column.field: position for position, _, column in places if column.field in _TOGETHER}
    alone = [(position, place, column) for position, place, column in places if column.field not in _TOGETHER]
    width = max(table.places, default=-1) + 1
    for number, cells in table.rows():
        row = Row(layout, number)
        cells.extend([None] * (width - len(cells)))  # a row ends with the last of its cells that holds anything
        for position, place, column in alone:
            cell = cells[position]
            if cell != "" and cell is not None:
                _fill(row, place, column, cell, today)
            elif column.required:
                row.add(column.field, "missing", level="error")
        _settle_person(row, {field: _at(cells, position) for field, position in together.items()}, today)
        for position, heading in table.notes.items():
            if said := clean(written(_at(cells, position)))[0]:
                row.note(heading, said)
        yield row


_TOGETHER = frozenset({"certificate", "birth_date"})
"""Fields that are understood only beside each other."""


def _at(cells: Sequence[Cell], position: int) -> Cell:
    return cells[position] if position < len(cells) else None


def _fill(row: Row, place: int, column: Column, cell: Cell, today: date) -> None:
    """Understand one cell."""
    value, mended, problem, detail = column.understand(cell)
    if problem:
        row.add(column.field, problem, detail)
    elif value is None:
        if column.required:
            row.add(column.field, "missing", level="error")
        return
    elif isinstance(value, str) and len(value) > column.max_length:
        row.add(column.field, "bad_code", "too_long", most=str(column.max_length))
    elif column.is_past and isinstance(value, date) and value > today:
        row.add(column.field, "bad_date", "future")
    else:
        row.values[place] = value
        if detail == values.NOTED:
            row.note(column.heading, written(cell))
        if mended:
            row.mended = {**row.mended, column.field: mended}
            if column.field == "name" and mended == "traditional":
                row.alias = values.unsimplified(cell)
        return
    # What is not understood is not lost: it stays readable beside the person.
    row.note(column.heading, written(cell))


# --- the person: certificate, sex and birth date explain each other ---------------------------------------------------


def _settle_person(row: Row, raw: Mapping[str, Cell], today: date) -> None:
    number = _settle_certificate(row, raw.get("certificate"))
    born = values.birth_of(number) if number else None
    typed = _typed_birth(raw.get("birth_date"), born)
    faults: list[str] = []
    if number:
        sex = values.sex_of(number)
        if row["sex"] in {"1", "2"} and row["sex"] != sex:
            faults.append("sex")
        row.settle("sex", sex, "id" if row["sex"] != sex else row.mended.get("sex", ""))
        if isinstance(typed.value, date) and typed.value != born:
            faults.append("birth")
    if faults == ["sex", "birth"]:
        row.add("certificate", "id_disagrees", "both", level="error")
    for fault in faults:
        row.add("sex" if fault == "sex" else "birth_date", "id_disagrees", fault, level="warning")
    _settle_birth(row, typed, born, today)


def _typed_birth(cell: Cell, born: date | None) -> Value:
    """What the birth column says. Where it says less than the id but agrees with it, the id completes it."""
    typed = values.day(cell)
    if born is None:
        return typed
    agrees = (
        (typed.mended == "month" and isinstance(typed.value, date) and typed.value == born.replace(day=1))
        or (typed.detail == "year_only" and written(cell).strip()[:4] == str(born.year))
        or (typed.detail == "month_unclear" and int(float(cell or 0)) == born.year and born.month in {1, 10})
    )
    return Value(born, "id") if agrees else typed


def _settle_birth(row: Row, typed: Value, born: date | None, today: date) -> None:
    """The id's date governs (domain.md E17); without an id an unclear date is an error, since nothing else tells it."""
    if typed.problem:
        row.add("birth_date", typed.problem, typed.detail, level="warning" if born else "error")
    day = born or (typed.value if isinstance(typed.value, date) else None)
    if day is None:
        return
    if not typed.problem and (day > today or day.year < today.year - OLDEST):
        row.add("birth_date", "bad_date", "future" if day > today else "too_old", level="error")
        return
    row.settle("birth_date", day, typed.mended if typed.value == day else "id")


def _settle_certificate(row: Row, cell: Cell) -> str:
    """Understand the number by the kind of certificate; the 18 characters when it is a resident's id."""
    has_kinds = "certificate_kind" in row.layout.place
    kind = row.text("certificate_kind") if has_kinds else "id"
    number = values.resident_id(cell)
    if kind not in {"", "id"} and (kind != "none" or number.problem):
        _settle_other(row, kind, cell)
        return ""
    if number.problem:
        row.add("certificate", number.problem, number.detail)
        return ""
    if number.value is None:
        if has_kinds and kind != "none":
            # Not needed to go in: old people and children without an id exist (domain.md E18).
            row.add("certificate", "missing", "certificate", level="warning")
        return ""
    if has_kinds:
        row.settle("certificate_kind", "id", row.mended.get("certificate_kind", ""))
    row.settle("certificate", number.value, number.mended)
    return str(number.value)


def _settle_other(row: Row, kind: str, cell: Cell) -> None:
    found = values.other_certificate(cell)
    if found.problem:
        row.add("certificate", found.problem, found.detail)
    elif found.value is not None:
        row.settle("certificate", found.value, found.mended)
        if kind == "none":
            row.settle("certificate_kind", "other", "code")
    elif kind != "none":
        row.add("certificate", "missing", "certificate", level="warning")
