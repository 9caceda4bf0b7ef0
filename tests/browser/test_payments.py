"""The payment desk: one draws a batch up, another releases it; the bank answers; who received nothing is found."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from tests.browser.reader import Reader

PATIENCE = 40
"""So many times half a second until the worker has posted."""
ITEM = re.compile(r"/work-items/[0-9a-f-]{36}/")


def answer_to(order: Path) -> bytes:
    """What the bank says to the order: its first line came back, the rest arrived."""
    rows = CalamineWorkbook.from_filelike(BytesIO(order.read_bytes())).get_sheet_by_index(0).to_python()
    names = [str(each) for each in rows[0]]
    number, account, amount = (names.index(name) for name in ("序号", "账号", "金额"))
    lines = [row for row in rows[1:] if str(row[number]).strip().replace(".0", "").isdigit()]
    said = ["序号,账号,金额,结果,原因"]
    for place, row in enumerate(lines):
        result = "成功," if place else "退回,账户已销户"
        said.append(f"{place + 1},{row[account]},{row[amount]},{result}")
    return "\n".join(said).encode()


def posted(page: Page, state: str) -> None:
    """Look at the lines of a state until there are some."""
    address = f"{page.url.partition('?')[0]}?show={state}"
    for _each in range(PATIENCE):
        page.goto(address)
        if page.locator("main tbody tr").count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"no line is {state}")


def test_two_people_pay_and_the_bank_answers(reader: Callable[..., Reader]) -> None:
    cashier = reader("cashier", width=390, language="en")
    page = cashier.open("/payments/")
    page.locator("main tbody tr").filter(has_text="drawn up").get_by_role("link").first.click()
    batch = page.url
    expect(page.get_by_role("link", name="Release the batch")).to_be_visible()
    assert (cashier.barriers(), cashier.overflow()) == ([], 0)
    page.get_by_role("link", name="Release the batch").click()
    page.wait_for_url(ITEM)
    page.get_by_label("Release it and make the file for the bank").check()
    page.locator("#answers button[type=submit]").click()
    expect(page.locator("#done")).to_be_visible()

    finance = reader("finance")
    page = finance.open(batch)
    with page.expect_download() as coming:
        page.locator("main li").get_by_role("link").first.click()
    content = answer_to(coming.value.path())
    page.locator("#file").set_input_files({"name": "回盘.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="读入").click()
    posted(page, "returned")
    expect(page.locator("main tbody")).to_contain_text("账户已销户")
    assert (finance.barriers(), finance.overflow()) == ([], 0)

    page = finance.open("/payments/payables/?show=paid")
    expect(page.locator("#sum")).to_contain_text("合计")
    page.fill("#q", "没有这个人")
    page.get_by_role("button", name="搜索").click()
    expect(page.locator("main")).to_contain_text("没有找到，可看看其他分类。")
