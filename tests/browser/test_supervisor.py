"""A supervisor's morning: where work is late, what to sign, and who could take work over."""

import re
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


def test_what_is_signed_stands_in_the_history_of_the_case(reader: Callable[..., Reader]) -> None:
    here = reader("supervisor", language="en")
    page = here.open("/approvals/?step=confirm_file")
    chosen = page.locator("main form li").filter(has=page.locator("input[name=ids]:not(:disabled)")).first
    number = chosen.locator("a").first.inner_text()
    chosen.locator("input[name=ids]").check()
    page.get_by_label("Confirm", exact=True).check()
    page.get_by_role("button", name="Sign the chosen ones").click()
    expect(page.get_by_role("heading", name="Signed: 1. Not signed: 0.")).to_be_focused()
    page.locator("section[aria-labelledby=results] a").click()
    page.locator("main").get_by_role("link", name=number).first.click()
    page.get_by_role("link", name="History", exact=True).last.click()
    expect(page.locator("main")).to_contain_text("王建国 completed “Confirm the file”: Confirm")


def test_a_month_of_twenty_villages_is_one_sheet_of_paper(reader: Callable[..., Reader], language: str) -> None:
    here = reader("supervisor", language=language)
    page = here.open("/month/")
    expect(page.locator("#chart svg")).to_be_visible()
    page.evaluate(
        "() => { const body = document.querySelector('#numbers tbody');"
        " while (body.rows.length < 20) body.append(body.rows[0].cloneNode(true)); }"
    )
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
