"""An auditor's day in a browser: all entries narrowed, then a case as it was on an earlier day."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_from_an_entry_to_the_case_as_it_was(reader: Callable[..., Reader], width: int, language: str) -> None:
    here = reader("auditor", width=width, language=language)
    page = here.open("/history/?about=decisions")
    assert here.barriers() == []
    assert here.overflow() <= 0
    page.locator("#found a[href*='/as-of/']").last.click()
    expect(page.locator("#then h2")).to_be_visible()
    expect(page.locator("#diagram svg").first).to_be_visible()
    assert here.barriers() == []
    assert here.overflow() <= 0
    before = page.locator("#then h2").inner_text()
    page.locator("#place").press("Home")  # the slider: the day it was opened
    expect(page.locator("#then h2")).not_to_have_text(before)
    expect(page.locator("#diagram svg").first).to_be_visible()
