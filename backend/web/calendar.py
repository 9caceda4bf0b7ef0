"""The calendar of a year: festivals, campaign days, deadlines, and on which of them offices work."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from backend.api.calendar import EARLIEST, LATEST
from backend.api.calendar import Calendar as CalendarResource
from backend.org.access import granting
from backend.web.door import Refused, read
from backend.web.pages import Page


class Calendar(Page):
    """A year, month by month."""

    needs = ("process.read",)
    template = "web/calendar.html"
    title = gettext_lazy("Calendar")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The year asked for, else this one."""
        today, refused = timezone.localdate(self.now), None
        try:
            found = read(request, CalendarResource, query={"year": request.GET.get("year", "")})
        except Refused as error:
            found, refused = {"year": today.year, "days": []}, error
        months = [(month, list(rows)) for month, rows in groupby(found["days"], key=lambda row: row["day"][:7])]
        year = found["year"]
        told = {
            "year": year,
            "earlier": year - 1 if year > EARLIEST else None,
            "later": year + 1 if year < LATEST else None,
            "months": months,
            "today": today.isoformat(),
            "may_correct": bool(granting(self.user, "code.write")),
            "may_read_condolence": bool(granting(self.user, "condolence.read")),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)
