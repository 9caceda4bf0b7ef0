"""An auditor's day in a browser: all entries narrowed, then a case as it was on an earlier day."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader, Screen


def test_from_an_entry_to_the_case_as_it_was(reader: Callable[..., Reader], screen: Screen) -> None:
    here = reader("auditor", **screen)
    page = here.open("/history/?about=decisions")
    assert here.barriers() == []
    assert here.overflow() <= 0
    page.locator("#found a[href*='/as-of/']").first.click()
    expect(page.locator("#then h2")).to_be_visible()
    expect(page.locator("#diagram svg").first).to_be_visible()
    assert here.barriers() == []
    assert here.overflow() <= 0
    before = page.locator("#then h2").inner_text()
    page.locator("#place").press("Home")  # the slider: the day it was opened
    expect(page.locator("#then h2")).not_to_have_text(before)
    expect(page.locator("#diagram svg").first).to_be_visible()


def test_from_the_draw_to_a_finding_that_the_unit_answers(reader: Callable[..., Reader], screen: Screen) -> None:
    auditor = reader("auditor", **screen)
    page = auditor.open("/samples/new/")
    assert (auditor.barriers(), auditor.overflow()) == ([], 0)
    page.select_option("#answer-unit", index=1)
    page.check("input[value=open_cases]")
    page.fill("#answer-size", "3")
    page.click("main form[method=post] button[type=submit]")
    page.click("button[hx-get$='/again/']")
    expect(page.locator("#again .alert-success")).to_be_visible()
    assert (auditor.barriers(), auditor.overflow()) == ([], 0)
    page.fill("#row-1 input[name=note]", "no answer at the door")
    page.click("#row-1 button[type=submit]")
    expect(page.locator("progress").first).to_have_attribute("value", "1")
    page.click("#row-1 a[href*='/findings/new/']")
    page.select_option("#answer-kind", "record_missing")
    page.fill("#answer-text", "Two visits in March have no record.")
    page.click("main form[method=post] button[type=submit]")
    expect(page.locator("#row-1 .badge")).to_have_text(
        {"en": "to be answered", "zh-hans": "待整改"}[screen["language"]]
    )

    caseworker = reader("caseworker", width=390)
    page = caseworker.open("/inbox/?doable=true&step=answer_finding")
    page.locator("#rows a.title").first.click()
    expect(page.get_by_text("Two visits in March have no record.")).to_be_visible()
    page.fill("#answer-done", "已补录")
    page.fill("#answer-evidence", "登记表，存镇档案柜")
    page.click("#answers button[type=submit]")
    expect(page.locator("#answers")).to_have_count(0)
    auditor.page.goto("/findings/?state=answered")
    expect(auditor.page.get_by_text("登记表，存镇档案柜").first).to_be_visible()
    assert (auditor.barriers(), auditor.overflow()) == ([], 0)
