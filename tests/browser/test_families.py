"""A caseworker finds a family, looks at everything on file, sees a number in full with a reason, and corrects it."""

import re
from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.reader import Reader


def served(page: Page) -> None:
    """Open the family that has been helped longest: it has something on every tab."""
    page.goto("/cases/?phase=review")
    page.locator("#found tbody tr td a").first.click()
    expect(page).to_have_url(re.compile("/families/"))


def sound(here: Reader) -> None:
    """The page reads well: no barrier, nothing wider than the window."""
    assert here.barriers() == []
    assert here.overflow() <= 0


def test_find_before_create(reader: Callable[..., Reader]) -> None:
    here = reader("caseworker")
    page = here.open("/families/")
    expect(page.get_by_role("link", name="新建家庭")).to_have_count(0)
    known = page.locator("#found tbody th a").first.inner_text()
    page.locator("#q").press_sequentially(known)  # the rows follow what is typed
    new = re.compile(f"/families/new/.*{quote(known)}$")  # of the whole name: the rows of a part of it still go
    expect(page.locator("#found a[href*='/families/new/']")).to_have_attribute("href", new)
    expect(page).to_have_url(re.compile(f"q={quote(known)}"))
    page.locator("#found a[href*='/families/new/']").click()
    expect(page.locator("[name=label]")).to_have_value(known)
    sound(here)
    page.locator("main form [name=number]").fill("T-1")
    page.locator("main form [name=unit]").first.check()
    page.locator("main form > .narrow button[type=submit]").click()
    expect(page.locator("#twins")).to_contain_text(known)
    sound(here)


def test_a_number_in_full_once(reader: Callable[..., Reader], width: int) -> None:
    here = reader("caseworker", width=width)
    served(here.page)
    here.page.locator("a[hx-get*='/reveal/']").first.click()
    here.page.locator("#why").fill("窗口核对")
    sound(here)
    here.page.locator("#revealed button[type=submit]").click()
    expect(here.page.locator("#value")).to_have_text(re.compile(r"\d{17}[\dX]"))
    here.page.reload()
    expect(here.page.locator("#value")).to_have_count(0)


def test_two_correct_the_same_family(reader: Callable[..., Reader]) -> None:
    first, second = reader("caseworker"), reader("caseworker")
    served(first.page)
    address = f"{first.page.url}edit/"
    first.open(address)
    second.open(address)
    first.page.locator("[name=emergency_contact]").fill("甲")
    first.page.get_by_role("button", name="保存").click()
    expect(first.page.locator("#messages")).to_contain_text("已保存")
    second.expected |= {409}
    second.page.locator("[name=emergency_contact]").fill("乙")
    second.page.get_by_role("button", name="保存").click()
    both = second.page.locator(".border-warning")
    expect(both).to_contain_text("甲")
    expect(both).to_contain_text("乙")
    sound(second)
    second.page.get_by_role("button", name="保存").click()
    expect(second.page.locator("main")).to_contain_text("乙")
