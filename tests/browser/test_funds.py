"""Donations and their store: one is noted, with what is missing said beside the field; shares are brought, the store
has less."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.reader import Reader


def in_stock(page: Page) -> int:
    """How many jujube saplings there are."""
    return int(page.get_by_role("row").filter(has_text="枣树苗").locator("td").first.inner_text().split()[0])


def test_a_donation_is_noted_and_one_reaches_its_families(reader: Callable[..., Reader]) -> None:
    office = reader("caseworker")
    office.expected.add(400)
    page = office.open("/donations/new/")
    page.get_by_label("资金", exact=True).check()
    page.get_by_label("捐赠人姓名或名称").fill("陈记米行")
    page.locator("main form button[type=submit]").click()
    expect(page.locator("#answer-amount-errors, [id$=amount-errors]").first).not_to_be_empty()
    expect(page.get_by_label("捐赠人姓名或名称")).to_have_value("陈记米行")
    assert (office.barriers(), office.overflow()) == ([], 0)
    page.get_by_label(re.compile("^大黄堡镇")).check()
    page.get_by_label(re.compile("^金额")).fill("1200")
    page.get_by_label("困难家庭帮扶").check()
    page.get_by_label(re.compile("^每户一份")).fill("200")
    page.get_by_label("个人", exact=True).check()
    page.locator("main form button[type=submit]").click()
    expect(page.get_by_role("link", name="核对捐赠条件")).to_be_visible()
    expect(page.locator("main")).to_contain_text("1,200.00")

    page = office.open("/stores/")
    page.locator("main .list-group a").filter(has_text="仓库").click()
    store, before = page.url, in_stock(page)

    village = reader("village", width=390, language="en")
    page = village.open("/donations/?state=allocated")
    page.locator("main tbody th").get_by_role("link").first.click()
    page.locator("main select[name^=result-]").first.select_option("delivered")
    assert (village.barriers(), village.overflow()) == ([], 0)
    page.locator("main button[form=record]").click()
    expect(page.locator("main tbody")).to_contain_text("李晓燕")
    assert in_stock(office.open(store)) == before - 100
