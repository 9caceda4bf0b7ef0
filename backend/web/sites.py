"""Sites: the register with its checks, half hours in a video room, families at a canteen, numbers of a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.activities.bookings import CANTEENS, VIDEO_ROOM
from backend.activities.models import DayCount
from backend.api.families import Families
from backend.api.sites import Bookings, Enrolments
from backend.api.sites import Sites as SitesResource
from backend.api.units import Units
from backend.org import codes
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.administration.section import Choices, Chooser
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

WORDS: dict[str, str | Promise] = {"kind": gettext_lazy("Kind")}
MOST = 200
FAMILY = Chooser("family", gettext_lazy("Family"), "web:site_families", Families)


class Sites(Page):
    """The register, as far as the reader's place allows."""

    needs = ("site.read",)
    template = "web/sites/list.html"
    title = gettext_lazy("Sites")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The sites found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("kind", "cursor")}
        refused = None
        try:
            found = read(request, SitesResource, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        told |= {"words": WORDS, "kinds": list(codes.choices("site_kind", day=timezone.localdate(self.now)))}
        told["may_write"] = bool(granting(self.user, "site.write"))
        return self.show(told, template="web/sites/found.html" if self.htmx else None)


class NewSite(Page):
    """Take a site into the register."""

    needs = ("site.write",)
    template = "web/sites/form.html"
    title = gettext_lazy("Register a site")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        known = {"opens": "08:30", "closes": "17:00", "weekdays": ["1", "2", "3", "4", "5"]}
        return self._form(known)

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the site, or the form again with everything typed."""
        given = forms.answers(self._schema(), request.POST)
        body = {"has_equipment": False, "weekdays": [], **given}
        try:
            row = command(request, SitesResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("Registered. Its checks begin by themselves."))
        return redirect("web:site", pk=row["id"])

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "key": uuid4(), "refused": refused}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        day = timezone.localdate(self.now)
        villages = read(self.request, Units, query={"kind": "village", "page_size": MOST})["results"]
        days = [{"const": str(number + 1), "title": str(name)} for number, name in WEEKDAYS.items()]
        return schemas.asked(
            ("unit", "kind", "name", "weekdays", "opens", "closes", "opened_on"),
            name=schemas.text(_("Name"), 80),
            kind=schemas.coded(_("Kind"), "site_kind", day),
            unit=schemas.chosen(_("Village"), {str(each["id"]): each["name"] for each in villages}),
            address=schemas.text(_("Address"), 160),
            weekdays={"type": "array", "title": _("Open on"), "items": {"type": "string", "oneOf": days}},
            opens={"type": "string", "format": "time", "title": _("Opens at")},
            closes={"type": "string", "format": "time", "title": _("Closes at")},
            opened_on=schemas.day_of(_("Open since")),
            area={"type": "integer", "title": _("Square metres"), "minimum": 1},
            seats={"type": "integer", "title": _("Seats"), "minimum": 1},
            has_equipment={"type": "boolean", "title": _("Equipment to be checked every month")},
        )


class Site(Page):
    """One site: standards, hours, checks; its bookings, families and numbers for those who work with them."""

    needs = ("site.read",)
    template = "web/sites/site.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All of it; for a video room the free times of the day that the address names."""
        return self.page(read(request, SitesResource, "retrieve", pk=pk))

    def page(self, row: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        """The page, with what was refused."""
        pk = row["id"]
        told: dict[str, Any] = {"title": row["name"], "row": row, "key": uuid4(), "refused": refused}
        told["days"] = [str(WEEKDAYS[number - 1]) for number in row["weekdays"]]
        told["sums"] = read(self.request, SitesResource, "sums", pk=pk)
        if granting(self.user, "booking.write") and row["closed_on"] is None:
            told |= self._work(row)
        return self.show(told, status=refused.status if refused else 200)

    def _work(self, row: Mapping[str, Any]) -> dict[str, Any]:
        today = timezone.localdate(self.now).isoformat()
        sent = self.request.POST or self.request.GET
        day = sent.get("day") or today
        told: dict[str, Any] = {"may_work": True, "today": today, "day": day, "whats": DayCount.What.values}
        if row["kind"] == VIDEO_ROOM:
            begin = timezone.localtime(self.now).replace(hour=0, minute=0, second=0, microsecond=0).isoformat()
            query = {"site": row["id"], "starts_from": begin, "page_size": MOST}
            told["bookings"] = read(self.request, Bookings, query=query)["results"]
            try:
                free = read(self.request, SitesResource, "free_times", pk=row["id"], query={"day": day})
                told["times"] = free["times"]
            except Refused as refused:
                told |= {"times": [], "refused": refused}
            told["now"] = timezone.localtime(self.now).isoformat()
        if row["kind"] in CANTEENS:
            query = {"site": row["id"], "page_size": MOST}
            told["enrolments"] = read(self.request, Enrolments, query=query)["results"]
        if row["kind"] == VIDEO_ROOM or row["kind"] in CANTEENS:
            told["choosers"] = [FAMILY.shown(self.request, sent.dict(), {})]
        return told


class SiteFamilies(Choices):
    """Families to choose from, while somebody types."""

    needs = ("booking.write",)
    template = "web/sites/families.html"
    choosers = (FAMILY,)


class NewAtSite(Site):
    """Book half an hour, enrol a family, tell a day's number."""

    needs = ("booking.write",)

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Done, or the page again with everything typed."""
        sent = {name: request.POST.get(name, "") for name in ("family", "starts_at", "from_date", "persons")}
        key = request.POST.get("key", "")
        try:
            if verb == "book":
                body = {"site": str(pk), "family": sent["family"], "starts_at": sent["starts_at"]}
                command(request, Bookings, "create", body=body, key=key)
            elif verb == "enrol":
                body = {"site": str(pk), **{name: value for name, value in sent.items() if value}}
                command(request, Enrolments, "create", body=body, key=key)
            elif verb == "count":
                told = {name: request.POST.get(name, "") for name in ("day", "what", "number")}
                command(request, SitesResource, "count", pk=pk, body=told, key=key)
            else:
                raise Http404
        except Refused as refused:
            return self.page(read(request, SitesResource, "retrieve", pk=pk), refused)
        messages.success(request, _("Noted."))
        return redirect("web:site", pk=pk)


class BookingVerb(Page):
    """Cancel a booking, or tell whether it took place."""

    needs = ("booking.write",)

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Done, back to the site."""
        bodies = {"cancel": {}, "held": {"held": True}, "missed": {"held": False}}
        if verb not in bodies:
            raise Http404
        row = read(request, Bookings, "retrieve", pk=pk)
        try:
            command(request, Bookings, "cancel" if verb == "cancel" else "told", pk=pk, body=bodies[verb])
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        return redirect("web:site", pk=row["site"])


class EnrolmentEnd(Page):
    """A family does not eat there any more from today on."""

    needs = ("booking.write",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Done, back to the site."""
        row = read(request, Enrolments, "retrieve", pk=pk)
        body = {"to_date": timezone.localdate(self.now).isoformat()}
        try:
            command(request, Enrolments, "end", pk=pk, body=body)
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        return redirect("web:site", pk=row["site"])
