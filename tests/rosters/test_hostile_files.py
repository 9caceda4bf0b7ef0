"""Files that are no roster, or want to do harm: a clear refusal, and never more memory or time than the limits."""

import io
import resource
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter

from backend.cases.models import Roster, RosterPart
from backend.cases.rosters import parts, reading, services
from backend.cases.rosters.columns import FAMILIES
from backend.cases.rosters.problems import (
    RosterEmpty,
    RosterEncrypted,
    RosterMacros,
    RosterTooLarge,
    RosterUnreadable,
)
from backend.cases.rosters.reading import find_table, read
from backend.core.errors import DomainError
from tests import factories
from tests.rosters.sheets import FAMILY_HEADINGS, as_csv, as_xlsx, lines, person, uploaded

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
GOOD = as_xlsx(lines([person()]))
SHEET = "xl/worksheets/sheet1.xml"


def repacked(content: bytes, change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    """The workbook with changed parts, and parts added (`__` in a name is a slash)."""
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, part in more.items():
            new.writestr(name.replace("__", "/").replace("_bin", ".bin").replace("_xml", ".xml"), part)
    return output.getvalue()


def same(name: str, part: bytes) -> bytes:
    return part


def in_sheet(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    return lambda name, part: part.replace(old, new) if name == SHEET else part


def refusal(content: bytes) -> type[DomainError]:
    with pytest.raises(DomainError) as refused:
        find_table(read([content]), FAMILIES)
    return type(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"PK\x03\x04" + b"\x00" * 100,
        OLE + b"\x00" * 2000,
        OLE + b"\xff" * 20000,
        GOOD[: len(GOOD) // 2],
        b"\xff\xfe" + b"\xd8\x00" * 50,
        "只有一段文字，没有表格".encode(),
        b"\xf0\x28\x8c\x28,\xff\xff,\xf0",
        b'a,b,c\n"' + b"x" * 100_000 + b'",2,3\n',
        repacked(GOOD, lambda name, part: b"" if name == SHEET else part),
        repacked(GOOD, lambda name, part: b"<html/>" if name == "xl/workbook.xml" else part),
    ],
)
def test_no_spreadsheet(content: bytes) -> None:
    assert refusal(content) in {RosterUnreadable, RosterEmpty}


def test_a_zip_without_a_workbook() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert refusal(output.getvalue()) is RosterUnreadable


def test_a_password() -> None:
    encrypted = OLE + b"\x00" * 1000 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 1000
    assert refusal(encrypted) is RosterEncrypted
    # The flag in an entry of the zip's directory says that the entry is encrypted.
    place = GOOD.rindex(b"PK\x01\x02")
    assert refusal(GOOD[: place + 8] + b"\x01\x00" + GOOD[place + 10 :]) is RosterEncrypted


def test_macros() -> None:
    assert refusal(repacked(GOOD, same, xl__vbaProject_bin=b"\xd0\xcf")) is RosterMacros


def test_links_to_other_files_are_not_followed() -> None:
    link = b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    content = repacked(GOOD, same, xl__externalLinks__externalLink1_xml=link)
    assert len(list(find_table(read([content]), FAMILIES).rows())) == 1


def test_formulas_count_by_their_stored_results() -> None:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"strings_to_formulas": False}) as book:
        page = book.add_worksheet()
        for number, cells in enumerate(lines([person(姓名=None), person(姓名="=cmd|' /C calc'!A0", 户编号="2")])):
            page.write_row(number, 0, ["" if cell is None else cell for cell in cells])
        page.write_formula(1, FAMILY_HEADINGS.index("姓名"), '=WEBSERVICE("http://evil.example/")', None, "赵军")
    found = find_table(read([output.getvalue()]), FAMILIES).rows()
    assert [cells[FAMILY_HEADINGS.index("姓名")] for _, cells in found] == ["赵军", "=cmd|' /C calc'!A0"]


def test_a_bomb_that_says_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reading.LIMITS, "inflated", 5_000_000)
    bomb = repacked(GOOD, same, xl__media__picture_bin=b"\x00" * 6_000_000)
    assert len(bomb) < 20_000
    assert refusal(bomb) is RosterTooLarge


def test_a_bomb_that_lies_about_its_size() -> None:
    """The directory says ten bytes; unpacking stops there and the checksum exposes it."""
    bomb = bytearray(repacked(GOOD, same, xl__media__picture_bin=b"\x00" * 6_000_000))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = bomb.rindex(mark) + offset
        bomb[place : place + 4] = (10).to_bytes(4, "little")
    assert refusal(bytes(bomb)) is RosterUnreadable


def test_one_cell_in_the_farthest_corner() -> None:
    """The parser makes a cell for every place up to there: 17 billion. Its process ends, this one does not notice."""
    far = repacked(
        GOOD, in_sheet(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert refusal(far) is RosterTooLarge
    # The most that any child took so far: one of another test may have been larger.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(700_000, before)


def test_a_million_empty_rows_with_a_format() -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (number, number) for number in range(3, 1_000_003))
    content = repacked(GOOD, in_sheet(b"</sheetData>", rows + b"</sheetData>"))
    assert len(list(find_table(read([content]), FAMILIES).rows())) == 1


def test_more_rows_than_any_roster() -> None:
    content = as_csv([FAMILY_HEADINGS]) + b"1,2,3\n" * 200_000
    assert refusal(content) is RosterTooLarge


def test_entities_are_not_expanded() -> None:
    laughs = b'<!DOCTYPE sst [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><sst'

    def change(name: str, part: bytes) -> bytes:
        return part.replace(b"<sst", laughs).replace("王德福".encode(), b"&b;") if "sharedStrings" in name else part

    assert refusal(repacked(GOOD, change)) is RosterUnreadable


class Endless(io.RawIOBase):
    """A file of any size; counts what is read of it."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """Zeros."""
        piece = min(self.left, size)
        self.left -= piece
        self.taken += piece
        return b"0" * piece


@pytest.mark.django_db
def test_two_hundred_megabytes(now: datetime) -> None:
    """Refused as soon as it is seen to be too large, and nothing of it is kept."""
    file: Any = Endless(200_000_000)
    with pytest.raises(RosterTooLarge):
        services.upload(kind="families", file=file, name="x", actor=factories.actor(), now=now, unit=factories.town())
    assert file.taken < reading.MOST_BYTES + 2 * parts.SIZE
    assert not Roster.objects.exists()
    assert not RosterPart.objects.exists()


@pytest.mark.django_db
def test_an_empty_file(now: datetime) -> None:
    with pytest.raises(RosterEmpty):
        uploaded(b"", now)


@pytest.mark.django_db
def test_a_refusal_in_the_background_becomes_the_state(now: datetime) -> None:
    roster = uploaded(b"%PDF-1.7 nothing", now)
    services.in_background(verb=services.dry_run, roster_id=roster.pk, now=now)
    roster.refresh_from_db()
    assert (roster.state, roster.error) == (Roster.State.FAILED, "roster_unreadable")
