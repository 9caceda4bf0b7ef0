"""Findings: what auditors found, by when it has to be put right, and raising one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.cases import Cases
from backend.api.findings import LONGEST
from backend.api.findings import Findings as FindingsResource
from backend.api.samples import Samples
from backend.inspection.models import Finding
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

WORDS: dict[str, str | Promise] = {"state": gettext_lazy("State"), "overdue": gettext_lazy("Overdue")}
STATES = tuple(Finding.State.values)


class Findings(Page):
    """All findings that the reader's role and place allow, those that press first."""

    needs = ("finding.read",)
    template = "web/findings/list.html"
    title = gettext_lazy("Findings")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The findings found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "overdue", "case", "cursor")}
        refused = None
        try:
            found = read(request, FindingsResource, query={"page_size": 50, "ordering": "due_at", **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"findings": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        template = "web/findings/found.html" if self.htmx else None
        told["may_draw"] = bool(granting(self.user, "sample.read"))
        return self.show(told | {"states": STATES, "words": WORDS}, template=template)


class NewFinding(Page):
    """Raise a finding about a case, or about a row of a sample."""

    needs = ("finding.write",)
    template = "web/findings/new.html"
    title = gettext_lazy("Raise a finding")

    def get(self, request: HttpRequest) -> HttpResponse:
        """What was found, and by when it has to be put right."""
        return self._form({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the findings, or the form again with everything typed."""
        given = forms.answers(self._schema(), request.POST)
        try:
            body = {**self._about, **given}
            raised = command(request, FindingsResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        said = _("The unit has it in its inbox now: case %(number)s.") % {"number": raised["case"]["number"]}
        messages.success(request, said)
        if "sample" in self._about:
            return redirect("web:sample", pk=self._about["sample"])
        return redirect("web:case_tab", pk=raised["case"]["id"], tab="history")

    @property
    def _about(self) -> dict[str, str]:
        """What the address says that it is about: `case`, or `sample` and `place`."""
        asked = self.request.GET
        names = ("sample", "place") if "sample" in asked else ("case",)
        if not all(asked.get(name) for name in names):
            raise Http404
        return {name: asked[name] for name in names}

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        fields = forms.fields(self._schema(), known, refused)
        told = {"fields": fields, "refused": refused, "key": uuid4(), **self._subject()}
        return self.show(told, status=refused.status if refused else 200)

    def _subject(self) -> dict[str, Any]:
        """The family and case that it is about, as the reader may know them."""
        about = self._about
        if "case" in about:
            case = read(self.request, Cases, "retrieve", pk=about["case"])
            return {"family": case["family"], "case": case}
        sample = read(self.request, Samples, "retrieve", pk=about["sample"])
        row = next((each for each in sample["rows"] if str(each["place"]) == about["place"]), None)
        if row is None or row["family"] is None:
            raise Http404
        return {"family": row["family"], "case": row["case"], "sample": sample}

    def _schema(self) -> schemas.Schema:
        today = timezone.localdate(self.now)
        return schemas.asked(
            ("kind", "text"),
            kind=schemas.coded(_("Kind of finding"), "finding_kind", today),
            text=schemas.text(_("What was found"), LONGEST) | {"x-sensitive": True},
            due=schemas.day_of(_("To be put right by"))
            | {"description": _("Left empty: within the usual number of days.")},
        )


def open_findings(page: Page, case: str) -> list[dict[str, Any]]:
    """The findings about a case that its reader may see; none for who reads no findings."""
    if not granting(page.user, "finding.read"):
        return []
    found: list[dict[str, Any]] = read(page.request, FindingsResource, query={"case": case, "page_size": 50})["results"]
    return found
