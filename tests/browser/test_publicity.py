"""The publicity board: anybody reads it without an account, masked; what is taken down is gone."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_everybody_reads_it_until_it_is_taken_down(reader: Callable[..., Reader]) -> None:
    anybody = reader(width=390)
    anybody.expected.add(410)
    page = anybody.open("/board/")
    page.locator("main .list-group a").filter(has_text="扶助对象公示").first.click()
    notice = page.url
    expect(page.locator("main tbody th").first).to_contain_text("*")  # a name, masked before it was stored
    expect(page.locator("main")).to_contain_text("异议")
    number = re.search(r"GS-[0-9A-Z-]+", page.inner_text("main"))
    assert number
    assert (anybody.barriers(), anybody.overflow()) == ([], 0)

    office = reader("supervisor", language="en")
    office.expected.add(400)
    page = office.open("/notices/?state=public")
    page.get_by_role("row").filter(has_text=number[0]).get_by_role("link").click()
    page.get_by_role("link", name="Take down").click()
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".errors:not(:empty)").first).to_be_visible()
    page.locator("main textarea, main input[type=text]").first.fill("a wrong list was read out")
    page.locator("main form button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("Taken down")
    assert (office.barriers(), office.overflow()) == ([], 0)

    page = anybody.open(notice)
    expect(page.locator("main")).to_contain_text("公示期已过")
    expect(page.locator("main tbody")).to_have_count(0)
