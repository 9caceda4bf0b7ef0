"""Pairing beyond one case: proposals for a whole township, a rotation, and days away."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.utils.translation import gettext, override
from playwright.sync_api import Page, expect

from tests.browser.reader import Reader, Screen

Readers = Callable[..., Reader]
TOWNSHIP, SOLDIER = "大黄堡镇", "尹雨桐"
"""The demo's township, and its helper with families whom no other story has leave or stay away."""
UNIT = "共建单位JD3"
"""Where SOLDIER serves."""


def text(here: Reader, source: str) -> str:
    """A text of the pages in the reader's language."""
    with override(here.language):
        return gettext(source)


def go(here: Reader, *names: str) -> Page:
    """By the menu (folded up on a telephone), then by links and buttons."""
    page, menu = here.page, here.page.locator(".navbar-toggler")
    if menu.is_visible():
        menu.click()
    entry = page.locator("a", has_text=re.compile(rf"^\s*{re.escape(text(here, names[0]))}\s*$"))
    behind = page.locator("#navigation li.dropdown", has=entry)
    if behind.count():
        behind.get_by_role("button").click()
    page.locator("#navigation").locator(entry).click()
    for name in names[1:]:
        page.locator("main").get_by_role("link", name=text(here, name)).first.click()
    return page


def press(here: Reader, name: str) -> None:
    """A button of the page."""
    here.page.locator("main").get_by_role("button", name=text(here, name)).first.click()


def judge(here: Reader) -> None:
    """Nobody is kept from reading this page, and none of it is cut off."""
    assert (here.barriers(), max(here.overflow(), 0)) == ([], 0)


def test_proposals_for_a_township_come_with_reasons_and_come_out_again(reader: Readers, screen: Screen) -> None:
    here = reader("caseworker", **screen)
    here.open("/")
    page = go(here, "Pairing", "Work out proposals")
    page.locator("select[name=unit]").select_option(label=TOWNSHIP)
    judge(here)
    press(here, "Work out")
    row = page.locator("main form tbody tr").filter(has=page.get_by_role("checkbox")).first
    points = int(row.locator("td.text-end").inner_text())
    row.locator("summary").click()  # in parts
    parts = (row.locator("details").text_content() or "").partition(".")[0]
    assert sum(map(int, re.findall(r"\d+", parts))) == points
    page.get_by_text(text(here, "What each rule removed")).click()
    expect(page.get_by_role("cell", name=re.compile(r"^\d+$")).first).to_be_visible()
    press(here, "Work it out again")
    expect(page.locator("#again [role=status]")).to_contain_text(text(here, "The same proposals came out."))
    judge(here)


def test_days_away_are_told_to_the_families_and_end_early(reader: Readers, screen: Screen) -> None:
    here = reader("caseworker", **screen)
    here.open("/")
    page = go(here, "Pairing", "Absences", "Record days away")
    page.get_by_role("searchbox").fill(SOLDIER)
    page.get_by_label(SOLDIER).check()
    page.locator("main [name=reason]").first.check()
    judge(here)
    press(here, "Record days away")
    expect(page.locator("h1")).to_have_text(SOLDIER)
    family = page.locator("main tbody th").first.inner_text()
    away = page.url
    judge(here)
    village = reader("village", **screen)
    told = village.open("/").get_by_role("button", name=f"{text(village, 'The family was told')} {family}")
    told.click()
    expect(told).to_have_count(0)
    page.goto(away)
    expect(page.locator("main tbody tr").filter(has_text=family)).to_contain_text("李晓燕")
    page.get_by_role("link", name=text(here, "Take it back")).click()
    page.get_by_role("textbox").last.fill("考试取消")
    press(here, "Take it back")
    expect(page.locator("h1")).to_contain_text(text(here, "taken back"))


def test_a_rotation_is_prepared_by_one_and_approved_by_another(reader: Readers) -> None:
    office = reader("caseworker")
    office.open("/")
    page = go(office, "Pairing", "Rotations", "Prepare a rotation")
    page.get_by_role("combobox").select_option(label=UNIT)
    press(office, "Preview")
    page.wait_for_url(re.compile(r"/rotations/[0-9a-f-]{36}/$"))
    families = page.locator("main tbody tr")
    count = families.count()
    assert count > 0
    expect(families.filter(has_text=SOLDIER)).to_have_count(count)
    expect(page.get_by_role("button", name=text(office, "Approve"), exact=True)).to_have_count(0)  # not one's own plan
    judge(office)
    signer = reader("supervisor", width=390, language="en")
    signer.open("/")
    page = go(signer, "To sign", UNIT)
    judge(signer)
    press(signer, "Approve")
    expect(page.locator("main")).to_contain_text("Approved: whoever is named is asked now.")
    judge(signer)
    go(signer, "Pairing", "Rotations", UNIT)
    expect(page.locator("main dl")).to_contain_text("王建国")
