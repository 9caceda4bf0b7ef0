"""A case on its diagram and in words; helpers over time."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_a_case_in_words_and_on_its_diagram(reader: Callable[..., Reader], width: int) -> None:
    here = reader("caseworker", width=width)
    page = here.open("/cases/?phase=care")
    page.locator("#found th a").first.click()
    expect(page).to_have_url(re.compile("/cases/[0-9a-f-]+/$"))
    expect(page.locator("main")).to_contain_text("正在等待")
    assert here.barriers() == []
    assert here.overflow() <= 0
    page.get_by_role("link", name="流程图").click()
    expect(page.locator("#diagram .is-active")).not_to_have_count(0)
    expect(page.locator("#diagram .is-done")).not_to_have_count(0)
    expect(page.locator("#diagram .bjs-powered-by")).to_be_visible()  # as the licence asks
    if width > 600:
        page.locator("#zoom [data-zoom=in]").click()
    assert here.barriers() == []
    assert here.overflow() <= 0


def test_helpers(reader: Callable[..., Reader], width: int) -> None:
    here = reader("caseworker", width=width)
    page = here.open("/helpers/")
    page.locator("#free").check()
    expect(page).to_have_url(re.compile("free=true"))
    assert here.barriers() == []
    here.open("/helpers/")
    page.locator("#found th a").first.click()
    expect(page.locator("h1")).to_be_visible()
    assert here.barriers() == []
    assert here.overflow() <= 0
