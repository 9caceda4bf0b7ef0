"""Somebody of a family has died: one day is asked for, in quiet words."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from backend.api.persons import Persons
from backend.web import forms, schemas
from backend.web.door import Refused, command, read
from backend.web.pages import Page


class PersonDied(Page):
    """On which day somebody died."""

    needs = ("death.write",)
    template = "web/families/died.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The one question."""
        return self._form(read(request, Persons, "retrieve", pk=pk), {})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Back to the family, or the form again."""
        person = read(request, Persons, "retrieve", pk=pk)
        given = forms.answers(self._schema(), request.POST)
        try:
            command(request, Persons, "died", pk=pk, body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(person, given, refused)
        messages.success(request, _("Noted. Nobody writes to %(name)s any more.") % {"name": person["name"]})
        return redirect("web:family", pk=person["family"]["id"])

    def _schema(self) -> schemas.Schema:
        return schemas.asked(("died_on",), died_on=schemas.day_of(_("Day of death")))

    def _form(self, person: dict[str, Any], known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {
            "person": person,
            "title": _("%(name)s has died") % {"name": person["name"]},
            "fields": forms.fields(self._schema(), known, refused),
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)
