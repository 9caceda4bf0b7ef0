"""Rotations: a unit's people leave on one day; who could follow is previewed, approved by somebody else, carried out.

And the one helper who is leaving on a day ahead.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.helpers import Helpers
from backend.api.partner_units import PartnerUnits
from backend.api.rotations import Rotations as RotationsResource
from backend.org import codes, parameters
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.matching import PairingPage
from backend.web.pages import Page

LEAVING = ("discharged", "transferred", "unavailable", "ill", "left")
"""Why somebody leaves on a known day (codes of helper_end_reason)."""
DISCHARGE_DAYS = "03-01 09-01"
"""Conscripts are discharged on 1 March and 1 September. Parameter `succession.discharge_days`."""
MOST = 200


def reason_of() -> schemas.Schema:
    """The question why somebody leaves."""
    return schemas.chosen(_("Why"), {code: codes.name("helper_end_reason", code) for code in LEAVING})


class Rotations(PairingPage):
    """What was prepared, the newest first."""

    needs = ("rotation.read",)
    tab = "web:rotations"
    template = "web/rotations/list.html"
    title = gettext_lazy("Rotations")

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of them; first what waits for a signature."""
        query = {"page_size": 50, "cursor": request.GET.get("cursor", "")}
        found = read(request, RotationsResource, query=query)
        told = {"rotations": found["results"], "next": cursor_of(found["next"])}
        return self.show(told | {"may_write": bool(granting(self.user, "rotation.write"))})


class NewRotation(PairingPage):
    """Which unit, on which day, and why."""

    needs = ("rotation.write",)
    tab = "web:rotations"
    template = "web/rotations/new.html"
    title = gettext_lazy("Prepare a rotation")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; with `unit` in the address for that unit."""
        known = {"partner_unit": request.GET.get("unit", ""), "reason": "discharged"}
        return self._form(known | {"leaves_on": next_discharge(timezone.localdate(self.now)).isoformat()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the preview, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        try:
            made = command(request, RotationsResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        return redirect("web:rotation", pk=made["id"])

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "refused": refused, "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        units = read(self.request, PartnerUnits, query={"page_size": MOST})["results"]
        return schemas.asked(
            ("partner_unit", "leaves_on", "reason"),
            partner_unit=schemas.chosen(_("Partner unit"), {unit["id"]: unit["name"] for unit in units}),
            leaves_on=schemas.day_of(_("The first day without them")),
            reason=reason_of(),
        )


class Rotation(PairingPage):
    """The preview, family by family; later how far it has come."""

    needs = ("rotation.read",)
    tab = "web:rotations"
    template = "web/rotations/rotation.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All families in the order of need."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Approved or given up; what forbids it is told on the page."""
        verb = "cancel" if request.POST.get("verb") == "cancel" else "approve"
        body = {"reason": request.POST.get("reason", "")} if verb == "cancel" else {}
        version = request.POST.get("version", "")
        try:
            command(
                request,
                RotationsResource,
                verb,
                pk=pk,
                body=body,
                version=int(version) if version.isdigit() else None,
                key=request.POST.get("key", ""),
            )
        except Refused as refused:
            return self._page(pk, refused)
        said = _("Given up.") if verb == "cancel" else _("Approved: whoever is named is asked now.")
        messages.success(request, said)
        return redirect("web:rotation", pk=pk)

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        found = read(self.request, RotationsResource, "retrieve", pk=pk)
        is_open = found["state"] == "prepared"
        ahead = date.fromisoformat(found["leaves_on"]) - timezone.localdate(self.now)
        told = {
            "rotation": found,
            "title": found["partner_unit"]["name"] if found["partner_unit"] else _("Several helpers"),
            "days": ahead.days,
            "may_change": is_open and bool(granting(self.user, "rotation.write")),
            "may_approve": is_open and bool(granting(self.user, "rotation.approve")) and not found["mine"],
            "may_cancel": found["state"] in {"prepared", "approved"}
            and bool(granting(self.user, "rotation.write") or granting(self.user, "rotation.approve")),
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


class ReplaceSuccessor(PairingPage):
    """Ask somebody else for one family, or nobody in particular, and say why."""

    needs = ("rotation.write",)
    tab = "web:rotations"
    template = "web/rotations/replace.html"
    title = gettext_lazy("Ask somebody else")

    def get(self, request: HttpRequest, pk: UUID, row: UUID) -> HttpResponse:
        """The form with the helpers who have a free place."""
        return self._form(pk, row, {})

    def post(self, request: HttpRequest, pk: UUID, row: UUID) -> HttpResponse:
        """Back to the preview, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        body = {"row": str(row), "helper": given.get("helper") or None, "reason": given.get("reason", "")}
        version = request.POST.get("version", "")
        known = {"version": int(version)} if version.isdigit() else {}
        try:
            command(request, RotationsResource, "replace", pk=pk, body=body | known, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(pk, row, given, refused)
        return redirect("web:rotation", pk=pk)

    def _form(self, pk: UUID, row: UUID, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        rotation = read(self.request, RotationsResource, "retrieve", pk=pk)
        chosen = next((each for each in rotation["rows"] if each["id"] == str(row)), None)
        if chosen is None:
            raise Http404
        told = {
            "rotation": rotation,
            "row": chosen,
            "fields": forms.fields(self._schema(), known, refused),
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        query = {"free": "true", "status": "active", "page_size": MOST, "ordering": "name"}
        free = read(self.request, Helpers, query=query)["results"]
        names = {each["id"]: f"{each['name']} ({each['kind']['label']}, {each['unit']['name']})" for each in free}
        return schemas.asked(
            ("reason",),
            helper=schemas.chosen(_("Who is to be asked"), names)
            | {"description": _("Left empty: nobody in particular; the family waits for whoever is found.")},
            reason=schemas.text(_("Why"), 400, description=_("It becomes part of the history.")),
        )


class HelperLeaving(Page):
    """A helper is leaving on a day ahead: for each family somebody to follow is sought from now on."""

    needs = ("helper.write",)
    template = "web/rotations/leaving.html"
    title = gettext_lazy("Is leaving on …")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form."""
        return self._form(pk, {})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Back to the helper, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        try:
            command(request, Helpers, "leaving", pk=pk, body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(pk, given, refused)
        messages.success(request, _("Noted: for each family somebody to follow is sought."))
        return redirect("web:helper", pk=pk)

    def _form(self, pk: UUID, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        helper = read(self.request, Helpers, "retrieve", pk=pk)
        told = {"fields": forms.fields(self._schema(), known, refused), "helper": helper, "refused": refused}
        return self.show(told | {"key": uuid4()}, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        return schemas.asked(
            ("leaving_on", "reason"),
            leaving_on=schemas.day_of(_("The first day without the helper")),
            reason=reason_of(),
        )


def next_discharge(today: date) -> date:
    """The next day on which conscripts are discharged."""
    told = str(parameters.value("succession.discharge_days", day=today, default=DISCHARGE_DAYS)).split()
    days = [date.fromisoformat(f"{year}-{day}") for year in (today.year, today.year + 1) for day in sorted(told)]
    return next(day for day in days if day > today)
