"""The indicator board: a figure, its numbers beside the chart, and the families behind it."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader, Screen


def test_from_a_figure_to_its_families(reader: Callable[..., Reader], screen: Screen) -> None:
    here = reader("supervisor", **screen)
    page = here.open("/indicators/?look=visit_rate")
    board = page.locator("#by_unit tbody tr")
    expect(page.locator("[data-chart=by_unit] svg")).to_be_visible()
    names = [name.strip() for name in board.locator("th").all_inner_texts()]
    drawn = page.locator("[data-chart=by_unit] svg text").all_text_contents()
    assert set(names[:1]) <= {each.strip() for each in drawn}  # the chart says what the table says
    assert (here.barriers(), here.overflow()) == ([], 0)

    row = board.filter(has=page.locator("td a")).first
    counted = re.search(r"(\d+) / (\d+)", row.inner_text())
    assert counted
    missing = int(counted[2]) - int(counted[1])
    row.locator("td a").last.click()
    page.wait_for_url(re.compile("/indicators/visit_rate/families/.*hit=no"))
    found = page.locator("main tbody tr, main li").filter(has=page.get_by_role("link")).count()
    assert 1 <= found <= missing
    assert (here.barriers(), here.overflow()) == ([], 0)
