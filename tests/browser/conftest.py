"""A real browser before the real system: the demo data, web and worker, as `make run` starts them.

Without a browser on the machine these tests are skipped, loudly; with JIEQIN_BROWSER=required, which continuous
integration sets, they fail instead.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.reader import Reader, Screen
from tests.system import System, wait_for

PASSWORD = os.environ.get("JIEQIN_DEMO_PASSWORD", "a-password-for-the-demo")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
"""It asks nobody outside for anything."""
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first has no windows of its own: half the work of the others, which draw theirs for nobody."""
PATIENCE = 20_000
"""Milliseconds: a machine that has much else to do is no fault of the page."""
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), "")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    if not CHROMIUM:
        message = "no Chromium on this machine (Debian: apt-get install chromium-headless-shell fonts-noto-cjk)"
        if os.environ.get("JIEQIN_BROWSER") == "required":
            pytest.fail(message)
        pytest.skip(f"BROWSER TESTS DID NOT RUN: {message}")
    return CHROMIUM


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """Debian's Chromium, headless: one for all stories. It ends with them: while it is there, an event loop runs in
    this thread, which Django and the worker of other tests would not bear."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="session")
def site(chromium: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the demo: started once for all stories of this process, in a database of its own.

    JIEQIN_SITE names one that runs already (with JIEQIN_DEMO_PASSWORD), for whoever works on a page.
    """
    if running := os.environ.get("JIEQIN_SITE"):
        yield running
        return
    server = urlsplit(os.environ["DATABASE_URL"])
    name = f"browser_{secrets.token_hex(4)}"
    more = {"JIEQIN_DEMO": "1", "JIEQIN_DEMO_PASSWORD": PASSWORD, "DATABASE_URL": _url(server, name)}
    with psycopg.connect(_url(server, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}".encode())
        found = System(tmp_path_factory.mktemp("site") / "data", more=more).start()
        try:
            wait_for(found.is_ready, seconds=600)
            yield f"http://localhost:{found.port}"
        finally:
            found.end()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _url(server: SplitResult, database: str) -> str:
    return server._replace(path=f"/{database}").geturl()


@pytest.fixture(params=[1280, 390], ids=["desk", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    """The width of the screen, in pixels: a desk's and a telephone's."""
    found: int = request.param
    return found


@pytest.fixture(params=["zh-hans", "en"])
def language(request: pytest.FixtureRequest) -> str:
    """The reader's language."""
    found: str = request.param
    return found


@pytest.fixture(params=[(1280, "zh-hans"), (390, "en")], ids=["desk-zh", "phone-en"])
def screen(request: pytest.FixtureRequest) -> Screen:
    """A desk's screen in Chinese and a telephone's in English, for `reader`: what a role's story runs on."""
    width, language = request.param
    return {"width": width, "language": language}


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """Cookies of those who logged in before, by user name: logging in is slow on purpose."""
    return {}


@pytest.fixture
def reader(site: str, browser: Browser, sessions: dict[str, Any]) -> Iterator[Callable[..., Reader]]:
    """Makes readers: `reader("caseworker", width=390, language="en")` is somebody logged in. At the end each must have
    seen no error on the console, no broken policy, and no request to another host."""
    made: list[Reader] = []

    def make(username: str = "", *, width: int = 1280, language: str = "zh-hans") -> Reader:
        found = Reader(browser, site, width=width, language=language, session=sessions.get(username))
        made.append(found)
        if username and username not in sessions:
            found.log_in(username, PASSWORD)
            sessions[username] = found.context.storage_state()
        return found

    yield make
    for each in made:
        each.close()
    for each in made:
        assert each.complaints == []
