"""The order for the bank as a file: one line for each payment, then how many there are and what they come to.

Its columns and form are parameters of the county (`payment.bank_file`). Whatever was typed by somebody is written as
text: a name that begins like a formula does nothing in a spreadsheet.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter

from backend.org import codes, parameters
from backend.payments.models import Batch, Transfer

HEADINGS: Mapping[str, str] = {
    "number": "序号", "name": "户名", "account": "账号", "amount": "金额", "purpose": "用途", "batch": "批次号",
}  # fmt: skip
"""As banks read them: Chinese, whatever the language of whoever makes the file."""
USUAL: Mapping[str, Any] = {"form": "xlsx", "columns": ["number", "name", "account", "amount", "purpose", "batch"]}
SUM = "合计"
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A file's name and bytes."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal digits: what the bank compares."""
        return hashlib.sha256(self.content).hexdigest()


def order(batch: Batch, lines: Sequence[Transfer], *, day: date) -> Made:
    """The file of a batch, in the form that the parameter of its unit asks for on that day."""
    asked = parameters.value("payment.bank_file", path=batch.unit_path, day=day, default=USUAL)
    columns: Sequence[str] = asked["columns"]
    rows = [
        [HEADINGS[column] for column in columns],
        *([_cell(column, batch, line) for column in columns] for line in lines),
        _sum_row(columns, batch),
    ]
    content = _csv(rows) if asked["form"] == "csv" else _xlsx(rows)
    return Made(f"{batch.number}.{asked['form']}", content)


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def _cell(column: str, batch: Batch, line: Transfer) -> str:
    cells = {
        "number": str(line.number),
        "name": line.payee_label,
        "account": line.account_number,
        "amount": str(line.amount),
        "purpose": codes.name("payment_purpose", line.payable.purpose, "zh-hans"),
        "batch": batch.number,
    }
    return cells[column]


def _sum_row(columns: Sequence[str], batch: Batch) -> list[str]:
    """How many lines and how much, under the first column that is not the amount, and under the amount."""
    told = {
        "amount": str(batch.total),
        next(column for column in columns if column != "amount"): f"{SUM} {batch.count}",
    }
    return [told.get(column, "") for column in columns]


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    """With a byte order mark, by which spreadsheets know that it is UTF-8."""
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(rows: Iterable[Sequence[str]]) -> bytes:
    output = BytesIO()
    with xlsxwriter.Workbook(output, _OPTIONS) as book:
        page = book.add_worksheet()
        plain = book.add_format({"num_format": "@"})
        quoted = book.add_format({"num_format": "@", "quote_prefix": True})
        for line, row in enumerate(rows):
            for place, cell in enumerate(row):
                page.write_string(line, place, cell, quoted if cell.startswith(_STARTS_FORMULA) else plain)
        page.freeze_panes(1, 0)
        page.set_column(0, len(HEADINGS), 22)
    return output.getvalue()
