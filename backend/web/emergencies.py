"""Emergencies: report one now, how each is answered and by when, and who is on duty."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.duties import Duties as DutiesResource
from backend.api.emergencies import Emergencies as EmergenciesResource
from backend.api.families import Families
from backend.api.units import Units
from backend.api.users import Users
from backend.emergencies.models import DutySpell, Incident
from backend.org.access import granting, grants
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.emergency import NUMBERS
from backend.web.pages import Page

MOST = 200
FINDERS = frozenset({"calls"})
"""What is logged without a name, as the API does."""


class Emergencies(Page):
    """All that the reader may know of, the open ones first asked for."""

    needs = ("emergency.read", "own.emergency.read")
    template = "web/emergencies/list.html"
    title = gettext_lazy("Emergencies")

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of them."""
        asked = {"open": request.GET.get("open", "true"), "cursor": request.GET.get("cursor", "")}
        found = read(request, EmergenciesResource, query={"page_size": 50, **asked})
        told = {"emergencies": found["results"], "next": cursor_of(found["next"]), "asked": asked}
        return self.show({**told, "may_see_duty": bool(granting(self.user, "duty.read"))})


class NewEmergency(Page):
    """The numbers to call first; then the few things that the office has to know."""

    needs = ("emergency.write",)
    template = "web/emergencies/new.html"
    title = gettext_lazy("Report an emergency")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; about the family of the address, if one is named."""
        return self._form({"channel": "app", "suspect": "nobody", "secret": True})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the emergency, or the form again with everything typed."""
        request.is_unnamed = True  # type: ignore[attr-defined]  # see backend.core.requests
        given = forms.answers(self._schema(), request.POST)
        body: dict[str, Any] = {**given, "id": request.POST.get("key", "")}
        body |= dict.fromkeys(body.pop("facts", ()), True)
        if self._family():
            body["family"] = self._family()["id"]
        try:
            row = command(request, EmergenciesResource, "create", body=body)
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("Whoever is on duty knows. Number: %(number)s") % {"number": row["number"]})
        return redirect("web:incident", pk=row["id"])

    def _family(self) -> dict[str, Any]:
        try:
            pk = UUID(self.request.GET.get("family", ""))
        except ValueError:
            return {}
        found: dict[str, Any] = read(self.request, Families, "retrieve", pk=pk)
        return found

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        fields = forms.fields(self._schema(), known, refused)
        key = self.request.POST.get("key") or uuid4()
        told = {"fields": fields, "key": key, "refused": refused, "numbers": NUMBERS, "family": self._family()}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        day = timezone.localdate(self.now)
        secret = {"x-sensitive": True}
        asked: dict[str, schemas.Schema] = {
            "kind": schemas.coded(_("What it is"), "emergency_kind", day),
            "where": schemas.text(_("Where exactly"), 200) | secret,
            "who": schemas.text(_("Who is in danger"), 200) | secret,
            "what": schemas.text(_("What was seen"), 2000) | secret,
            "facts": {"type": "array", "title": _("What applies"), "items": schemas.chosen("", self._facts())},
            "situations": schemas.several(_("A child, or somebody who cannot decide: which of these"),
                                          "report_situation", day),
            "suspect": schemas.chosen(_("It may be about"), dict(Incident.Suspect.choices)),
        }  # fmt: skip
        if granting(self.user, "emergency.read"):
            asked |= self._office(day)
        asked["secret"] = {"type": "boolean", "title": _("Nobody but two named officers learns who reported it")}
        return schemas.asked(("kind",), **asked)

    def _facts(self) -> dict[str, str]:
        return {
            "unconscious": _("Unconscious"),
            "fire_gas": _("Fire or smell of gas"),
            "alone": _("Nobody is with the person"),
            "in_hospital": _("In hospital already"),
            "minor": _("Under 18"),
            "incapable": _("Cannot decide for oneself"),
            "violence": _("Domestic violence is suspected"),
        }

    def _office(self, day: Any) -> dict[str, schemas.Schema]:
        """What an officer adds who writes down a call."""
        asked = {
            "channel": schemas.coded(_("How you heard of it"), "emergency_channel", day),
            "finder": schemas.text(_("Who called"), 60) | {"x-sensitive": True},
            "finder_contact": schemas.text(_("How to reach the caller"), 60) | {"x-sensitive": True},
        }
        if granting(self.user, "unit.read") and not self._family():
            found = read(self.request, Units, query={"kind": "village", "page_size": MOST})["results"]
            villages = {str(unit["id"]): unit["name"] for unit in found}
            asked = {"unit": schemas.chosen(_("Village"), villages), **asked}
        return asked


