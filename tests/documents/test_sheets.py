"""Registers as .xlsx: in a county's order of columns, without formulas, however many rows."""

from __future__ import annotations

import tracemalloc
from datetime import date
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from backend.documents import sheets
from backend.documents.sheets import Column
from backend.org.parameters import set_parameter
from tests import factories

COLUMNS = [Column("name", "姓名"), Column("village", "村"), Column("amount", "金额")]


def opened(content: bytes) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()]


@pytest.mark.django_db
def test_columns_in_the_order_of_the_place() -> None:
    here, day = factories.town().path, date(2026, 3, 2)
    keys = {"families": ["village", "name", "unknown"]}
    set_parameter(key=sheets.COLUMNS, path=here, value=keys, from_date=date(2026, 1, 1))
    assert [each.key for each in sheets.ordered(COLUMNS, register="families", day=day, path=here)] == [
        "village",
        "name",
    ]
    assert sheets.ordered(COLUMNS, register="families", day=day) == COLUMNS
    assert sheets.ordered(COLUMNS, register="visits", day=day, path=here) == COLUMNS


@pytest.mark.parametrize("value", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("x")', "http://x.example"])
def test_what_looks_like_a_formula_is_text(value: str) -> None:
    content = sheets.register(columns=COLUMNS, rows=[{"name": value, "amount": Decimal("80.00")}], title="登记表")
    assert opened(content)[2][0] == value
    page = ZipFile(BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in page
    assert "<hyperlink" not in page
    if value[0] in "=+-@\t":
        assert 'quotePrefix="1"' in ZipFile(BytesIO(content)).read("xl/styles.xml").decode()


def test_many_rows_need_no_memory_of_their_own() -> None:
    """300 rows of 40 columns: what is kept is the packed file, not the cells."""
    columns = [Column(f"c{place}", f"列{place}") for place in range(40)]
    row = {column.key: "大黄堡镇赵庄村" for column in columns}
    tracemalloc.start()
    content = sheets.register(columns=columns, rows=(row for _line in range(300)))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(content) + 800_000


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    rows = [{"name": "王秀英"}] * 3
    assert len(opened(sheets.register(columns=COLUMNS, rows=rows))) == 4
    with pytest.raises(sheets.TooManyRows):
        sheets.register(columns=COLUMNS, rows=[*rows, {"name": "李四"}])
