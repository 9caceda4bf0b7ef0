"""Health services: found by way of a family, one person at a time; asked for, followed, and counted without names."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.families import Families
from backend.api.health_counts import HealthCounts
from backend.api.health_services import HealthServices
from backend.api.persons import Persons
from backend.api.units import Units
from backend.health.counts import LIST
from backend.health.models import HealthService
from backend.health.services import AT_HOSPITAL
from backend.org import codes
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, read
from backend.web.pages import Page

Kind = HealthService.Kind
ICONS = {
    Kind.PRE_CONCEPTION: "clipboard2-check", Kind.FOLIC_ACID: "capsule", Kind.INFERTILITY: "house-heart",
    Kind.WOMENS_CHECK: "clipboard2-check", Kind.HOSPITAL_VISIT: "people", Kind.CHILD_FILE: "files",
    Kind.DOCTOR_CONTRACT: "person-badge",
}  # fmt: skip
PLANNED = frozenset({Kind.PRE_CONCEPTION, Kind.FOLIC_ACID})
"""Services for which it matters whether a pregnancy is planned."""
REPEATED = frozenset({Kind.PRE_CONCEPTION, Kind.FOLIC_ACID, Kind.WOMENS_CHECK})
"""Services that are had once for a birth or in a round."""
MOST_PEOPLE, MOST_SITES = 50, 100


class Find(Page):
    """Whose: first the family, then one of its members. There is no list of those who have asked."""

    needs = ("health.write", "health.read")
    template = "web/health/find.html"
    title = gettext_lazy("Health services")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The families found, or the members of the chosen one."""
        told: dict[str, Any] = {"may_read": bool(granting(self.user, "health.read")), "q": ""}
        if "family" in request.GET:
            family = _id(request.GET["family"])
            told["family"] = read(request, Families, "retrieve", pk=family)
            query = {"family": str(family), "status": "present", "page_size": MOST_PEOPLE}
            told["persons"] = read(request, Persons, query=query)["results"]
        elif text := request.GET.get("q", "").strip():
            told["q"] = text
            told["families"] = read(request, Families, query={"q": text, "page_size": 20})["results"]
        return self.show(told)


class PersonHealth(Page):
    """One person's health services; that they were read goes to history."""

    needs = ("health.read",)
    refusals_are_kept: ClassVar[bool] = True
    template = "web/health/person.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The newest first."""
        person = read(request, Persons, "retrieve", pk=pk)
        rows = read(request, HealthServices, query={"person": str(pk)})["results"]
        return self.show({"title": person["name"], "person": person, "services": rows})


