"""Today: what waits, what is late, and the way to it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from backend.api.work_items import WorkItems
from backend.web.door import read
from backend.web.pages import Page

SHOWN = 10
"""Items of each list; the inbox has the rest."""


class Today(Page):
    """The first page of the day."""

    template = "web/today.html"
    title = _("Today")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Overdue first, then what is due next."""
        lists = {
            "overdue": read(request, WorkItems, query={"overdue": "true", "page_size": SHOWN}),
            "due": read(request, WorkItems, query={"overdue": "false", "page_size": SHOWN}),
        }
        return self.show({"counts": read(request, WorkItems, "counts"), "lists": lists})
