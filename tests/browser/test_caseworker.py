"""A caseworker's day: today, the inbox by mouse and keyboard, a work item from the first letter to the next one."""

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PASSWORD
from tests.browser.reader import Reader, Screen

Readers = Callable[..., Reader]

PICK = "/inbox/?doable=true&step=pick_helper"


def first_item(page: Page, inbox: str) -> str:
    """Open the inbox and its first item; returns the item's address."""
    page.goto(inbox)
    page.locator("#rows a.title").first.click()
    page.wait_for_url("**/work-items/**")
    return page.url


@pytest.mark.skipif("JIEQIN_SITE" in os.environ, reason="a development server compresses nothing")
def test_the_inbox_is_light(reader: Readers) -> None:
    """Everything that a cold browser fetches for it, in bytes."""
    here = reader("caseworker")
    page = here.open("/inbox/?doable=")
    expect(page.locator("#filters details").first).to_be_visible()
    entries = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    weight = page.evaluate(f"{entries}.reduce((sum, each) => sum + each.transferSize, 0)")
    assert 20_000 < weight < 150_000


@pytest.mark.parametrize("width", [1280, 390])
def test_the_rows_stay_where_they_are_when_the_filters_come(reader: Readers, width: int) -> None:
    """Whoever touches a row must not hit what has slipped under the finger."""
    page = reader("caseworker", width=width).page
    held: list[Route] = []
    page.route("**/inbox/filters/**", lambda route: held.append(route))
    page.goto(PICK)
    first = page.locator("#rows a.title").first
    before = first.bounding_box()
    page.wait_for_timeout(100)
    held[0].continue_()
    expect(page.locator("#f-step")).to_be_attached()
    assert first.bounding_box() == before
    if width < 600:
        page.get_by_role("link", name="筛选").click()
    expect(page.locator("#f-step")).to_be_in_viewport()


def test_the_inbox_by_keyboard(reader: Readers) -> None:
    here = reader("caseworker")
    page = here.open("/inbox/?doable=true")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#rows tr.current")).to_have_count(1)
    second = page.locator("#rows tr").nth(1)
    expect(second).to_have_class(re.compile("current"))
    page.keyboard.press("x")
    expect(page.locator("#chosen-count")).to_have_text("1")
    page.keyboard.press("x")
    expect(page.locator("#bulk")).to_be_hidden()
    page.keyboard.press("c")
    expect(second.locator(".result")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("xj")  # initials of a name; no key of the list
    expect(page.locator("#search")).to_have_value("xj")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=xj**")


def test_many_rows_are_put_off_and_each_says_so(reader: Readers) -> None:
    here = reader("caseworker")
    page = here.open("/inbox/?doable=true")
    for row in (0, 1):
        page.locator("#rows input[name=ids]").nth(row).check()
    page.locator("#bulk details.verb").nth(1).locator("summary").click()
    page.fill("#until", "2099-01-01T09:00")
    page.fill("#postpone-reason", "下乡")
    page.locator("#bulk button[value=postpone]").click()
    expect(page.locator("#rows .result")).to_have_count(2)
    expect(page.locator("#bulk-result [role=status]")).to_be_visible()


def test_a_row_is_handed_to_a_colleague_who_cannot_do_it(reader: Readers) -> None:
    here = reader("caseworker")
    page = here.open("/inbox/?doable=true")
    page.locator("#rows input[name=ids]").first.check()
    page.locator("#bulk details.verb").first.locator("summary").click()
    page.locator("#bulk #to").select_option(label="李晓燕")
    page.fill("#delegate-reason", "休假")
    page.locator("#bulk button[value=delegate]").click()
    expect(page.locator("#rows .result.text-danger")).to_be_visible()


def test_a_filter_is_kept_under_a_name(reader: Readers) -> None:
    here = reader("caseworker")
    page = here.open(PICK)
    page.locator("#filters details").nth(1).locator("summary").click()
    page.fill("#f-name", "选人")
    page.locator("#filters button", has_text=re.compile("保存")).click()
    saved = page.locator("#filters li", has_text="选人")
    expect(saved).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    saved.locator("button").click()
    expect(saved).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 390], ids=["desk", "phone"])
