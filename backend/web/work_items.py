"""A work item: its form, what it is about, and what can be done with it."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from backend.api.work_items import WorkItems
from backend.web import forms
from backend.web.door import Refused, command, read
from backend.web.pages import Page


class WorkItem(Page):
    """One step that waits for a person."""

    needs = ("work_item.read", "own.work_item.read")
    template = "web/work_item.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form, filled with what was typed so far."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Complete it; a refusal shows the form again, with everything that was typed."""
        form = read(request, WorkItems, "form", pk=pk)
        given = forms.answers(form["schema"], request.POST)
        try:
            command(request, WorkItems, "complete", pk=pk, body={"answers": given}, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(pk, given, refused)
        messages.success(request, _("Done."))
        return redirect("web:inbox")

    def _page(self, pk: UUID, given: dict[str, object] | None = None, refused: Refused | None = None) -> HttpResponse:
        item = read(self.request, WorkItems, "retrieve", pk=pk)
        form = read(self.request, WorkItems, "form", pk=pk) if item["state"] == "open" else None
        told = {"item": item, "title": item["title"], "refused": refused, "key": uuid4(), "facts": {}}
        if form is not None:
            known = given if given is not None else form["draft"] or form["values"]
            told |= {"fields": forms.fields(form["schema"], known, refused), "facts": form["facts"], "form": form}
        return self.show(told, status=refused.status if refused else 200)
