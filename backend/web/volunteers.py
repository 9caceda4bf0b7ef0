"""Volunteers: who offered to serve, how far each has come, registered at the office."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.activities import rules
from backend.activities.models import Volunteer as Row
from backend.api.helpers import Helpers
from backend.api.units import Units
from backend.api.volunteers import Volunteers as VolunteersResource
from backend.web import schemas
from backend.web.administration.section import Question
from backend.web.door import Refused, command, cursor_of, read
from backend.web.volunteering import VOLUNTEERS, Asking, VolunteeringPage

MOST_UNITS = 200


class Volunteers(VolunteeringPage):
    """The list of volunteers."""

    needs = VOLUNTEERS
    template = "web/volunteering/volunteers.html"
    tab = "web:volunteers"
    title = gettext_lazy("Volunteers")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Those found, the newest first; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "source", "cursor")}
        refused = None
        try:
            found = read(request, VolunteersResource, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told: dict[str, Any] = {
            "rows": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "refused": refused,
            "may_write": self.may("volunteer.write"),
            "may_ban": self.may("volunteer.write", "volunteer.ban"),
        }
        if self.htmx:
            return self.show(told, template="web/volunteering/volunteers_found.html")
        return self.show(told | {"states": Row.State.values, "sources": Row.Source.values})


class NewVolunteer(Asking):
    """Register somebody who wants to volunteer."""

    needs = ("volunteer.write",)
    tab = "web:volunteers"
    title = gettext_lazy("Register a volunteer")
    intro = gettext_lazy(
        "Nobody is made to volunteer. Read out the notice of risks first: what the work is, what may happen, that it "
        "is unpaid, that one may stop at any time."
    )

    def question(self) -> Question:
        """Who, what they offer, and that they know the risks."""
        day = timezone.localdate(self.now)
        kinds = {each["code"]: each["label"] for each in read(self.request, Helpers, "kinds")}
        units = read(self.request, Units, query={"page_size": MOST_UNITS})["results"]
        places = {str(each["id"]): each["name"] for each in units if each["kind"] in {"town", "village"}}
        minors = _("Only for somebody under 18.")
        schema = schemas.asked(
            ("source", "kind", "name", "unit", "birth_date", "accepted_on"),
            name=schemas.text(_("Name"), 60),
            birth_date=schemas.day_of(_("Date of birth")),
            phone=schemas.text(_("Telephone"), 30) | {"x-sensitive": True},
            source=schemas.coded(_("Where from"), "volunteer_source", day),
            kind=schemas.chosen(_("Kind of helper"), kinds),
            unit=schemas.chosen(_("Registers at"), places),
            with_minors={"type": "boolean", "title": _("Wants to work with children")},
            risky={"type": "boolean", "title": _("Wants to do work that may be dangerous")},
            accepted_on=schemas.day_of(_("Accepted the notice of risks on")),
            guardian=schemas.text(_("Guardian and telephone"), 100, description=minors),
            guardian_agreed_on=schemas.day_of(_("The guardian agreed on")) | {"description": minors},
            accompanied_by=schemas.text(_("Who comes along"), 100, description=minors),
        )
        return Question(schema)

    def known(self) -> dict[str, Any]:
        """The notice was read out just now."""
        return {"accepted_on": timezone.localdate(self.now).isoformat(), "source": "own", "kind": "volunteer"}

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the list; the township's inbox has the rest."""
        notice = rules.of_volunteers("", timezone.localdate(self.now))["notice_version"]
        row = command(self.request, VolunteersResource, "create", body={"notice_version": notice, **given}, key=key)
        said = _("%(name)s is registered. The inbox has the first talk.") % {"name": row["name"]}
        messages.success(self.request, said)
        return redirect("web:volunteers")