def test_what_was_typed_outlives_the_session(reader: Readers, width: int) -> None:
    """The cookie goes away while somebody types; after a log-in in another window saving goes on, and so do they."""
    here = reader("supervisor", width=width)
    here.expected |= {401}
    page = here.page
    address = first_item(page, "/inbox/?doable=true&step=decide_review")
    note = page.locator("#answer-reason")
    note.fill("第一句")
    expect(page.locator("#saved")).to_contain_text("已保存")
    kept = here.context.cookies()
    here.context.clear_cookies(name="sessionid")
    note.fill("第一句，第二句")
    expect(page.locator("#saved")).to_contain_text("登录已过期")
    link = page.locator("#logged-out a")
    expect(link).to_be_visible()
    assert here.barriers() == []
    with here.context.expect_page() as opened:
        link.click()
    window = opened.value
    window.fill("#username", "supervisor")
    window.fill("#password", PASSWORD)
    window.click("main button[type=submit]")
    window.wait_for_url("**/log-in/done/")
    expect(page.locator("#logged-out a")).to_have_count(0)
    expect(page.locator("#saved")).to_contain_text("已保存")
    window.close()
    page.goto(address)
    expect(note).to_have_value("第一句，第二句")
    assert {cookie["name"] for cookie in kept} >= {"sessionid"}


def test_required_marks_follow_and_completion_leads_on(reader: Readers) -> None:
    here = reader("caseworker")
    here.expected |= {422}
    page = here.page
    first_item(page, PICK)
    mark = page.locator("#answer-reason-mark")
    page.locator("input[name=pick_result][value=pick]").check()
    expect(mark).to_be_hidden()
    page.locator("input[name=pick_result][value=none]").check()
    expect(mark).to_be_visible()
    expect(page.locator("#answer-helper-field")).to_be_hidden()
    page.locator("#answers button[type=submit]").click()
    expect(page.locator("#refused")).to_be_visible()
    expect(page.locator("#answer-reason")).to_be_focused()
    page.locator("input[name=pick_result][value=pick]").check()
    expect(page.locator("#answer-helper-field")).to_be_visible()
    page.locator("input[name=helper]").last.check()
    expect(page.locator("#saved")).to_contain_text("已保存")
    page.locator("#answers button[type=submit]").dblclick()
    expect(page.locator("#done")).to_be_visible()
    assert here.barriers() == []
    page.locator("a", has_text="返回待办").last.click()
    page.wait_for_url("**/inbox/?doable=true&step=pick_helper")


def test_nothing_moves_while_a_button_is_pressed(reader: Readers) -> None:
    """What was chosen last shows more fields; the answer that says so comes while somebody presses the button below."""
    here = reader("caseworker")
    here.expected |= {422}
    page = here.open("/inbox/?step=check_file&doable=true")
    page.locator("a[href^='/work-items/']", has_text="核对档案与分类").first.click()
    page.wait_for_url("**/work-items/**")
    coming: list[Route] = []
    page.route("**/typed/", lambda route: coming.append(route))
    with page.expect_request("**/typed/"):
        page.locator("input[name=check_result]:not([value=submit]):not(:checked)").first.check()
    button = page.locator("#answers button[type=submit]")
    button.scroll_into_view_if_needed()
    before = button.bounding_box()
    button.hover()
    page.mouse.down()
    with page.expect_response("**/typed/"):
        coming.pop().continue_()
    page.wait_for_timeout(300)
    assert button.bounding_box() == before
    page.mouse.up()
    expect(page.locator("#refused, .errors:not(:empty)").first).to_be_visible()
    assert button.bounding_box() != before


def test_a_step_is_done_from_today_to_its_end(reader: Readers, screen: Screen) -> None:
    here = reader("caseworker", **screen)
    page = here.open("/")
    step = {"zh-hans": "核对档案与分类", "en": "Check file and categories"}[screen["language"]]
    page.locator("a[href^='/work-items/']", has_text=step).first.click()
    page.wait_for_url("**/work-items/**")
    page.check("input[name=check_result][value=submit]")
    page.click("#answers button[type=submit]")
    expect(page.locator("#done")).to_be_visible()
    page.click("main a[href*='/cases/']")
    page.click("main a[href$='/history/']")
    told = {"zh-hans": f"陈秀梅完成了“{step}”", "en": f"陈秀梅 completed “{step}”"}
    expect(page.locator("main")).to_contain_text(told[screen["language"]])
