"""A township's head reads the targets and signs the agreement; a supervisor reads the indicators behind it."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_a_head_signs_what_the_indicators_are_held_against(reader: Callable[..., Reader]) -> None:
    head = reader("head", width=390)
    page = head.open("/assessments/")
    page.locator("main tbody").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="目标与得分")).to_be_visible()
    assert (head.barriers(), head.overflow()) == ([], 0)
    page.get_by_role("link", name="签订责任书").click()
    page.wait_for_url(re.compile(r"/work-items/[0-9a-f-]{36}/"))
    page.get_by_label("签订", exact=True).check()
    page.locator("#answers button[type=submit]").click()
    expect(page.locator("#done")).to_be_visible()

    office = reader("supervisor", language="en")
    page = office.open("/indicators/")
    page.get_by_role("link", name="Visits made").click()
    expect(page.locator("#by_unit")).to_be_visible()
    expect(page.locator("[data-chart=by_unit] svg")).to_be_visible()
    assert (office.barriers(), office.overflow()) == ([], 0)
