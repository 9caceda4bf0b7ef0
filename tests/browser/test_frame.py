"""What every page has: a way in, a way out, two languages, larger text."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader, Screen


def test_log_in_reads_well_and_leads_to_today(reader: Callable[..., Reader], screen: Screen) -> None:
    here = reader(**screen)
    here.open("/inbox/")  # asks to log in first
    expect(here.page).to_have_url(re.compile("/log-in/"))
    assert here.barriers() == []
    here.expected |= {401}
    here.page.fill("#username", "caseworker")
    here.page.fill("#password", "not this one")
    here.page.click("main button[type=submit]")
    expect(here.page.locator("main [role=alert]")).to_be_visible()
    expect(here.page.locator("#username")).to_have_value("caseworker")
