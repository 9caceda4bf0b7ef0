"""Refusals in doubt (E27): the list, how each stands, and the form that begins one from a case."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.cases import Cases
from backend.api.safety_watches import SafetyWatches as SafetyWatchesResource
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page


class SafetyWatches(Page):
    """All of the reader's place, the newest first."""

    needs = ("safety_watch.read",)
    template = "web/safety_watches/list.html"
    title = gettext_lazy("Refusals in doubt")

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of them."""
        query = {"page_size": 50, "cursor": request.GET.get("cursor", "")}
        found = read(request, SafetyWatchesResource, query=query)
        return self.show({"rows": found["results"], "next": cursor_of(found["next"])})


class SafetyWatch(Page):
    """One: who reviews it and when, and the looks so far."""

    needs = ("safety_watch.read",)
    template = "web/safety_watches/watch.html"
    title = gettext_lazy("A refusal in doubt")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """How it stands."""
        return self.show({"watch": read(request, SafetyWatchesResource, "retrieve", pk=pk)})


class NewSafetyWatch(Page):
    """Begin one for the case of the address."""

    needs = ("safety_watch.write",)
    template = "web/safety_watches/new.html"
    title = gettext_lazy("Doubt a refusal")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the watch, or the form again with everything typed."""
        given = forms.answers(self._schema(), request.POST)
        body = {**given, "case": str(self._case()["id"])}
        try:
            row = command(request, SafetyWatchesResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("Begun: the village hears relatives and witnesses first."))
        return redirect("web:safety_watch", pk=row["id"])

    def _case(self) -> dict[str, Any]:
        try:
            pk = UUID(self.request.GET.get("case", ""))
        except ValueError:
            raise Http404 from None
        found: dict[str, Any] = read(self.request, Cases, "retrieve", pk=pk)
        return found

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "key": uuid4(), "refused": refused}
        return self.show({**told, "case": self._case()}, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        because = schemas.text(_("What makes you doubt that the person understood"), 400) | {"x-sensitive": True}
        return schemas.asked(("because",), because=because)
