"""What waits for somebody about one thing that has no case: its page leads there."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest

from backend.api.work_items import WorkItems
from backend.org.access import granting
from backend.org.models import User
from backend.web.door import read

NEEDED = ("work_item.read", "own.work_item.read")
MOST = 10


def waiting(request: HttpRequest, *, process: str, about: str) -> list[dict[str, Any]]:
    """The open work items of a process that the reader may see; `about` is what people quote of it, such as a number.
    None for whoever sees no work items."""
    user = cast(User, request.user)
    if not any(granting(user, action) for action in NEEDED):
        return []
    query = {"process": process, "state": "open", "q": about, "page_size": MOST}
    found: list[dict[str, Any]] = read(request, WorkItems, query=query)["results"]
    return found
