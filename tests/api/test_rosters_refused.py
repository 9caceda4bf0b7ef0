"""Files and forms that are no roster: refused with a stable code, and nothing of them is kept or told."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.models import Roster, RosterPart
from backend.cases.rosters import reading
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.api.uploads import upload
from tests.rosters.sheets import as_xlsx, lines, person
from tests.rosters.test_hostile_files import GOOD, OLE, in_sheet, repacked, same

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller() -> Caller:
    factories.village()
    return Caller(factories.user("caseworker", role="caseworker"))


def nothing_happened() -> bool:
    """Neither a roster nor a piece of a file nor an event."""
    return not (Roster.objects.exists() or RosterPart.objects.exists() or Event.objects.exists())


FILES: dict[str, tuple[bytes, int, str]] = {
    "a document of another kind": (b"%PDF-1.7\n1 0 obj", 422, "roster_unreadable"),
    "a picture named .xlsx": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 422, "roster_unreadable"),
    "half a workbook": (GOOD[: len(GOOD) // 2], 422, "roster_unreadable"),
    "nothing at all": (b"", 422, "roster_empty"),
    "a workbook without people": (as_xlsx(lines([])), 422, "roster_empty"),
    "a workbook of something else": (as_xlsx([["日期", "金额"], ["今天", 5]]), 422, "roster_columns"),
    "a password": (OLE + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(1000), 422, "roster_encrypted"),
    "macros": (repacked(GOOD, same, xl__vbaProject_bin=b"\xd0\xcf"), 422, "roster_macros"),
    "one cell in the farthest corner": (
        repacked(GOOD, in_sheet(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')),
        413,
        "roster_too_large",
    ),
}


@pytest.mark.parametrize("what", FILES)
def test_files(caller: Caller, what: str) -> None:
    content, status, code = FILES[what]
    assert_problem(upload(caller, content), status, code)
    assert nothing_happened()


def test_a_bomb(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reading.LIMITS, "inflated", 5_000_000)
    bomb = repacked(GOOD, same, xl__media__picture_bin=bytes(6_000_000))
    assert_problem(upload(caller, bomb), 413, "roster_too_large")
    assert nothing_happened()


class Unread(io.RawIOBase):
    """A body that nobody may read."""

    def read(self, size: int | None = -1) -> bytes:
        """Never called."""
        raise AssertionError("the body was read")


def test_what_says_that_it_is_too_large_is_not_even_read(caller: Caller) -> None:
    said: dict[str, Any] = {"wsgi.input": Unread(), "CONTENT_LENGTH": "60000000"}
    form = "multipart/form-data; boundary=x"
    assert_problem(caller.http.generic("POST", "/api/rosters/", "", form, **said), 413, "roster_too_large")


def test_what_turns_out_to_be_too_large(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", len(GOOD) - 1)
    assert_problem(upload(caller, GOOD), 413, "roster_too_large")
    assert nothing_happened()


@pytest.mark.parametrize(
    ("form", "status", "code", "pointer"),
    [
        ({"kind": "pets"}, 400, "invalid", "/kind"),
        ({"kind": ""}, 400, "invalid", "/kind"),
        ({"unit": "x"}, 400, "invalid", "/unit"),
        ({"start_programme": "x" * 41}, 400, "invalid", "/start_programme"),
        ({"start_programme": "no_such"}, 422, "unknown_programme", "/start_programme"),
    ],
)
def test_forms(caller: Caller, form: dict[str, str], status: int, code: str, pointer: str) -> None:
    assert_problem(upload(caller, GOOD, **form), status, code, pointer)
    assert nothing_happened()


BODIES: dict[str, Callable[[Caller], Any]] = {
    "no file": lambda caller: caller.http.post("/api/rosters/", {"kind": "families"}, format="multipart"),
    "a text instead of a file": lambda caller: caller.http.post(
        "/api/rosters/", {"kind": "families", "file": "花名册"}, format="multipart"
    ),
}


@pytest.mark.parametrize("what", BODIES)
def test_bodies_without_a_file(caller: Caller, what: str) -> None:
    assert_problem(BODIES[what](caller), 400, "invalid", "/file")
    assert nothing_happened()


def test_bodies_that_are_no_form(caller: Caller) -> None:
    assert_problem(caller.post("rosters/", {"kind": "families"}), 415, "unsupported_media_type")
    for body in ("", "--x", "--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nx", "\ufffd" * 500):
        for kind in ("multipart/form-data; boundary=x", "multipart/form-data"):
            response = caller.http.generic("POST", "/api/rosters/", body, content_type=kind)
            assert response.status_code == 400, (body, kind, response.content)
    assert nothing_happened()


def test_the_unit_is_one_where_the_uploader_works(caller: Caller) -> None:
    far, county = factories.town(factories.OTHER_TOWN), factories.town().parent_id
    assert_problem(upload(caller, GOOD, unit=str(far.pk)), 400, "invalid", "/unit")
    assert_problem(upload(caller, GOOD, unit=str(county)), 403, "not_allowed")
    assert nothing_happened()


def test_villages_of_other_units_are_problems_of_their_rows(caller: Caller) -> None:
    far = factories.village("210403007201")
    told = upload(caller, as_xlsx(lines([person(**{"村(居)代码": far.code})]))).json()
    [problem] = [each for each in told["problems"] if each["level"] == "error"]
    assert (problem["row"], problem["code"]) == (2, "outside_unit")
    assert (told["counts"]["ready"], told["counts"]["waiting"]) == (0, 1)


def test_families_are_no_helpers(caller: Caller) -> None:
    assert_problem(upload(caller, GOOD, kind="helpers"), 422, "roster_empty")
    assert nothing_happened()


def test_a_roster_keeps_no_path_of_the_uploaders_computer(caller: Caller) -> None:
    assert upload(caller, GOOD, name="../../etc/花名册.xlsx").json()["name"] == "花名册.xlsx"
    assert len(upload(caller, GOOD, name="x" * 5000 + ".xlsx").json()["name"]) <= 200
