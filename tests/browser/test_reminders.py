"""A caseworker hears the bell, sees all of it, opens what it is about, and wants text messages for the future."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_from_the_bell_to_the_work_and_back(reader: Callable[..., Reader]) -> None:
    here = reader("caseworker", width=390, language="en")
    page = here.open("/reminders/")
    assert (here.barriers(), here.overflow()) == ([], 0)
    page.get_by_role("button", name="I have seen all of them").click()
    expect(page.get_by_text("unseen", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Open it").first.click()
    page.wait_for_url(lambda address: "/reminders/" not in address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("link", name="Reminders").click()
    page.get_by_label("Telephone number").fill("13800001234")
    page.get_by_role("button", name="Begin text message").click()
    expect(page.get_by_text("on: 138****1234")).to_be_visible()
    page.get_by_role("button", name="Stop text message").click()
    expect(page.get_by_label("Telephone number")).to_be_visible()
