"""The inbox: open work items, narrowed by filters that live in the address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from backend.api.work_items import WorkItems
from backend.web.door import cursor_of, read
from backend.web.pages import Page


class Inbox(Page):
    """What waits for whom."""

    needs = ("work_item.read", "own.work_item.read")
    template = "web/inbox.html"
    title = _("Inbox")

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of rows."""
        items = read(request, WorkItems, query={"page_size": 50, **request.GET.dict()})
        return self.show({"items": items["results"], "next": cursor_of(items["next"])})
