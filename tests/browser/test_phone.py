"""A volunteer's visits: in under a minute, without network, on two telephones at once, after the session has ended."""

import base64
import re
from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PASSWORD
from tests.browser.reader import Reader, Screen

Readers = Callable[..., Reader]


def opened(here: Reader) -> Page:
    """The list of visits as the server has it, and the page kept for when there is no network."""
    page = here.open("/visits/")
    expect(page.locator("#unsent-count")).to_have_attribute("data-unsent", "0")
    expect(page.locator("section[aria-labelledby=coming]")).to_be_visible()
    kept(page)
    return page


def unsent(page: Page, number: int) -> None:
    expect(page.locator("section[aria-labelledby=coming]")).to_be_visible()  # the list: what was written is saved
    expect(page.locator("#unsent-count")).to_have_attribute("data-unsent", str(number))


def loaded_anew(page: Page) -> None:
    """The list as the server has it now; until that has come the page shows what the telephone kept."""
    told = page.locator("[data-as-of]")
    before = told.get_attribute("data-as-of") or ""
    page.reload()
    expect(told).not_to_have_attribute("data-as-of", before)


def recorded(page: Page) -> Locator:
    return page.locator("section[aria-labelledby=done] li")


def any_family(page: Page) -> Locator:
    """The button that begins a record about the first family."""
    return page.locator("article button").first


def fill_in(page: Page, *, physical: str = "well", note: str = "") -> int:
    """The record of a visit that met somebody: how many taps it took."""
    taps = ["visit_result-met", "persons_met-elder", f"physical-{physical}", "mental-calm"]
    for tap in taps:
        page.locator(f"label[for=answer-{tap}]").click()
    if note:
        page.fill("#answer-note", note)
    page.locator(".save-bar button").click()
    return len(taps) + 1


def correct(page: Page, *, physical: str, note: str) -> None:
    """The newest record says something else."""
    recorded(page).first.locator("button").click()
    page.locator(f"label[for=answer-physical-{physical}]").click()
    page.fill("#answer-note", note)
    page.locator(".save-bar button").click()


def online(here: Reader, on: bool) -> None:
    here.context.set_offline(not on)


def on_server(page: Page) -> set[str]:
    """The visits that the server has a record of, and this person wrote."""
    visits = page.request.get("/visits/coming/").json()["visits"]
    return {visit["id"] for visit in visits if visit["recorded_version"]}


def test_a_visit_is_recorded_in_a_few_taps(reader: Readers, screen: Screen) -> None:
    here = reader("volunteer", **screen)
    page = opened(here)
    assert here.barriers() == []
    assert here.overflow() <= 0
    shown, known = recorded(page).count(), on_server(page)
    any_family(page).click()
    expect(page.locator("h1")).to_be_focused()
    page.locator("label[for=answer-visit_result-met]").click()
    page.locator(".save-bar button").click()
    expect(page.locator("#answer-persons_met-wrong")).to_be_visible()  # what is missing stands beside its question
    assert here.barriers() == []
    assert here.overflow() <= 0
    assert 1 + fill_in(page) <= 6
    unsent(page, 0)
    expect(recorded(page)).to_have_count(shown + 1)
    assert len(on_server(page) - known) == 1
    page.goto("/visits/#alarm")
    expect(page.locator("#phone a[href='/emergency/']")).to_be_visible()
    assert here.barriers() == []
    assert here.overflow() <= 0


def test_targets_are_large_and_nothing_is_cut_off_in_the_largest_text(reader: Readers) -> None:
    here = reader("volunteer", width=390)
    cookie = {"name": "jieqin_text_size", "value": "largest", "url": here.address}
    here.context.add_cookies([cookie])  # type: ignore[list-item]
    page = opened(here)
    any_family(page).click()
    page.locator("label[for=answer-visit_result-met]").click()
    assert here.overflow() <= 0
    heights = page.locator("#phone .btn").evaluate_all(
        "found => found.map(each => each.getBoundingClientRect().height)"
    )
    assert min(height for height in heights if height) >= 48


def test_two_visits_without_network_are_sent_once_each_after_a_restart(reader: Readers) -> None:
    here = reader("volunteer", width=390)
    page = opened(here)
    before = recorded(page).count()
    online(here, False)
    for number in (1, 2):
        page.locator("section[aria-labelledby=others] button").first.click()
        fill_in(page, note=f"{uuid4()}")
        unsent(page, number)
    page.reload()
    unsent(page, 2)
    expect(page.locator("[data-unsent] button").first).to_be_visible()
    assert here.barriers() == []
    online(here, True)
    unsent(page, 0)
    expect(recorded(page)).to_have_count(before + 2)
    page.reload()
    expect(recorded(page)).to_have_count(before + 2)


