"""A supervisor's morning: where work is late, what to sign, and who could take work over."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader, Screen


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


def test_what_is_signed_stands_in_the_history_of_the_case(reader: Callable[..., Reader], screen: Screen) -> None:
    here = reader("supervisor", **screen)
    page = here.open("/approvals/?step=confirm_file")
    chosen = page.locator("main form li").filter(has=page.locator("input[name=ids]:not(:disabled)")).first
    number = chosen.locator("a").first.inner_text()
    chosen.locator("input[name=ids]").check()
    page.check("input[name=confirm_result][value=confirm]")
    page.click("main form[method=post] button[type=submit]")
    expect(page.locator("#results")).to_be_focused()
    expect(page.locator("section[aria-labelledby=results] .text-success")).to_have_count(1)
    page.locator("section[aria-labelledby=results] a").click()
    page.locator("main").get_by_role("link", name=number).first.click()
    page.click("main a[href*='/cases/'][href$='/history/']")
    signed = {"en": "王建国 completed “Confirm the file”: Confirm", "zh-hans": "王建国完成了“确认建档”：同意建档"}
    expect(page.locator("main")).to_contain_text(signed[screen["language"]])


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
