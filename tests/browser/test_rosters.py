"""A roster from the choice of the file to the end of the import, and a file that is none."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from backend.cases.rosters.synthetic import Place, families, write
from tests.browser.reader import Reader


def test_a_roster_from_the_file_to_the_result(reader: Callable[..., Reader], width: int, tmp_path: Path) -> None:
    here = reader("caseworker", width=width)
    sheet = families(rows=60, place=Place(villages=3), seed=width, mess=0.3, faults=0.2)
    file = tmp_path / "roster.xlsx"
    write(sheet, file)
    page = here.open("/rosters/")
    assert here.barriers() == []
    page.locator("#file").set_input_files(file)
    page.locator("#upload button[type=submit]").click()
    expect(page.locator("#apply-title")).to_be_visible()
    assert here.barriers() == []
    assert here.overflow() <= 0
    page.locator(".nav-pills a[href*='code=']").first.click()
    expect(page).to_have_url(re.compile("code="))
    with page.expect_download() as download:
        page.locator("a[href$='problems.xlsx']").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    page.locator("#sure").check()
    page.locator("main form button[type=submit]").click()
    expect(page.locator("#applied")).to_be_visible(timeout=60_000)  # the page asks again by itself


def test_a_file_that_is_none(reader: Callable[..., Reader], tmp_path: Path) -> None:
    here = reader("caseworker")
    file = tmp_path / "roster.xlsx"
    file.write_bytes(b"no spreadsheet")
    page = here.open("/rosters/")
    here.expected |= {422}
    page.locator("#file").set_input_files(file)
    page.locator("#upload button[type=submit]").click()
    expect(page.locator("#refused")).to_be_visible()
    assert here.barriers() == []