def test_a_photograph_taken_without_network_is_sent_after_its_record(reader: Readers) -> None:
    here = reader("volunteer", width=390)
    page = opened(here)
    online(here, False)
    page.locator("section[aria-labelledby=others] button").first.click()
    for name in ("room.png", "door.png"):
        page.set_input_files("#take-photo", {"name": name, "mimeType": "image/png", "buffer": picture(here)})
        expect(page.locator("[data-photo]")).to_have_count(1 if name == "room.png" else 2)
    page.locator("[data-photo] button").last.click()  # one of them is not wanted after all
    expect(page.locator("[data-photo]")).to_have_count(1)
    assert here.barriers() == []
    assert here.overflow() <= 0
    fill_in(page)
    unsent(page, 2)
    page.reload()
    unsent(page, 2)
    expect(page.locator("[data-unsent] .bi-camera")).to_have_count(1)
    with page.expect_response("**/photos/") as sent:
        online(here, True)
    told = sent.value.json()
    assert (told["shown"], told["width"], told["height"]) == (True, 1600, 1200)
    unsent(page, 0)


def picture(here: Reader) -> bytes:
    """A picture larger than what is kept of one."""
    data = here.page.evaluate("""() => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 2000, height: 1500 });
      canvas.getContext("2d").fillRect(0, 0, 900, 900);
      return canvas.toDataURL("image/png").split(",")[1];
    }""")
    return base64.b64decode(data)


def test_two_telephones_say_different_things_and_a_person_decides(reader: Readers) -> None:
    first, second = reader("volunteer", width=390), reader("volunteer", width=390)
    page = opened(first)
    any_family(page).click()
    fill_in(page, note="第一次记录")
    unsent(page, 0)
    expect(recorded(page).first.locator("button")).to_be_enabled()
    other = opened(second)
    online(second, False)
    correct(other, physical="weak", note="第二部手机")
    unsent(other, 1)
    correct(page, physical="ill", note="第一部手机")
    unsent(page, 0)
    online(second, True)
    choose = other.locator("section[aria-labelledby=conflicts] button")
    expect(choose).to_have_count(1)
    choose.click()
    expect(other.locator("#phone form")).to_contain_text("第二部手机")
    expect(other.locator("#phone form")).to_contain_text("第一部手机")
    assert second.barriers() == []
    for field in ("physical", "note"):
        other.locator(f"label[for=keep-{field}-sent]").click()
    other.locator(".save-bar button").click()
    unsent(other, 0)  # the list again: the server has the decision
    expect(other.locator("section[aria-labelledby=conflicts]")).to_have_count(0)
    loaded_anew(page)
    expect(page.locator("section[aria-labelledby=conflicts]")).to_have_count(0)
    recorded(page).first.locator("button").click()
    expect(page.locator("#answer-physical-weak")).to_be_checked()


def test_after_the_session_nothing_can_be_read_until_the_same_person_logs_in(reader: Readers) -> None:
    here = reader(width=390)
    here.log_in("volunteer", PASSWORD)
    page = opened(here)
    secret = f"只给本人看 {uuid4()}"
    online(here, False)
    any_family(page).click()
    fill_in(page, note=secret)
    unsent(page, 1)
    here.context.clear_cookies(name="sessionid")  # the session has ended meanwhile
    here.expected |= {401}
    online(here, True)
    expect(page.locator("#phone a[href*='log-in']")).to_be_visible()
    expect(page.locator("#phone .alert")).to_contain_text("1")
    assert secret not in page.content()
    rows = page.evaluate(EVERYTHING)
    assert rows["keys"] == []
    assert len(rows["sealed"]) == 1
    assert secret not in str(rows)
    page.locator("#phone a[href*='log-in']").click()
    page.fill("#username", "volunteer")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    expect(page).to_have_url(re.compile("/visits/"))
    unsent(page, 0)
    recorded(page).first.locator("button").click()
    expect(page.locator("#answer-note")).to_have_value(secret)


KEPT = """async (patience) => {
  const { serviceWorker } = navigator;
  const taken = new Promise((done) => {
    serviceWorker.addEventListener("controllerchange", () => done(true), { once: true });
  });
  const ready = serviceWorker.ready.then(() => serviceWorker.controller ? true : taken);
  return Promise.race([ready, new Promise((done) => setTimeout(done, patience, false))]);
}"""


def kept(page: Page) -> None:
    """Wait until the pages are kept for when there is no network. A busy server may fail one of their files, and then
    the browser tries again with the next page."""
    for _attempt in range(4):
        if page.evaluate(KEPT, 15_000):
            return
        page.reload()
    raise AssertionError("nothing is kept")


EVERYTHING = """async () => {
  const db = await new Promise((done) => {
    indexedDB.open("jieqin").onsuccess = (event) => done(event.target.result);
  });
  const all = (store) => new Promise((done) => {
    db.transaction(store).objectStore(store).getAll().onsuccess = (event) => done(event.target.result);
  });
  const text = (row) => new TextDecoder("utf-8", { fatal: false }).decode(row.data);
  return { keys: await all("keys"), sealed: (await all("sealed")).map((row) => [row.unsent, text(row)]) };
}"""


def test_emergency_numbers_before_logging_in_and_without_network(reader: Readers, language: str) -> None:
    here = reader(width=390, language=language)
    page = here.open("/log-in/")
    page.locator("a[href='/emergency/']").click()
    expect(page.locator("a[href='tel:120']")).to_be_visible()
    assert here.barriers() == []
    assert here.overflow() <= 0
    kept(page)
    online(here, False)
    page.reload()
    for number in ("120", "110", "119", "12345"):
        expect(page.locator(f"a[href='tel:{number}']")).to_be_visible()
