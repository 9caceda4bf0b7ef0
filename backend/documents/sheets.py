"""Registers as .xlsx: columns in the order that a county wants, written row by row, safe to open.

Whatever comes from the file is written as text: nothing of it becomes a formula, a link or a number, and what starts
like a formula keeps a quotation mark in front when somebody edits it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.errors import DomainError
from backend.org import parameters
from backend.org.parameters import EVERYWHERE

COLUMNS = "documents.columns"
MOST_ROWS = 1_000_000
"""A sheet ends after 1,048,576."""
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
TEXT_LIMIT = 32_000
_OPTIONS = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip

Value = str | int | Decimal | date | datetime | bool | None


class TooManyRows(DomainError):
    """More rows than a sheet can hold."""

    code = "too_many_rows"
    message = _("Too many rows for one sheet.")


@dataclass(frozen=True)
class Column:
    """A column: the key of its value in a row, its heading, and its width in characters."""

    key: str
    heading: str
    width: int = 14


def ordered(columns: Sequence[Column], *, register: str, day: date, path: str = EVERYWHERE) -> list[Column]:
    """The columns in the order set for this register at that place (parameter documents.columns): what is named there
    and nothing else; without an order there all of them as they are."""
    orders: Mapping[str, Sequence[str]] = parameters.value(COLUMNS, path=path, day=day, default={})
    known = {column.key: column for column in columns}
    chosen = [known[key] for key in orders.get(register, ()) if key in known]
    return chosen or list(columns)


def register(
    *, columns: Sequence[Column], rows: Iterable[Mapping[str, Value]], title: str = "", sheet: str = "Sheet1"
) -> bytes:
    """The register as .xlsx. Rows are written as they come: 100,000 of them need no memory of their own.

    `title`: a line above the headings. Raises TooManyRows.
    """
    output = BytesIO()
    # xlsxwriter keeps rows in a file while it writes; the folder is readable to this user only and gone at the end.
    with (
        tempfile.TemporaryDirectory() as folder,
        xlsxwriter.Workbook(output, {**_OPTIONS, "tmpdir": folder}) as book,
    ):
        _Register(book, sheet, columns).write(title, rows)
    return output.getvalue()


class _Register:
    """A sheet while it is written."""

    def __init__(self, book: Any, name: str, columns: Sequence[Column]) -> None:
        self.page = book.add_worksheet(name[:31])
        self.columns = columns
        self.head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.plain = book.add_format({"num_format": "@"})
        self.guarded = book.add_format({"num_format": "@", "quote_prefix": True})
        self.money = book.add_format({"num_format": "#,##0.00"})

    def write(self, title: str, rows: Iterable[Mapping[str, Value]]) -> None:
        """Title, headings, rows."""
        first = 1 if title else 0
        for place, column in enumerate(self.columns):
            self.page.set_column(place, place, column.width)
        if title:
            self.page.write_string(0, 0, title, self.title)
        for place, column in enumerate(self.columns):
            self.page.write_string(first, place, column.heading, self.head)
        self.page.freeze_panes(first + 1, 0)
        for line, row in enumerate(rows, start=first + 1):
            if line > MOST_ROWS:
                raise TooManyRows
            for place, column in enumerate(self.columns):
                self._write(line, place, row.get(column.key))

    def _write(self, line: int, place: int, value: Value) -> None:
        if isinstance(value, Decimal):
            self.page.write_number(line, place, value, self.money)
        elif isinstance(value, int) and not isinstance(value, bool):
            self.page.write_number(line, place, value)
        elif text := _written(value):
            look = self.guarded if text.startswith(STARTS_FORMULA) else self.plain
            self.page.write_string(line, place, text, look)


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    return (value.isoformat() if isinstance(value, date) else str(value))[:TEXT_LIMIT]
