"""No page that a role reaches by links has barriers or is cut off: in Chinese at a desk, in English on a phone.
(With THOROUGH=1, as before a release; otherwise each page on one of both, every other one for barriers.)"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.reader import Reader
from tests.thoroughness import THOROUGH

BEGINNINGS = {
    "caseworker": ["/cases/?phase=review", "/inbox/?doable=true&step=pick_helper", "/"],  # with much on file
    "supervisor": ["/approvals/", "/"],
    "auditor": ["/history/", "/"],
    "volunteer": ["/visits/", "/"],
    "county": ["/subsidies/back-pay/", "/"],
    "finance": ["/payments/", "/"],
    "head": ["/"],
    "leading": ["/"],
    "committee": ["/"],
    "inspector": ["/"],
    "liaison": ["/"],
    "sysadmin": ["/"],
    "secadmin": ["/"],
    "auditadmin": ["/"],
    "": ["/log-in/", "/emergency/"],
}
ELSEWHERE = re.compile(r"^/(log-out|static|api|second-factor)|export|download|\.xlsx|\.txt|/text/|/image")
"""Not pages, or tried by a story of its own."""


@pytest.fixture(scope="module")
def seen() -> set[str]:
    """The kinds of page that were looked at for an earlier role."""
    return set()


def kind_of(address: str) -> str:
    """The page without what it is about: a row, a code list, a parameter, a process."""
    path = address.partition("?")[0].partition("#")[0]
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", path)
    return re.sub(r"/(codes|rules|processes|overview)/[\w.-]+/", r"/\1/ID/", path)


def links(page: Page) -> list[str]:
    """Where the page leads, within the site."""
    found: list[str] = page.eval_on_selector_all("a[href^='/']", "all => all.map(each => each.getAttribute('href'))")
    return [address for address in found if not ELSEWHERE.search(address)]


def judge(here: Reader, address: str, *, barriers: bool = True) -> list[str]:
    """What is wrong with the page, at this reader's width and in this reader's language."""
    here.open(address)
    expect(here.page.locator("h1").first).to_be_visible()
    wrong = [str(each) for each in here.barriers()] if barriers else []
    return [*wrong, f"too wide by {here.overflow()}"] if here.overflow() > 0 else wrong


@pytest.mark.parametrize("username", list(BEGINNINGS))
def test_no_page_has_barriers(reader: Callable[..., Reader], seen: set[str], username: str) -> None:
    desk, phone = reader(username), reader(username, width=390, language="en")
    ways = list(BEGINNINGS[username])
    for address in BEGINNINGS[username]:
        ways += links(desk.open(address))
    wrong: dict[str, list[str]] = {}
    for address in ways:  # grows meanwhile
        if kind_of(address) not in seen:
            seen.add(kind_of(address))
            here = phone if len(seen) % 3 == 0 else desk
            found = judge(here, address, barriers=THOROUGH or len(seen) % 2 == 0)
            if THOROUGH:
                found += judge(phone if here is desk else desk, address)
            if found:
                wrong[address] = found
            ways += links(here.page)
    assert wrong == {}
