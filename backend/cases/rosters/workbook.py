"""Workbooks for people: the uploaded rows with everything marked that is wrong or was mended, and an empty roster.

The corrected copy keeps every row where it was, so the row numbers of the report hold. Mended cells show their mended
value in green, doubtful ones are yellow, wrong ones red, both with a remark that says why. It can be corrected and
uploaded again as it is: what went in already does not change. The second sheet lists all problems.
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from itertools import islice
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from backend.audit.history import record
from backend.cases.models import Roster
from backend.cases.rosters import reading
from backend.cases.rosters.kinds import kind_of
from backend.cases.rosters.parts import spool_of
from backend.cases.rosters.problems import Problem, message
from backend.cases.rosters.rows import Layout, Row
from backend.cases.rosters.services import examined
from backend.cases.rosters.values import Cell, written
from backend.org.access import Actor

MOST_REMARKS = 20_000
"""A spreadsheet with more remarks hardly opens; colours and the list of problems are complete."""
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TEXT_LIMIT = 32_000
_OPTIONS = {
    "constant_memory": True,
    # Whatever was uploaded is written as text: nothing of it becomes a formula, a link or a number.
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def workbook(*, roster: Roster, actor: Actor, now: datetime) -> bytes:
    """The corrected copy of an uploaded roster, as .xlsx: an event, for it holds id numbers in full.

    The rows are checked again, against what is on file now. Raises RosterState when the file was removed already.
    """
    record(
        action="roster.downloaded", object=roster, label=roster.name, unit_path=roster.unit.path, actor=actor, now=now
    )
    table, groups = examined(roster, spool_of(roster), now)
    rows = {row.number: row for group in groups for row in group.rows}
    layout = kind_of(roster.kind).layout
    # xlsxwriter keeps rows in a file while it writes; the folder is readable to this user only and gone at the end.
    with tempfile.TemporaryDirectory() as folder:
        output = BytesIO()
        with xlsxwriter.Workbook(output, {**_OPTIONS, "tmpdir": folder}) as book:
            _Copy(book, table, layout).write(rows)
            _list_problems(book, (problem for row in rows.values() for problem in row.problems))
    return output.getvalue()


class _Copy:
    """The first sheet: the uploaded rows, corrected and marked."""

    def __init__(self, book: Any, table: reading.Table, layout: Layout) -> None:
        self.page = book.add_worksheet(_("Roster"))
        self.table = table
        self.layout = layout
        self.remarks = 0
        self.header = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
        self.plain = book.add_format({"num_format": "@"})
        self.guarded = book.add_format({"num_format": "@", "quote_prefix": True})
        self.looks = {
            "mended": book.add_format({"num_format": "@", "bg_color": "#E2EFDA"}),
            "warning": book.add_format({"num_format": "@", "bg_color": "#FFF2CC"}),
            "error": book.add_format({"num_format": "@", "bg_color": "#F8CBAD"}),
        }

    def write(self, rows: Mapping[int, Row]) -> None:
        """All rows of the sheet, in their places."""
        for number, cells in self.table.everything():
            if number == self.table.header:
                self.page.freeze_panes(number, 0)
                for position, cell in enumerate(cells):
                    self.page.write_string(number - 1, position, written(cell), self.header)
            elif number in rows:
                self._write_row(rows[number], cells)
            else:
                for position, cell in enumerate(cells):
                    self._write_cell(number, position, written(cell), self.plain)

    def _write_row(self, row: Row, cells: Sequence[Cell]) -> None:
        wrong: dict[str, list[Problem]] = {}
        for problem in row.problems:
            wrong.setdefault(problem.column, []).append(problem)
        known = {position: self.layout.columns[place] for position, place in self.table.places.items()}
        for position in range(max([len(cells), *(place + 1 for place in known)])):
            column = known.get(position)
            said = written(cells[position]) if position < len(cells) else ""
            if column is None:
                self._write_cell(row.number, position, said, self.plain)
                continue
            if column.field in row.mended:
                said = column.shown(row[column.field])
            problems = wrong.pop(column.heading, [])
            look = max((problem.level for problem in problems), key="warning error".find, default="")
            look = look or ("mended" if column.field in row.mended else "")
            self._write_cell(row.number, position, said, self.looks.get(look, self.plain))
            self._remark(row.number, position, problems)
        # A problem of a column that the sheet does not have is told at the row's first cell.
        self._remark(row.number, 0, [problem for problems in wrong.values() for problem in problems])

    def _write_cell(self, number: int, position: int, said: str, look: Any) -> None:
        if not said and look is self.plain:
            return
        if said.startswith(_STARTS_FORMULA) and look is self.plain:
            look = self.guarded
        self.page.write_string(number - 1, position, said[:_TEXT_LIMIT], look)

    def _remark(self, number: int, position: int, problems: Sequence[Problem]) -> None:
        if problems and self.remarks < MOST_REMARKS:
            self.remarks += 1
            said = "\n".join(message(problem.stored()) for problem in problems)
            self.page.write_comment(number - 1, position, said, {"x_scale": 2})


def _list_problems(book: Any, problems: Iterable[Problem]) -> None:
    page = book.add_worksheet(_("Problems"))
    bold = book.add_format({"bold": True})
    for position, heading in enumerate((_("Row"), _("Column"), _("Kind"), _("Code"), _("Problem"))):
        page.write_string(0, position, heading, bold)
    levels = {"error": _("error"), "warning": _("warning")}
    # A sheet ends after 1,048,576 rows.
    for line, problem in enumerate(islice(sorted(problems), 1_000_000), start=1):
        page.write_number(line, 0, problem.row)
        for position, said in enumerate(
            (problem.column, levels[problem.level], problem.code, message(problem.stored())), start=1
        ):
            page.write_string(line, position, said)
    page.set_column(4, 4, 80)


def template(kind: str) -> bytes:
    """An empty roster of this kind: the headings of the contract, with the words that coded columns take."""
    layout = kind_of(kind).layout
    output = BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True, **_OPTIONS, "constant_memory": False}) as book:
        page = book.add_worksheet(_("Roster"))
        text = book.add_format({"num_format": "@"})
        looks = {
            True: book.add_format({"bold": True, "bg_color": "#F8CBAD", "border": 1}),
            False: book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1}),
        }
        for position, column in enumerate(layout.columns):
            page.set_column(
                position, position, 22 if column.max_length > 60 or "certificate" in column.field else 12, text
            )
            page.write_string(0, position, column.heading + "*" * column.required, looks[column.required])
            if column.codes:
                choices = ", ".join(column.codes.choices())
                page.write_comment(0, position, choices[:1000], {"x_scale": 2})
        page.freeze_panes(1, 0)
    return output.getvalue()
