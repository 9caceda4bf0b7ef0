"""Somebody before a browser."""

from typing import Any, TypedDict
from urllib.parse import urlsplit

from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

AXE = settings.FRONT_END / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
LEAN = """axe.configure({
  noHtml: true,
  rules: axe._audit.rules.filter((rule) => ["minor", "moderate"].includes(rule.impact))
    .map((rule) => ({ id: rule.id, enabled: false })),
});"""
"""What would be thrown away is not worked out: rules whose findings are never serious, and each element's source."""
HEIGHTS = {1280: 900, 390: 844}


class Screen(TypedDict):
    """What somebody reads on, and in which language: arguments of `reader`."""

    width: int
    language: str


class Reader:
    """One browser window with its own cookies. `complaints` collects what no page may cause."""

    def __init__(self, browser: Browser, address: str, *, width: int, language: str, session: Any = None) -> None:
        self.address, self.complaints, self.language = address, list[str](), language
        self.context = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": HEIGHTS[width]},
            has_touch=width < 600,
            locale="en-US" if language == "en" else "zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",  # a colour half way to another one would be judged
            storage_state=session,
        )
        cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": address}
        self.context.add_cookies([cookie])  # type: ignore[list-item]
        self.page = self._watched(self.context.new_page())
        self.expected: set[int] = set()
        """Statuses that the story means to cause: a refused form is no complaint."""

    def _watched(self, page: Page) -> Page:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._follow)
        page.on("response", self._look)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        # The browser also logs every 4xx answer; those are judged by _look.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _follow(self, request: Request) -> None:
        there = urlsplit(request.url)
        if there.scheme in {"http", "https"} and f"{there.scheme}://{there.netloc}" != self.address:
            self.complaints.append(f"request to another host: {request.url}")

    def _look(self, response: Response) -> None:
        if response.status >= 500 or (response.status >= 400 and response.status not in self.expected):
            self.complaints.append(f"{response.status}: {response.url}")

    def log_in(self, username: str, password: str) -> None:
        """By the form, as people do."""
        self.page.goto("/log-in/")
        self.page.fill("#username", username)
        self.page.fill("#password", password)
        self.page.click("main button[type=submit]")
        self.page.wait_for_url(lambda url: "/log-in/" not in url)

    def open(self, path: str) -> Page:
        """Go to a page of the site."""
        self.page.goto(path)
        return self.page

    def barriers(self) -> list[dict[str, Any]]:
        """What axe finds on the page as it is now that is serious: rule and elements."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(f"{AXE.read_text()};{LEAN}")
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            {"rule": each["id"], "nodes": [node["target"] for node in each["nodes"]][:5]}
            for each in found["violations"]
            if each["impact"] in SERIOUS
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window: sideways scrolling on a telephone."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return width

    def close(self) -> None:
        """The window closes; cookies are forgotten."""
        self.context.close()
