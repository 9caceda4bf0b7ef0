"""An emergency is reported on a telephone in the village; whoever is on duty acknowledges it."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_reported_on_a_telephone_and_acknowledged(reader: Callable[..., Reader]) -> None:
    village = reader("village", width=390)
    page = village.open("/emergencies/new/")
    expect(page.locator("main a[href='tel:120']")).to_be_visible()  # call first
    page.locator("#answer-kind").select_option("fall")
    page.locator("#answer-where").fill("三组文化广场")
    page.locator("#answer-unit-field input").first.check()
    assert (village.barriers(), village.overflow()) == ([], 0)
    page.locator("main form button.btn-danger[type=submit]").click()
    page.wait_for_url(re.compile(r"/emergencies/[0-9a-f-]{36}/$"))

    duty = reader("supervisor", language="en")
    page = duty.open("/inbox/?step=acknowledge")
    page.locator("main tbody").get_by_role("link", name="Acknowledge").last.click()  # the latest is due last
    page.wait_for_url(re.compile(r"/work-items/[0-9a-f-]{36}/"))
    expect(page.locator("main")).to_contain_text("三组文化广场")
    page.get_by_label("Acknowledged, somebody goes there").check()
    page.locator("input[name=kin][value=not_reached]").check()
    assert duty.barriers() == []
    page.locator("#answers button[type=submit]").click()
    expect(page.locator("#done")).to_be_visible()