class Emergency(Page):
    """One of them: its clocks, its course, and what the reader may do."""

    needs = ("emergency.read", "own.emergency.read")
    template = "web/emergencies/emergency.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The cover and the course."""
        return self._shown(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Open the record, add a call, call it off, see who reported it."""
        verb = request.POST.get("verb", "")
        bodies: dict[str, dict[str, Any]] = {
            "open": {},
            "reveal": {"reason": request.POST.get("reason", "")},
            "call_off": {"reason": request.POST.get("reason", "")},
            "calls": {name: request.POST.get(name, "") for name in ("party", "receipt")},
        }
        if verb not in bodies:
            raise Http404
        request.is_unnamed = verb in FINDERS  # type: ignore[attr-defined]
        try:
            told = command(request, EmergenciesResource, verb, pk=pk, body=bodies[verb])
        except Refused as refused:
            return self._shown(pk, refused=refused, verb=verb)
        if verb in {"open", "reveal"}:
            return self._shown(pk, **{"record" if verb == "open" else "finder": told})
        messages.success(request, _("Saved."))
        return redirect("web:incident", pk=pk)

    def _shown(self, pk: UUID, **more: Any) -> HttpResponse:
        row = read(self.request, EmergenciesResource, "retrieve", pk=pk)
        parties = schemas.coded("", "emergency_call", timezone.localdate(self.now))["oneOf"]
        may_answer = bool(granting(self.user, "emergency.answer")) or row["own"]
        told = {"title": row["number"], "emergency": row, "parties": parties, "may_answer": may_answer, **more}
        refused = more.get("refused")
        return self.show(told, status=refused.status if refused else 200)


class Duties(Page):
    """Who is on duty, from when until when; a supervisor adds and ends."""

    needs = ("duty.read",)
    template = "web/emergencies/duties.html"
    title = gettext_lazy("Duty list")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Today's list and the form."""
        return self._shown({"from_date": timezone.localdate(self.now).isoformat(), "post": "first"})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Somebody is put on the list, or a spell ends today."""
        given: dict[str, Any] = {}
        try:
            if ending := request.POST.get("end"):
                today = timezone.localdate(self.now).isoformat()
                command(request, DutiesResource, "end", pk=_id(ending), body={"to_date": today})
            else:
                given = forms.answers(self._schema(), request.POST)
                command(request, DutiesResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._shown(given, refused)
        messages.success(request, _("Saved."))
        return redirect("web:duties")

    def _shown(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        today = timezone.localdate(self.now).isoformat()
        spells = read(self.request, DutiesResource, query={"on": today, "page_size": MOST})["results"]
        may_write = bool(granting(self.user, "duty.write"))
        told: dict[str, Any] = {"spells": spells, "may_write": may_write, "refused": refused, "key": uuid4()}
        if may_write:
            told["fields"] = forms.fields(self._schema(), known, refused)
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        held = [grant for grant in grants(self.user) if grant.role == "supervisor"]
        units = {str(grant.unit_id): grant.unit_name for grant in held}
        found = read(self.request, Users, query={"page_size": MOST, "role": "supervisor"})["results"]
        people = {str(user["id"]): user["name"] for user in found}
        return schemas.asked(
            ("unit", "post", "user", "from_date"),
            unit=schemas.chosen(_("Unit"), units),
            post=schemas.chosen(_("Post"), dict(DutySpell.Post.choices)),
            user=schemas.chosen(_("Who"), people),
            phone=schemas.text(_("Telephone, day and night"), 30),
            from_date=schemas.day_of(_("From")),
            to_date=schemas.day_of(_("Until (not included)")),
        )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
