"""`make screenshots`: the README's pictures, taken from the running demo as its users see it."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
from playwright.sync_api import Page, sync_playwright
from rich.console import Console

FOLDER = Path(__file__).resolve().parents[2] / "backend" / "web" / "pictures"


@dataclass(frozen=True)
class Picture:
    """One picture: who looks, where, and at which width in pixels; `links`: what is clicked there first, one after
    the other."""

    name: str
    username: str
    path: str
    width: int = 1280
    links: tuple[str, ...] = ()
    language: str = "zh-hans"


PICTURES = (
    Picture("today", "caseworker", "/"),
    Picture("work_item.en", "caseworker", "/inbox/?doable=true&step=pick_helper", 1280, ("#rows a.title",), "en"),
    Picture("diagram", "caseworker", "/cases/?phase=care", links=("#found th a", "main a[href$='/diagram/']")),
    Picture("overview.en", "supervisor", "/overview/", language="en"),
    Picture("month", "supervisor", "/month/"),
    Picture("as_of.en", "auditor", "/history/?about=decisions", links=("#found a[href*='/as-of/']",), language="en"),
    Picture("visits", "volunteer", "/visits/", width=390),
    Picture("visits.en", "volunteer", "/visits/", width=390, links=("article button",), language="en"),
)


def taken(page: Page, picture: Picture, password: str) -> bytes:
    """The picture as PNG, once everything on the page stands still."""
    page.goto("/log-in/")
    page.fill("#username", picture.username)
    page.fill("#password", password)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: "/log-in/" not in url)
    page.goto(picture.path)
    for link in picture.links:
        page.locator(link).first.click()
        page.wait_for_load_state("networkidle")
    page.wait_for_load_state("networkidle")
    return page.screenshot(animations="disabled")


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """Address and password of a fresh demo; JIEQIN_SITE names one that runs already."""
    password = os.environ.get("JIEQIN_DEMO_PASSWORD") or secrets.token_hex(12)
    if running := os.environ.get("JIEQIN_SITE"):
        yield running, password
        return
    from tests.system import System, wait_for

    with tempfile.TemporaryDirectory(prefix="jieqin-pictures-") as folder:
        Path(folder).chmod(0o711)
        more = {"JIEQIN_DEMO": "1", "JIEQIN_DEMO_PASSWORD": password}
        system = System(Path(folder) / "data", more=more).start()
        try:
            wait_for(system.is_ready, seconds=600)
            yield f"http://localhost:{system.port}", password
        finally:
            system.end()


def main() -> int:
    """Take them all; they replace those of the last time."""
    console = Console()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    django.setup()
    from django.conf import settings

    from tests.browser.conftest import CHROMIUM, QUIET

    if not CHROMIUM:
        console.print("No Chromium on this machine (Debian: apt-get install chromium-headless-shell fonts-noto-cjk).")
        return 2
    FOLDER.mkdir(exist_ok=True)
    with demo() as (address, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for picture in PICTURES:
            height = 844 if picture.width < 600 else 800
            context = browser.new_context(
                base_url=address,
                viewport={"width": picture.width, "height": height},
                locale="en-US" if picture.language == "en" else "zh-CN",
                timezone_id="Asia/Shanghai",
            )
            cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": picture.language, "url": address}
            context.add_cookies([cookie])  # type: ignore[list-item]
            (FOLDER / f"{picture.name}.png").write_bytes(taken(context.new_page(), picture, password))
            console.print(f"{picture.name}.png")
            context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
