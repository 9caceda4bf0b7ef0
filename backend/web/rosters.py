"""Rosters: a spreadsheet is uploaded, checked, looked through, applied; what is wrong stands beside its row."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from backend.api.programmes import Programmes
from backend.api.rosters import Rosters as RostersResource
from backend.api.uploads import FORM_AROUND, InMemory
from backend.cases.rosters.problems import REFUSALS, RosterColumns, RosterTooLarge
from backend.cases.rosters.reading import MOST_BYTES
from backend.org.access import granting
from backend.web.door import Refused, command, cursor_of, download, read, upload
from backend.web.pages import Page

SHOWN = 100
"""Problems on one page."""
UNFINISHED = frozenset({"checking", "applying"})
"""States in which the page asks again by itself."""


@method_decorator(csrf_exempt, name="dispatch")
class Rosters(Page):
    """What was uploaded, and the form that uploads.

    Exempt from the middleware's check of the form token only to do it later, in `post`: whoever reads the form first
    decides where its file is kept, and this one is full of identity numbers.
    """

    needs = ("roster.read",)
    template = "web/rosters/list.html"
    title = gettext_lazy("Rosters")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The newest first."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Upload: to the roster's own page, or the form again."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES + FORM_AROUND:
            return self._page(error=str(RosterTooLarge.message), status=413)
        request.upload_handlers = [InMemory(request)]
        return self._receive(request)

    @method_decorator(csrf_protect)
    def _receive(self, request: HttpRequest) -> HttpResponseBase:
        try:
            roster = upload(request, RostersResource)
        except Refused as refused:
            return self._page(error=refused.problem["detail"], refused=refused, status=refused.status)
        return redirect("web:roster", pk=roster["id"])

    def _page(self, *, status: int = 200, **more: Any) -> HttpResponse:
        found = read(
            self.request, RostersResource, query={"page_size": 20, "cursor": self.request.GET.get("cursor", "")}
        )
        told = {
            "rosters": found["results"],
            "next": cursor_of(found["next"]),
            "may_upload": bool(granting(self.user, "roster.upload")),
            "kind": more.get("kind", "families"),
        }
        return self.show(told | more, status=status)


class Roster(Page):
    """One roster: progress, counts, problems beside the rows, and what can be done next."""

    needs = ("roster.read",)
    template = "web/rosters/roster.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The report; for htmx only what moves."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Apply it."""
        version = request.POST.get("version", "")
        try:
            command(
                request,
                RostersResource,
                "apply",
                pk=pk,
                body={"start_programme": request.POST.get("start_programme", "")},
                version=int(version) if version.isdigit() else None,
                key=request.POST.get("key", ""),
            )
        except Refused as refused:
            return self._page(pk, refused)
        messages.success(request, _("It is being applied. You may leave this page."))
        return redirect("web:roster", pk=pk)

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        roster = read(self.request, RostersResource, "retrieve", pk=pk)
        is_moving = roster["state"] in UNFINISHED
        told = {"roster": roster, "title": roster["name"], "is_moving": is_moving, "refused": refused}
        if self.htmx and is_moving:
            return self.show(told, template="web/rosters/progress.html")
        if self.htmx:  # it is done: the whole page has changed
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return self.show(told | self._report(roster), status=refused.status if refused else 200)

    def _report(self, roster: dict[str, Any]) -> dict[str, Any]:
        code, start = self.request.GET.get("code", ""), _number(self.request.GET.get("from", ""))
        wanted = [each for each in roster["problems"] if not code or each["code"] == code]
        counts = roster["counts"]
        return {
            "counts": counts,
            "written": counts.get("applied", counts),
            "changes_nothing": bool(counts) and not _would_change(counts) and roster["state"] == "checked",
            "code": code,
            "problems": wanted[start : start + SHOWN],
            "from": start,
            "following": start + SHOWN if len(wanted) > start + SHOWN else None,
            "preceding": max(start - SHOWN, 0) if start else None,
            "shown_of": len(roster["problems"]),
            "told": sum(counts.get("problem_codes", {}).values()),
            "error": error_text(roster["error"]),
            "may_apply": bool(granting(self.user, "roster.apply")),
            "may_download": bool(granting(self.user, "roster.upload")),
            "programmes": read(self.request, Programmes)["results"] if roster["kind"] == "families" else [],
            "key": uuid4(),
        }


class RosterProblems(Page):
    """The corrected copy: every row again, with what is wrong marked and explained."""

    needs = ("roster.upload",)

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """A workbook; a file that was removed already is told on the roster's page."""
        try:
            return download(request, RostersResource, "problems", pk=pk)
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
            return redirect("web:roster", pk=pk)


def _would_change(counts: dict[str, Any]) -> bool:
    return any(value for name, value in counts.items() if name.endswith(("_new", "_changed")))


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 7 else 0


def error_text(code: str) -> str:
    """Why a roster failed, in words."""
    if not code:
        return ""
    refusal = REFUSALS.get(code)
    if refusal is not None:
        return str(refusal.message)
    if code == RosterColumns.code:
        return _("Columns that every roster needs were not found in one row.")
    return _("It could not be read.")
