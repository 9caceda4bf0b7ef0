"""Hours of service: one's own with what became of them, or those of a place with what waits for somebody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.activities.models import HourClaim
from backend.api.hours import Hours as HoursResource
from backend.api.volunteers import Bans
from backend.web import schemas
from backend.web.administration.section import Question
from backend.web.door import Refused, command, cursor_of, read
from backend.web.volunteering import HOURS, WHOSE, Asking, VolunteeringPage

WRITERS = ("hours.write", "own.hours.write")
MANUAL_EVIDENCE = ("witness", "leader", "sign_in", "paper", "photo", "none")


class Hours(VolunteeringPage):
    """The hours found; for a volunteer the own ones with their sum and stars."""

    needs = HOURS
    template = "web/volunteering/hours.html"
    tab = "web:hours"

    def get(self, request: HttpRequest) -> HttpResponse:
        """For htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "source", "helper", "cursor")}
        refused = None
        try:
            found = read(request, HoursResource, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        is_office = self.may("hours.read")
        told: dict[str, Any] = {
            "title": _("Hours of service") if is_office else _("My hours"),
            "rows": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "refused": refused,
            "is_office": is_office,
        }
        if self.htmx:
            return self.show(told, template="web/volunteering/hours_found.html")
        if not is_office and self.may("own.hours.write"):
            told |= self._sum()
            told["bans"] = read(request, Bans, query={"page_size": 5})["results"]
        told |= {"states": HourClaim.State.values, "sources": HourClaim.Source.values}
        told |= {"may_claim": self.may(*WRITERS), "may_ask": self.may("own.certificate.write")}
        return self.show(told)

    def _sum(self) -> dict[str, Any]:
        """What the reader has given so far; nothing for an account without an entry in the register."""
        try:
            return {"sum": read(self.request, HoursResource, "summary"), "stars": range(5)}
        except Refused:
            return {}


class NewHours(Asking):
    """Enter hours that no visit and no activity tells of."""

    needs = WRITERS
    tab = "web:hours"
    title = gettext_lazy("Enter hours")
    intro = gettext_lazy(
        "Visits and activities enter their hours by themselves. Here comes what nobody else knows of: somebody who was "
        "there, or the office, confirms it. Full half hours count, the way does not."
    )

    def question(self) -> Question:
        """When, what, where, and what shows it."""
        day = timezone.localdate(self.now)
        evidence = schemas.coded(_("What shows it"), "hours_evidence", day)
        evidence["oneOf"] = [each for each in evidence["oneOf"] if each["const"] in MANUAL_EVIDENCE]
        schema = schemas.asked(
            ("started_at", "ended_at", "content", "evidence"),
            started_at={"type": "string", "format": "date-time", "title": _("From")},
            ended_at={"type": "string", "format": "date-time", "title": _("Until")},
            content=schemas.coded(_("Service given"), "service_content", day),
            evidence=evidence,
            note=schemas.text(
                _("Who can confirm it"), 300, description=_("No names of families: which village is enough.")
            ),
        )
        return Question(schema, (WHOSE,) if self.may("hours.write") else ())

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the list, with what comes next."""
        made = command(self.request, HoursResource, "create", body=given, key=key)
        if made["state"] == HourClaim.State.REJECTED:
            messages.warning(self.request, _("Kept, but not counted: see why beside it."))
        else:
            messages.success(self.request, _("Kept. Somebody else verifies it."))
        return redirect("web:hours")


class DisputeHours(Asking):
    """Say that hours were counted wrongly."""

    needs = WRITERS
    tab = "web:hours"
    title = gettext_lazy("Dispute hours")
    intro = gettext_lazy("A supervisor who has not decided yet looks at it again. It can be said once.")

    def question(self) -> Question:
        """Why."""
        return Question(schemas.asked(("reason",), reason=schemas.text(_("What is not right"), 400)))

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """Back to the list."""
        pk: UUID = self.kwargs["pk"]
        command(self.request, HoursResource, "dispute", pk=pk, body=given, key=key)
        messages.success(self.request, _("A supervisor looks at it again."))
        return redirect("web:hours")
