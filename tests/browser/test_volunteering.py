"""A volunteer enters hours on a telephone; somebody without an account checks the number of a certificate."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_hours_on_a_telephone_and_a_number_checked_by_anybody(reader: Callable[..., Reader]) -> None:
    phone = reader("volunteer", width=390)
    page = phone.open("/hours/")
    page.get_by_role("link", name="申报时长").click()
    early = datetime.now(ZoneInfo("Asia/Shanghai")).replace(hour=5, minute=30)  # nobody visits a family at that hour
    begin = early - timedelta(days=5)
    page.locator("#answer-started_at").fill(f"{begin:%Y-%m-%dT%H:%M}")
    page.locator("#answer-ended_at").fill(f"{begin + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    page.locator("#answer-content").select_option("teaching")
    page.get_by_label("有人见证").check()
    page.get_by_role("button", name="申报时长").click()
    expect(page.locator("#messages")).to_contain_text("由别人核定")
    expect(page.locator("#found")).to_contain_text("辅导讲座")
    assert (phone.barriers(), phone.overflow()) == ([], 0)

    anybody = reader("", language="en")
    page = anybody.open("/check/")
    page.get_by_label("Number of the certificate").fill("ZM-120114122000-2026-0001-ABCDEFGH")
    page.get_by_role("button", name="Look it up").click()
    expect(page.get_by_text("There is no certificate with this number")).to_be_visible()
    assert anybody.barriers() == []
