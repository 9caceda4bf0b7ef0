"""A supervisor's morning: where work is late, what to sign, and who could take work over."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.reader import Reader

PAGES = ("/overview/", "/overview/pairing/", "/approvals/", "/workload/", "/workload/none/")


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_barriers(reader: Callable[..., Reader], width: int, language: str, path: str) -> None:
    here = reader("supervisor", width=width, language=language)
    here.open(path)
    assert here.barriers() == []
    assert here.overflow() <= 0


def test_from_the_picture_to_the_items(reader: Callable[..., Reader]) -> None:
    here = reader("supervisor")
    here.open("/overview/")
    expect(here.page.locator("#table-village + *, .chart svg").first).to_be_visible()
    row = here.page.locator("#table-village tbody tr").first
    late = row.locator("td a").first
    count = late.inner_text()
    late.click()
    expect(here.page.locator("tr[data-id]")).to_have_count(int(count))


def test_a_number_on_the_diagram_leads_to_its_items(reader: Callable[..., Reader]) -> None:
    here = reader("supervisor")
    here.open("/overview/household_intake/")
    heat = here.page.locator(".djs-overlay a.heat").first
    expect(heat).to_be_visible()
    count = heat.inner_text().split("/")[-1].strip()
    heat.click()
    expect(here.page.locator("tr[data-id]")).to_have_count(int(count))


def test_who_could_take_work_is_seen_before_it_is_handed_over(reader: Callable[..., Reader]) -> None:
    here = reader("supervisor", language="en")
    here.open("/workload/none/")
    here.page.check("#all")
    here.page.click("#choose button[type=submit]")
    here.page.locator("input[name=to]:not(:disabled)").first.check()
    here.page.click("#choose button[type=submit]")
    expect(here.page.get_by_text("would get")).to_be_visible()
    expect(here.page.locator("#reason")).to_be_visible()
    assert here.barriers() == []
