"""A nomination goes from the village's inbox to the township's page of it."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_a_village_reviews_and_the_township_sees_the_votes(reader: Callable[..., Reader]) -> None:
    village = reader("village", width=390)
    page = village.open("/inbox/?step=review_in_village")
    page.locator("main tbody").get_by_role("link", name="村里评议").first.click()
    page.wait_for_url(re.compile(r"/work-items/[0-9a-f-]{36}/"))
    for name, votes in (("votes_for", "7"), ("votes_against", "2"), ("recused", "1")):
        page.locator(f"#answer-{name}").fill(votes)
    page.get_by_label("推荐", exact=True).check()
    assert (village.barriers(), village.overflow()) == ([], 0)
    page.locator("#answers button[type=submit]").click()
    expect(page.locator("#done")).to_be_visible()

    office = reader("caseworker", language="en")
    page = office.open("/honours/")
    page.get_by_role("link", name=re.compile("^Happy family")).click()
    page.get_by_role("row").filter(has_text="7 : 2").get_by_role("link").click()
    expect(page.locator("main")).to_contain_text("7 for, 2 against, 1 stood aside")
    expect(page.get_by_role("link", name="Check the records")).to_be_visible()
    assert (office.barriers(), office.overflow()) == ([], 0)
