"""Suspending a pairing and taking it up again."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.pairings import Pairings
from backend.web import forms, schemas
from backend.web.door import Refused, command, read
from backend.web.pages import Page


class Suspension(Page):
    """A pairing is suspended, or goes on: what was before, and a form for what comes next."""

    needs = ("pairing.write",)
    template = "web/suspensions/suspension.html"
    title = gettext_lazy("Suspend the pairing")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form."""
        return self._form(read(request, Pairings, "retrieve", pk=pk), {})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Back to the helper, or the form again."""
        pairing = read(request, Pairings, "retrieve", pk=pk)
        given = forms.answers(_schema(pairing), request.POST)
        verb = "lift" if _may_lift(pairing) else "suspend"
        try:
            command(request, Pairings, verb, pk=pk, body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(pairing, given, refused)
        if verb == "lift":
            messages.success(request, _("The pairing goes on."))
        else:
            messages.success(request, _("Suspended at once: the helper sees nothing of the family any more."))
        return redirect("web:helper", pk=pairing["helper"]["id"])

    def _form(self, pairing: dict[str, Any], known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {
            "pairing": pairing,
            "may_lift": _may_lift(pairing),
            "fields": forms.fields(_schema(pairing), known, refused),
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


def _may_lift(pairing: dict[str, Any]) -> bool:
    """Whether somebody's word suspended it: what a missing check suspends, the check ends."""
    return any(not row["to_date"] and row["reason"] != "check_expired" for row in pairing["suspensions"])


def _schema(pairing: dict[str, Any]) -> schemas.Schema:
    codes = "suspension_end_reason" if _may_lift(pairing) else "suspension_reason"
    reason = schemas.coded(_("Why"), codes, timezone.localdate())
    return schemas.asked(("reason",), reason=reason, note=schemas.text(_("Note for the history"), 400))