class NewHealthService(Page):
    """What a person asks for: first what it is, then the little that the table has to know."""

    needs = ("health.write",)
    template = "web/health/new.html"
    title = gettext_lazy("Ask for a health service")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The kinds, or the form of one."""
        if self._kind is None:
            kinds = [(code, codes.name("health_kind", code), icon) for code, icon in ICONS.items()]
            return self.show({"person": self._person, "kinds": kinds})
        return self._form({})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """To the number to tell the person, or the form again with everything typed."""
        if self._kind is None:
            raise Http404
        given = forms.answers(self._schema(), request.POST)
        body = {**given, "person": str(pk), "kind": self._kind}
        try:
            made = command(request, HealthServices, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        said = _("Taken in as %(number)s. Tell the person this number; nothing happens before they have agreed.")
        messages.success(request, said % made)
        if granting(self.user, "health.read"):
            return redirect("web:health_person", pk=pk)
        return redirect("web:health")

    @cached_property
    def _kind(self) -> str | None:
        asked = self.request.GET.get("kind", "")
        return asked if asked in ICONS else None

    @cached_property
    def _person(self) -> dict[str, Any]:
        found: dict[str, Any] = read(self.request, Persons, "retrieve", pk=self.kwargs["pk"])
        return found

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        assert self._kind is not None
        told = {
            "person": self._person,
            "kind": codes.name("health_kind", self._kind),
            "fields": forms.fields(self._schema(), known, refused),
            "key": uuid4(),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        """Only what this kind has to know."""
        stays = {"type": "integer", "title": _("Months lived here"), "minimum": 0, "maximum": 1200}
        asked: dict[str, schemas.Schema] = {"residence_months": stays}
        if self._kind in PLANNED:
            asked["planning"] = {"type": "boolean", "title": _("A pregnancy is planned or has begun, as they say")}
        if self._kind in REPEATED:
            asked["had_before"] = {"type": "boolean", "title": _("Had it for this birth or in this round, as they say")}
        if self._kind in AT_HOSPITAL:
            query = {"person": str(self.kwargs["pk"])}
            offered = read(self.request, HealthServices, "hospitals", query=query)["results"]
            asked["hospital"] = schemas.chosen(_("Hospital"), {str(each["id"]): each["name"] for each in offered})
            asked["company"] = {"type": "boolean", "title": _("Wants company on the way")}
        needed = ("residence_months", "hospital") if self._kind in AT_HOSPITAL else ("residence_months",)
        return schemas.asked(needed, **asked)


class Slip(Page):
    """The voucher on paper: its number, the hospital, until when. Neither a name nor what it is for."""

    needs = ("health.read",)
    refusals_are_kept: ClassVar[bool] = True
    template = "web/health/slip.html"
    title = gettext_lazy("Voucher")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """To be printed."""
        service = read(request, HealthServices, "retrieve", pk=pk)
        if not service["expires_at"] or not service["hospital"]:
            raise Http404
        return self.show({"service": service})


class Decline(Page):
    """The person wants it no more."""

    needs = ("health.read",)
    refusals_are_kept: ClassVar[bool] = True

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """At once, without a reason; nothing is kept."""
        person = request.POST.get("person", "")
        try:
            command(request, HealthServices, "decline", pk=pk, key=request.POST.get("key", ""))
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Nothing is kept of it any more."))
        return redirect("web:health_person", pk=_id(person))


class Counts(Page):
    """Anonymous figures of a closed month, a form to enter counts, and whose turn it is this year."""

    needs = ("health_count.read", "health_count.write")
    template = "web/health/counts.html"
    title = gettext_lazy("Anonymous counters")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The last closed month, or the one asked for."""
        return self._page({"day": timezone.localdate(self.now).isoformat()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Added, without the sum being told."""
        given = forms.answers(self._schema(), request.POST)
        try:
            command(request, HealthCounts, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(given, refused)
        messages.success(request, _("Counted."))
        return redirect("web:health_counts")

    def _page(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told: dict[str, Any] = {"refused": refused, "key": uuid4(), "fields": None, "figures": None}
        if granting(self.user, "health_count.write"):
            told["fields"] = forms.fields(self._schema(), known, refused)
        if granting(self.user, "health_count.read"):
            told |= self._figures()
        return self.show(told, status=refused.status if refused else 200)

    def _figures(self) -> dict[str, Any]:
        asked = {name: self.request.GET.get(name, "").strip() for name in ("unit", "month")}
        query = {name: value for name, value in asked.items() if value}
        wrong = None
        try:
            found = read(self.request, HealthCounts, query=query)
        except Refused as error:
            wrong, found = error, read(self.request, HealthCounts)
        first = date.fromisoformat(f"{found['month']}-01")
        following = (first + timedelta(days=31)).replace(day=1)
        return {
            "figures": found,
            "first": first,
            "wrong": wrong,
            "previous": f"{first - timedelta(days=1):%Y-%m}",
            "following": f"{following:%Y-%m}" if following <= timezone.localdate(self.now) else "",
        }

    def _schema(self) -> schemas.Schema:
        query = {"page_size": MOST_SITES, "kind": "village"}
        sites = {str(each["id"]): each["name"] for each in read(self.request, Units, query=query)["results"]}
        return schemas.asked(
            ("site", "day", "what", "number"),
            site=schemas.chosen(_("Site"), sites),
            day=schemas.day_of(_("Day in the month")),
            what=schemas.coded(_("What was counted"), LIST, timezone.localdate(self.now)),
            number={"type": "integer", "title": _("How often"), "minimum": -999, "maximum": 9999},
        )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
