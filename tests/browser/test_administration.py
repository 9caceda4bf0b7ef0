"""The administrators' day: a partner unit is added, a user is made and given a role, on a desk and on a phone."""

from collections.abc import Callable
from secrets import token_hex

from playwright.sync_api import expect

from tests.browser.reader import Reader, Screen

Readers = Callable[..., Reader]


def test_the_tree_and_a_new_partner_unit(reader: Readers, screen: Screen) -> None:
    here = reader("sysadmin", **screen)
    here.open("/administration/units/")
    page = here.page
    page.locator(".tree summary").nth(1).click()
    expect(page.locator(".tree ul li a").first).to_be_visible()
    assert here.barriers() == []
    assert here.overflow() <= 0
    here.open("/administration/units/new/")
    page.fill("#parent-q", "大黄堡")
    page.locator("#parent-found input").first.check()
    code = f"GJ-{token_hex(3)}"
    page.fill("#answer-code", code)
    page.fill("#answer-name", "共建单位新")
    assert here.barriers() == []
    page.click("main button[type=submit]")
    expect(page.locator("main")).to_contain_text(code)
    assert here.barriers() == []
    assert here.overflow() <= 0


def test_a_user_is_made_and_given_a_role(reader: Readers, screen: Screen) -> None:
    here = reader("secadmin", **screen)
    here.open("/administration/users/")
    page = here.page
    assert here.barriers() == []
    assert here.overflow() <= 0
    here.open("/administration/users/new/")
    page.fill("#answer-username", f"new-{token_hex(3)}")
    page.fill("#answer-name", "新来的人")
    page.click("main button[type=submit]")
    expect(page.locator("#one-time-password")).to_be_visible()
    assert here.barriers() == []
    page.click("main a.btn-primary")
    page.click("main a.verb >> nth=0")
    page.fill("#unit-q", "大黄堡")
    page.locator("#unit-found input").first.check()
    page.select_option("#answer-role", "caseworker")
    page.fill("#answer-from_date", "2026-01-01")
    assert here.barriers() == []
    page.click("main button[type=submit]")
    expect(page.locator("main table")).to_contain_text("2026")
    assert here.barriers() == []
    assert here.overflow() <= 0


def test_a_number_is_set_a_process_looked_at_and_the_worker(reader: Readers, screen: Screen) -> None:
    here = reader("sysadmin", **screen)
    page = here.page
    here.open("/administration/rules/pairing.shortlist/set/")
    page.fill("#answer-value", "4")
    page.fill("#answer-source", "a meeting")
    assert here.barriers() == []
    page.click("main form button[type=submit]")
    expect(page.locator("main table")).to_contain_text("a meeting")
    for path in (
        "/administration/rules/",
        "/administration/rules/pairing.shortlist/",
        "/administration/codes/need/",
        "/administration/processes/",
        "/administration/jobs/",
    ):
        here.open(path)
        assert here.barriers() == [], path
        assert here.overflow() <= 0, path
    here.open("/administration/processes/care_visit/")
    expect(page.locator("#diagram .djs-element").first).to_be_visible()
    assert here.barriers() == []
    assert here.overflow() <= 0
