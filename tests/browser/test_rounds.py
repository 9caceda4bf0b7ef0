"""A reconciliation: the office opens a round, a village reports a family on a telephone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_a_village_reports_in_the_round_that_the_office_opened(reader: Callable[..., Reader]) -> None:
    office = reader("supervisor")
    page = office.open("/rounds/new/")
    assert office.barriers() == []
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile(r"/rounds/[0-9a-f-]{36}/$"))
    assert office.barriers() == []
    assert office.overflow() <= 0
    phone = reader("village", width=390, language="en")
    page = phone.open("/rounds/")
    page.locator("main").get_by_role("link", name=re.compile("^Report")).first.click()
    card = page.locator("section.card").filter(has=page.locator("fieldset")).first
    family = card.locator("h2").inner_text().split()[0]
    for fieldset in card.locator("fieldset").all():
        fieldset.get_by_label("came, but not any more").check()
    card.get_by_text("Somebody else helps").click()
    card.get_by_label("Name").fill("老刘")
    assert phone.barriers() == []
    assert phone.overflow() <= 0
    card.get_by_role("button").click()
    expect(page.get_by_text(f"Reported: {family}.")).to_be_visible()
    page.get_by_role("link", name="Reported", exact=True).click()
    expect(page.locator("main")).to_contain_text(family)
