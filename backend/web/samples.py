"""Samples: drawn by lot, looked through row by row, drawn again to show that nobody chose them; and printed."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from backend.api.samples import Samples as SamplesResource
from backend.api.units import Units
from backend.inspection.models import Sample as SampleModel
from backend.inspection.samples import LARGEST
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, download, read
from backend.web.pages import Page

USUAL_SIZE = 30
MOST_UNITS = 200


class Samples(Page):
    """What was drawn, the newest first."""

    needs = ("sample.read",)
    template = "web/samples/list.html"
    title = gettext_lazy("Samples")

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of them."""
        query = {"page_size": 50, "cursor": request.GET.get("cursor", "")}
        found = read(request, SamplesResource, query=query)
        return self.show({"samples": found["results"], "next": cursor_of(found["next"])})


class NewSample(Page):
    """From what, where and how many: drawn at once."""

    needs = ("sample.write",)
    template = "web/samples/new.html"
    title = gettext_lazy("Draw a sample")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({"size": str(USUAL_SIZE), "population": SampleModel.Population.FAMILIES.value})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the list that was drawn, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        try:
            sample = command(request, SamplesResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        return redirect("web:sample", pk=sample["id"])

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "refused": refused, "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        places: dict[str, str] = {}
        for grant in granting(self.user, "sample.write"):
            query = {"unit": str(grant.unit_id), "page_size": MOST_UNITS}
            places |= {unit["id"]: unit["name"] for unit in read(self.request, Units, query=query)["results"]}
        now, made = _("Left empty: now."), _("Left empty: the system makes one that nobody knew before.")
        number = {"type": "integer", "title": pgettext("sample", "How many"), "minimum": 1, "maximum": LARGEST}
        return schemas.asked(
            ("unit", "population", "size"),
            unit=schemas.chosen(_("At which unit and below it"), places),
            population=schemas.chosen(_("From what"), dict(SampleModel.Population.choices)),
            period=schemas.text(
                _("Period"), 7, description=_("For visits a month, as 2026-06; for closed cases a year, as 2026.")
            ),
            size=number,
            as_of={"type": "string", "format": "date-time", "title": _("As it stood at"), "description": now},
            seed=schemas.text(_("Seed"), 64, description=made),
        )


class Sample(Page):
    """One sample: its rows, how far one has come, and how to recompute it."""

    needs = ("sample.read",)
    template = "web/samples/sample.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The rows in the order of drawing."""
        sample = read(request, SamplesResource, "retrieve", pk=pk)
        may = {"may_write": bool(granting(self.user, "sample.write")), "may_raise": bool(self._may_raise)}
        return self.show({"sample": sample, "title": sample["unit"]["name"], **may})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """A row was looked at; a refusal is told on the page."""
        place = request.POST.get("place", "")
        body = {"place": place, "note": request.POST.get("note", "")}
        try:
            command(request, SamplesResource, "look", pk=pk, body=body)
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        return redirect(f"{reverse('web:sample', args=[pk])}#row-{place if place.isdigit() else 1}")

    @property
    def _may_raise(self) -> bool:
        return bool(granting(self.user, "finding.write"))


class SampleAgain(Page):
    """The sample drawn once more: part of its page."""

    needs = ("sample.read",)
    template = "web/samples/again.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Whether the same list came out."""
        return self.show({"again": read(request, SamplesResource, "verify", pk=pk)})


class SamplePopulation(Page):
    """What it was drawn from, as a file."""

    needs = ("sample.read",)

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The ids, one a line."""
        return download(request, SamplesResource, "population", pk=pk)
