"""The report desk: a month with nothing to report is said so, signed, sent back, said again; the month before stands in
the bulletin."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.reader import Reader

ITEM = re.compile(r"/work-items/[0-9a-f-]{36}/")


def take(page: Page) -> None:
    """The first item of the inbox as it is narrowed."""
    page.locator("tr[data-id]").get_by_role("link").first.click()
    page.wait_for_url(ITEM)


def complete(page: Page) -> None:
    """With what has been answered."""
    page.locator("#answers button[type=submit]").click()
    expect(page.locator("#done")).to_be_visible()


def nothing_to_report(liaison: Reader) -> None:
    """From the correspondent's inbox."""
    page = liaison.open("/inbox/?step=write_report")
    take(page)
    page.locator("#answer-nil-field").get_by_label("是", exact=True).check()
    expect(page.locator("#answer-content")).not_to_be_visible()
    assert (liaison.barriers(), liaison.overflow()) == ([], 0)
    complete(page)


def sign(head: Reader) -> None:
    """From the head's inbox."""
    page = head.open("/inbox/?step=sign_report")
    take(page)
    page.get_by_label("Signed: to the office").check()
    complete(page)


def test_a_month_without_news(reader: Callable[..., Reader]) -> None:
    liaison, head = reader("liaison", width=390), reader("head", language="en")
    nothing_to_report(liaison)
    sign(head)

    office = reader("leading")
    page = office.open("/inbox/?step=review_report")
    take(page)
    page.get_by_label("退回", exact=True).check()
    page.locator("#answer-codes-field input").first.check()
    page.locator("#answer-reason").fill("本月有义诊，请补报")
    complete(page)
    nothing_to_report(liaison)
    sign(head)

    page = office.open("/monthly-reports/")
    row = page.get_by_role("row").filter(has_text="文卫科")
    expect(row).to_contain_text("零报告")
    expect(row.locator("td").last).to_have_text("1")
    row.get_by_role("link").click()
    expect(page.get_by_role("link", name=re.compile("审核"))).to_be_visible()
    assert (office.barriers(), office.overflow()) == ([], 0)

    page = office.open("/bulletins/")
    page.locator("main tbody th").get_by_role("link").first.click()
    expect(page.locator("section[aria-labelledby=sums]")).to_contain_text("96")
    assert (office.barriers(), office.overflow()) == ([], 0)
