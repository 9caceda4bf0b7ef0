"""The page of a partner unit's liaison: the own people's registrations, papers and hours, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from backend.api.helpers import Helpers
from backend.api.hours import Hours
from backend.api.volunteers import Volunteers
from backend.web.door import read
from backend.web.pages import Page

AHEAD = timedelta(days=30)
"""As long before their end the office asks for new papers (P11)."""
SHOWN = 50
WAITING = ("claimed", "disputed")


class OwnPeople(Page):
    """The volunteers of the own unit."""

    needs = ("own.helper.read",)
    template = "web/volunteering/own_people.html"
    title = gettext_lazy("Our volunteers")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Who registered and how far they are, whose papers run out, which hours nobody has verified yet."""
        today = timezone.localdate(self.now)
        query = {"papers_end_by": (today + AHEAD).isoformat(), "page_size": SHOWN}
        hours = [
            row
            for state in WAITING
            for row in read(request, Hours, query={"state": state, "page_size": SHOWN})["results"]
        ]
        told = {
            "registrations": read(request, Volunteers, query={"page_size": SHOWN})["results"],
            "papers": read(request, Helpers, query=query)["results"],
            "hours": hours,
            "today": today.isoformat(),
        }
        return self.show(told)
