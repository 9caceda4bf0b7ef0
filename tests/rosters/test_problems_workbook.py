"""The corrected copy: every row where it was, what is wrong coloured and explained, and nothing in it can run."""

import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from backend.audit.models import Event
from backend.cases.models import Roster
from backend.cases.rosters.columns import FAMILIES, HELPERS
from backend.cases.rosters.synthetic import Place, families
from backend.cases.rosters.workbook import template, workbook
from backend.org.models import Unit
from tests import factories
from tests.rosters.sheets import (
    FAMILY_HEADINGS,
    applied,
    as_csv,
    as_xlsx,
    certificate,
    checked,
    found,
    lines,
    person,
    written,
    wrong_certificate,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _village() -> Unit:
    return factories.village()


def copy_of(roster: Roster, now: datetime) -> bytes:
    return workbook(roster=roster, actor=factories.actor(), now=now)


def sheets_of(content: bytes) -> list[list[list[object]]]:
    book = CalamineWorkbook.from_object(io.BytesIO(content))
    return [[list(row) for row in book.get_sheet_by_index(place).to_python(skip_empty_area=False)] for place in (0, 1)]


def part(content: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_rows_stand_where_they_stood(ending: str, now: datetime) -> None:
    rows = [
        ["花名册"],
        ["2026年"],
        *lines([person(), person(户编号="2", 证件号码=wrong_certificate())]),
        [],
        ["合计2人"],
    ]
    content = as_csv(rows) if ending == ".csv" else as_xlsx(rows)  # type: ignore[arg-type]
    page, problems = sheets_of(copy_of(checked(content, now), now))
    name = FAMILY_HEADINGS.index("姓名")
    assert [page[0][0], page[1][0], page[2][name], page[3][name], page[6][0]] == [
        "花名册",
        "2026年",
        "姓名",
        "王德福",
        "合计2人",
    ]
    assert problems[1][:4] == [5.0, "证件号码", "错误", "id_checksum"]


def test_mended_values_are_filled_in_and_wrong_ones_left(now: datetime) -> None:
    untidy = person(
        姓名="劉德華",
        证件号码=certificate().lower(),
        出生日期="1950.3.5",
        性别码="男",
        类别1="空巢老人",
        联系电话="12345",
    )
    page, _ = sheets_of(copy_of(checked(as_csv(lines([untidy])), now), now))
    shown = dict(zip(FAMILY_HEADINGS, page[1], strict=False))
    assert [shown[heading] for heading in ("姓名", "证件号码", "出生日期", "性别码", "类别1", "联系电话")] == [
        "刘德华", certificate(), "1950-03-05", "1", "空巢", "12345"
    ]  # fmt: skip


def test_colours_and_remarks(now: datetime) -> None:
    untidy = person(姓名="劉德華", 联系电话="12345", 证件号码=wrong_certificate())
    content = copy_of(checked(as_csv(lines([untidy])), now), now)
    remarks, styles = part(content, "xl/comments1.xml"), part(content, "xl/styles.xml")
    assert "校验位不符" in remarks
    assert "电话号码" in remarks
    assert all(colour in styles for colour in ("FFE2EFDA", "FFFFF2CC", "FFF8CBAD"))


def test_the_copy_goes_in_like_the_original_and_changes_nothing(tmp_path: Path, now: datetime) -> None:
    """Whoever corrects it can upload it as it is."""
    factories.region("120114101000")
    content = written(families(rows=300, place=Place(villages=2), seed=9, mess=0.6, faults=0.1), tmp_path, ".xlsx")
    first = applied(content, now)
    again = checked(copy_of(first, now), now)
    assert found(again) == found(first)
    assert (again.counts["families_new"], again.counts["families_changed"]) == (0, 0)


@pytest.mark.parametrize(
    "evil", ["=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(1)", "\t=1", "http://evil.example/", "{=1}"]
)
def test_nothing_becomes_a_formula_or_a_link(evil: str, now: datetime) -> None:
    content = copy_of(checked(as_csv([[evil], *lines([person(备注=evil, 未知=evil, 户编号="A1")])]), now), now)
    for number in (1, 2):
        sheet = part(content, f"xl/worksheets/sheet{number}.xml")
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
    if evil[0] in "=+-@":
        assert 'quotePrefix="1"' in part(content, "xl/styles.xml")


def test_taking_the_copy_is_told(now: datetime) -> None:
    """It holds id numbers in full."""
    copy_of(checked(as_csv(lines([person()])), now), now)
    assert Event.objects.filter(action="roster.downloaded").count() == 1


@pytest.mark.parametrize(("kind", "columns"), [("families", FAMILIES), ("helpers", HELPERS)])
def test_template(kind: str, columns: tuple[object, ...]) -> None:
    content = template(kind)
    page = CalamineWorkbook.from_object(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert len(page[0]) == len(columns)
    assert "空巢, 失独" in part(content, "xl/comments1.xml") or kind == "helpers"
