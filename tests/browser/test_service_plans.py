"""A service plan: the department answers on its own page, opens what it may know; the office sees what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_a_department_accepts_and_opens_what_it_may_know(reader: Callable[..., Reader]) -> None:
    clinic = reader("liaison", width=390, language="en")
    page = clinic.open("/inbox/?step=answer_referral")
    page.locator("main tbody").get_by_role("link", name="Answer the referral").first.click()
    page.wait_for_url(re.compile(r"/work-items/[0-9a-f-]{36}/"))
    expect(page.locator("main")).to_contain_text("Family-doctor contract")
    page.get_by_label("We do it").check()
    assert clinic.barriers() == []
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("button", name="Complete")).to_have_count(0)
    page = clinic.open("/referrals/?state=accepted")
    assert clinic.overflow() <= 0
    page.locator("main table a").first.click()
    page.get_by_role("button", name="Open what you may know").click()
    expect(page.get_by_role("heading", name="What you may know")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Address")
    assert clinic.barriers() == []
    office = reader("caseworker")
    page = office.open("/service-plans/?state=running")
    page.locator("main table a").first.click()
    page.wait_for_url(re.compile(r"/service-plans/[0-9a-f-]{36}/$"))
    expect(page.locator("main")).to_contain_text("家庭医生签约")
    assert office.barriers() == []
    assert office.overflow() <= 0
