"""What a page of the inbox takes the server, over what the API takes for the same rows."""

from __future__ import annotations

import statistics
import time

from django.conf import settings
from django.test import Client, override_settings

from backend.org.models import User
from tests.bench import people

ROWS = 50
REPEATS = 60
API = f"/api/work-items/?page_size={ROWS}"
PAGE = "/inbox/?doable="
"""Everything open that one may see, as the API lists it."""

_PLAIN_FILES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def over_api(user: User) -> float:
    """Median of a page's time over the median of the API's answer, asked in turn; both have the same rows."""
    api, browser = people.client(user), Client(SERVER_NAME="localhost")
    browser.force_login(user)
    with override_settings(STORAGES=_PLAIN_FILES):  # no files were gathered for this run
        told, shown = api.get(API).json()["results"], browser.get(PAGE).content.decode()
        if len(told) != ROWS or not all(item["id"] in shown for item in told):
            raise RuntimeError("the page and the API show different rows")
        times = [(_seconds(browser, PAGE), _seconds(api, API)) for _ in range(REPEATS)]
    pages, answers = zip(*times, strict=True)
    return float(statistics.median(pages) / statistics.median(answers))


def _seconds(client: Client, path: str) -> float:
    begun = time.perf_counter()
    client.get(path)
    return time.perf_counter() - begun
