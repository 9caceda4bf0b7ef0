"""Deputies and absences: who stands in for whom now, to come and in the past; appointed and ended by a supervisor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.memberships import Deputies as DeputiesResource
from backend.api.memberships import OwnDeputies
from backend.api.users import Users
from backend.api.workload import Workload
from backend.web import schemas
from backend.web.administration.section import Choices, Chooser, Question
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

IN_FORCE, OTHERS = 200, 50
"""Rows of one page: those of today all together, coming and past ones page by page."""
COLLEAGUES = {"colleague": "true", "active": "true"}
ABSENT = Chooser("absent", gettext_lazy("Who is absent"), "web:colleague_choices", Users, COLLEAGUES)
DEPUTY = Chooser("deputy", gettext_lazy("Who stands in"), "web:colleague_choices", Users, COLLEAGUES)


class Deputies(Page):
    """Who is absent today and who stands in, what comes, and what was."""

    needs = ("deputy.write",)
    template = "web/deputies/page.html"
    title = gettext_lazy("Deputies and absences")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Today's rows with the work that falls to the deputy meanwhile."""
        cursor, today = request.GET.get("cursor", ""), timezone.localdate(self.now).isoformat()
        now = read(request, DeputiesResource, query={"current": "true", "page_size": IN_FORCE, "ordering": "from_date"})
        others = read(
            request,
            DeputiesResource,
            query={"current": "false", "page_size": OTHERS, "ordering": "-from_date", "cursor": cursor},
        )
        loads = {each["user"]["id"]: each for each in read(request, Workload)["people"]}
        coming = [row for row in others["results"] if row["from_date"] > today]
        told = {
            "now_absent": self._with_work(now["results"], loads),
            "coming": self._with_work(sorted(coming, key=lambda row: row["from_date"]), loads),
            "past": [row for row in others["results"] if row["from_date"] <= today],
            "next": cursor_of(others["next"]),
        }
        return self.show(told)

    def _with_work(self, rows: list[dict[str, Any]], loads: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Each row with what the absent colleague has taken, and whether it is the reader's to end."""
        me = str(self.user.pk)
        return [
            row
            | {
                "load": loads.get(row["absent"]["id"]),
                "may_end": me not in {row["absent"]["id"], row["deputy"]["id"]},
            }
            for row in rows
        ]


class NewDeputy(Page):
    """Appoint somebody for a colleague who is absent."""

    needs = ("deputy.write",)
    template = "web/deputies/form.html"
    title = gettext_lazy("Appoint a deputy")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; with `absent` in the address for that colleague."""
        return self._form({"from_date": timezone.localdate(self.now).isoformat()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Appointed, or the form again with everything typed."""
        given = self._question().answers(request)
        try:
            made = command(request, DeputiesResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        names = {"deputy": made["deputy"]["name"], "absent": made["absent"]["name"]}
        messages.success(request, _("%(deputy)s stands in for %(absent)s.") % names)
        return redirect("web:deputies")

    def _question(self) -> Question:
        schema = schemas.asked(
            ("from_date", "reason"),
            from_date=schemas.day_of(_("First day")),
            to_date=schemas.day_of(_("Until (the first day without it)")),
            reason=schemas.text(_("Why"), 200, description=_("It becomes part of the history.")),
        )
        return Question(schema, (ABSENT, DEPUTY))

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {**self._question().shown(self.request, known, refused), "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)


class EndDeputy(Page):
    """The colleague is back, or is to be back on another day."""

    needs = ("deputy.write",)
    template = "web/deputies/form.html"
    title = gettext_lazy("End the standing in")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form: today unless said otherwise."""
        row = read(request, DeputiesResource, "retrieve", pk=pk)
        return self._form(row, {"to_date": max(timezone.localdate(self.now).isoformat(), row["from_date"])})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ended, or the form again."""
        row = read(request, DeputiesResource, "retrieve", pk=pk)
        given = self._question().answers(request)
        try:
            command(request, DeputiesResource, "end", pk=pk, body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(row, given, refused)
        messages.success(request, _("Done: %(what)s.") % {"what": self.title})
        return redirect("web:deputies")

    def _question(self) -> Question:
        return Question(schemas.asked(("to_date",), to_date=schemas.day_of(_("Until (the first day without it)"))))

    def _form(self, row: dict[str, Any], known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {**self._question().shown(self.request, known, refused), "row": row, "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)


class OwnDays(Page):
    """My days away: what is recorded, and a form for more."""

    needs = ("own.deputy.write",)
    template = "web/deputies/own.html"
    title = gettext_lazy("My days away")

    def get(self, request: HttpRequest) -> HttpResponse:
        """What is to come and was, with an empty form."""
        return self._page({"from_date": timezone.localdate(self.now).isoformat()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Recorded, or the page again with everything typed."""
        given = self._question(self._colleagues()).answers(request)
        try:
            made = command(request, OwnDeputies, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(given, refused)
        messages.success(request, _("Recorded: %(name)s stands in for you.") % {"name": made["deputy"]["name"]})
        return redirect("web:own_days")

    def _page(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        today = timezone.localdate(self.now).isoformat()
        rows = read(self.request, OwnDeputies, query={"page_size": OTHERS, "ordering": "-from_date"})["results"]
        for row in rows:
            row["is_coming"] = row["from_date"] > today
            row["is_over"] = row["to_date"] is not None and row["to_date"] <= max(today, row["from_date"])
        colleagues = self._colleagues()
        told = {
            **self._question(colleagues).shown(self.request, known, refused),
            "rows": [row for row in rows if row["to_date"] != row["from_date"]],
            "colleagues": colleagues,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)

    def _colleagues(self) -> dict[str, str]:
        return {each["id"]: each["name"] for each in read(self.request, OwnDeputies, "colleagues")}

    def _question(self, colleagues: Mapping[str, str]) -> Question:
        schema = schemas.asked(
            ("deputy", "from_date", "to_date", "reason"),
            deputy=schemas.chosen(_("Who stands in"), colleagues),
            from_date=schemas.day_of(_("First day away")),
            to_date=schemas.day_of(_("First day back")),
            reason=schemas.text(_("Why"), 200, description=_("It becomes part of the history.")),
        )
        return Question(schema)


class OwnReturn(Page):
    """I am back earlier, or not away at all."""

    needs = ("own.deputy.write",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ended today; what has not begun is taken back."""
        today = timezone.localdate(self.now).isoformat()
        body = {"to_date": max(today, request.POST.get("from_date", ""))}
        try:
            command(request, OwnDeputies, "end", pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        else:
            messages.success(request, _("Noted: your work is yours alone again."))
        return redirect("web:own_days")


class ColleagueChoices(Choices):
    """Colleagues to choose from."""

    needs = ("deputy.write",)
    choosers = (ABSENT, DEPUTY)
