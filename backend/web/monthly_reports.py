"""The report desk (P14): who has reported a month and how, one report with all that was handed in, supplements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.monthly_reports import MonthlyReports as Resource
from backend.coordination.quality import TOLD
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page
from backend.web.templatetags.when import month as in_words
from backend.web.waiting import waiting

PROCESS = "monthly_report"
HOW = ("on_time", "late", "nil_on_time", "nil_late", "not_submitted")


class MonthlyReports(Page):
    """All units of one month, as far as the reader's place allows."""

    needs = ("monthly_report.read",)
    template = "web/group/reports.html"
    title = gettext_lazy("Monthly reports")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The month that the address names, or the one that is over."""
        month = self._month()
        query = {"month": month.isoformat(), "page_size": 200, "cursor": request.GET.get("cursor", "")}
        found = read(request, Resource, query=query)
        rows = sorted(found["results"], key=lambda row: row["unit"]["name"])
        counted = Counter(row["how"] for row in rows)
        told = {
            "rows": rows,
            "month": f"{month:%Y-%m}",
            "before": f"{_before(month):%Y-%m}",
            "after": f"{_after(month):%Y-%m}" if _after(month) < timezone.localdate(self.now).replace(day=1) else "",
            "next": cursor_of(found["next"]),
            "counts": [(how, counted[how]) for how in HOW if counted[how]],
        }
        return self.show(told)

    def _month(self) -> date:
        asked = self.request.GET.get("month", "")
        try:
            return date.fromisoformat(f"{asked}-01")
        except ValueError:
            return _before(timezone.localdate(self.now))


class MonthlyReport(Page):
    """One report: what was handed in, each time; returns, supplements, the leader's decision."""

    needs = ("monthly_report.read",)
    template = "web/group/report.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All of it; whoever may supplement finds the form below."""
        return self._page(pk, {})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """A supplement: the report itself stays."""
        given = forms.answers(_supplement(), request.POST)
        changes = {name: given[name] for name in TOLD if name in given}
        body = {"text": given.get("text", ""), "changes": changes}
        try:
            command(request, Resource, "supplement", pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(pk, given, refused)
        messages.success(request, _("Added. The report stays as it was; the next bulletin tells of it."))
        return redirect("web:monthly_report", pk=pk)

    def _page(self, pk: UUID, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        row = read(self.request, Resource, "retrieve", pk=pk)
        told = {
            "title": f"{row['unit']['name']} {in_words(row['month'])}",
            "row": row,
            "items": waiting(self.request, process=PROCESS, about=f"{row['unit']['name']} {row['month'][:7]}"),
            "last": row["submissions"][-1] if row["submissions"] else None,
            "earlier": row["submissions"][-2::-1],
            "refused": refused,
        }
        if row["state"] == "accepted" and granting(self.user, "monthly_report.supplement"):
            told |= {"fields": forms.fields(_supplement(), known, refused), "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)


def _supplement() -> schemas.Schema:
    titles = {
        "activities": _("Activities held"),
        "served": _("People served"),
        "served_first": _("Of these, for the first time"),
        "served_again": _("Of these, again"),
    }
    numbers = {name: {"type": "integer", "title": titles[name]} for name in TOLD}
    return schemas.asked(("text",), text=schemas.text(_("What is corrected or added"), 2000), **numbers)


def _before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
