"""Files of every form: where the table is, what its columns are, which rows name somebody."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from backend.cases.rosters.columns import FAMILIES
from backend.cases.rosters.problems import RosterColumns, RosterEmpty
from backend.cases.rosters.reading import Table, find_table, read
from backend.cases.rosters.rows import Layout, Row, understand
from backend.cases.rosters.values import Cell
from tests.rosters.sheets import FAMILY_HEADINGS, NEEDED, VILLAGE, as_csv, as_xlsx, certificate, lines, person

LAYOUT = Layout(FAMILIES)
XLS = Path(__file__).with_name("families.xls")
"""Written once with xlwt 1.3: two persons, an id stored as a number of 15 digits, a date cell, a merged title."""


def table_of(content: bytes) -> Table:
    return find_table(read([content]), FAMILIES)


def rows_of(content: bytes) -> list[Row]:
    return list(understand(table_of(content), LAYOUT, today=date(2026, 3, 2)))


def names(content: bytes) -> list[str]:
    return [row.text("name") for row in rows_of(content)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_separated_values(encoding: str, delimiter: str) -> None:
    content = as_csv(lines([person(姓名="㐂王")]), encoding=encoding, delimiter=delimiter)
    assert names(content) == ["㐂王"]


def test_a_field_may_hold_line_breaks_and_delimiters() -> None:
    (row,) = rows_of(as_csv(lines([person(备注="第一行\n第二行,还有")])))
    assert row["remark"] == "第一行第二行,还有"


def test_workbook() -> None:
    (row,) = rows_of(as_xlsx(lines([person(出生日期=18327, 户编号=12)])))
    assert (row["household"], row["birth_date"], row.number) == ("12", date(1950, 3, 5), 2)


def test_old_workbook() -> None:
    first, second = rows_of(XLS.read_bytes())
    assert (first.number, first["name"], first["certificate"]) == (3, "王德福", certificate())
    assert (second["name"], second["birth_date"], second["household"]) == ("李秀英", date(1952, 7, 9), "1")


def test_title_rows_above_and_remarks_below() -> None:
    header, *people = lines([person(), person(姓名="李秀英", 与户主关系码="12", 证件号码=certificate("19520709", 2))])
    content = as_csv(
        [
            ["大黄堡镇家庭花名册"],
            ["填报单位：", None, None, "填报日期：2026年2月20日"],
            header,
            *people,
            [],
            ["合计", None, None, None, None, "2人"],
            ["填表说明：本表一式两份。"],
            ["点击下载(xx)更多精彩"],
        ]
    )
    table = table_of(content)
    assert [number for number, _ in table.rows()] == [4, 5]
    assert (table.header, table.skipped) == (3, 5)


def test_a_header_repeated_on_every_page_is_no_person() -> None:
    header, one = lines([person()])
    assert names(as_csv([header, one, header, one])) == ["王德福", "王德福"]


def test_columns_in_any_order_under_any_of_their_names() -> None:
    headings = ["身份证号", "姓名 *", "与户主关系", "户号", "村代码", "　性 别　"]
    cells: Sequence[Cell] = [certificate(), "王德福", "户主", "7", VILLAGE, "男"]
    (row,) = rows_of(as_csv([headings, cells]))
    assert [row[field] for field in ("certificate", "name", "relation", "household", "village", "sex")] == [
        certificate(), "王德福", "02", "7", VILLAGE, "1"
    ]  # fmt: skip


def test_traditional_headings() -> None:
    header, one = lines([person()])
    traditional = [
        str(heading).replace("与户主关系码", "與戶主關係碼").replace("证件号码", "證件號碼") for heading in header
    ]
    assert names(as_csv([traditional, one])) == ["王德福"]


def test_unknown_columns_are_kept_as_notes_without_long_numbers() -> None:
    (row,) = rows_of(as_csv(lines([person(住房="砖房", 银行账号="6217000010001234567")])))
    assert row.notes == {"住房": "砖房", "银行账号": "…4567"}


def test_of_two_columns_with_one_name_the_first_counts() -> None:
    header, one = lines([person(联系电话="15400000001")])
    (row,) = rows_of(as_csv([[*header, "联系电话"], [*one, "15400000002"]]))
    assert (row["phone"], row.notes) == ("15400000001", {"联系电话": "15400000002"})


def test_merged_cells_count_for_every_row_they_cover() -> None:
    """A household's number and address often stand once beside all its members."""
    people = [
        person(户编号=None, 居住地址=None),
        person(户编号=None, 居住地址=None, 姓名="李秀英", 与户主关系码="12", 证件号码=certificate("19520709", 2)),
        person(户编号="2", 居住地址="三排2号", 姓名="赵军", 证件号码=certificate("19700101", 3)),
    ]
    rows = lines(people)
    number, home = FAMILY_HEADINGS.index("户编号"), FAMILY_HEADINGS.index("居住地址")
    rows[1][number], rows[1][home] = "1", "二排1号"
    found = rows_of(as_xlsx([["花名册"], *rows], merged=[(0, 0, 0, 30), (2, number, 3, number), (2, home, 3, home)]))
    assert [(row["household"], row["live_address"]) for row in found] == [
        ("1", "二排1号"), ("1", "二排1号"), ("2", "三排2号")
    ]  # fmt: skip


def test_missing_columns_are_named() -> None:
    with pytest.raises(RosterColumns) as refused:
        table_of(as_csv([["姓名", "证件号码", "户编号"], ["王德福", certificate(), "1"]]))
    assert refused.value.params["columns"] == "村(居)代码、与户主关系码"


def test_no_header_at_all() -> None:
    with pytest.raises(RosterColumns):
        table_of(as_csv([["甲", "乙", "丙"], ["1", "2", "3"]]))


@pytest.mark.parametrize("content", [b"", b"\n\n \r\n", as_xlsx([])])
def test_nothing_in_the_file(content: bytes) -> None:
    with pytest.raises(RosterEmpty):
        table_of(content)


def test_only_the_needed_columns() -> None:
    (row,) = rows_of(as_csv(lines([person()], NEEDED)))
    assert (row["name"], row["birth_date"], row["sex"]) == ("王德福", date(1950, 3, 5), "1")
