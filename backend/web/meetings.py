"""Meetings of the leading group: called, with agenda, results and resolutions; the tasks that follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.group import GroupMembers
from backend.api.meetings import AgendaItems, GroupTasks
from backend.api.meetings import Meetings as Resource
from backend.coordination.models import Meeting as Row
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page


class Meetings(Page):
    """The list, newest first."""

    needs = ("meeting.read",)
    template = "web/group/meetings.html"
    title = gettext_lazy("Meetings")

    def get(self, request: HttpRequest) -> HttpResponse:
        """As far as the reader's place allows."""
        found = read(request, Resource, query={"page_size": 50, "cursor": request.GET.get("cursor", "")})
        told = {"rows": found["results"], "next": cursor_of(found["next"])}
        return self.show({**told, "may_write": bool(granting(self.user, "meeting.write"))})


class NewMeeting(Page):
    """Plan a meeting."""

    needs = ("meeting.write",)
    template = "web/group/form.html"
    title = gettext_lazy("Plan a meeting")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the meeting, whose agenda has filled itself; or the form again."""
        given = forms.answers(self._schema(), request.POST)
        body = {**given, "office": str(granting(self.user, "meeting.write")[0].unit_id)}
        try:
            row = command(request, Resource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("Planned. What waits for a meeting is on its agenda."))
        return redirect("web:meeting", pk=row["id"])

    def _form(self, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "key": uuid4(), "refused": refused}
        return self.show({**told, "back": "web:meetings"}, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        return schemas.asked(
            ("kind", "title", "held_at"),
            kind=schemas.chosen(_("Kind of meeting"), dict(Row.Kind.choices)),
            title=schemas.text(_("Title"), 120),
            held_at={"type": "string", "format": "date-time", "title": _("When")},
            place=schemas.text(_("Where"), 120),
        )


class Meeting(Page):
    """Agenda, results, resolutions, minutes. Its office writes here until the minutes are handed in."""

    needs = ("meeting.read",)
    template = "web/group/meeting.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All of it."""
        return self.page(pk)

    def page(self, pk: UUID, refused: Refused | None = None, form: str = "", about: UUID | None = None) -> HttpResponse:
        """The page, with what was refused and, in the form that it was typed into, what had been typed: items,
        resolutions, or the result of an item."""
        row = read(self.request, Resource, "retrieve", pk=pk)
        told: dict[str, Any] = {"title": row["title"], "row": row, "refused": refused}
        told |= {f"typed_{form}": self.request.POST, "typed_about": str(about)}
        if granting(self.user, "meeting.write") and row["state"] in {Row.State.PLANNED, Row.State.CALLED}:
            members = read(self.request, GroupMembers, query={"ended": "false", "page_size": 200})["results"]
            told |= {"may_write": True, "members": [each["unit"] for each in members], "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)


class MeetingEntry(Meeting):
    """Something is added to a meeting: an item of the agenda, or a resolution."""

    needs = ("meeting.write",)
    FIELDS: Mapping[str, tuple[str, ...]] = {
        "items": ("text", "unit"),
        "resolutions": ("text", "unit", "due_on", "item"),
    }

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Back to the meeting, or the page with what was refused."""
        body = {name: request.POST[name] for name in self.FIELDS[verb] if request.POST.get(name, "").strip()}
        try:
            command(request, Resource, verb, pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self.page(pk, refused, verb)
        return redirect("web:meeting", pk=pk)


class AgendaResult(Meeting):
    """What came of an item of the agenda."""

    needs = ("meeting.write",)

    def post(self, request: HttpRequest, pk: UUID, item: UUID) -> HttpResponse:
        """Back to the meeting, or the page with what was refused."""
        try:
            command(request, AgendaItems, "settle", pk=item, body={"result": request.POST.get("result", "")})
        except Refused as refused:
            return self.page(pk, refused, "result", item)
        return redirect("web:meeting", pk=pk)


class MeetingTasks(Page):
    """Tasks by their days."""

    needs = ("group_task.read",)
    template = "web/group/tasks.html"
    title = gettext_lazy("Tasks of meetings")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Open ones, or all."""
        shown_all = request.GET.get("all") == "true"
        query = {"page_size": 100, "cursor": request.GET.get("cursor", ""), "open": "" if shown_all else "true"}
        found = read(request, GroupTasks, query=query)
        return self.show({"rows": found["results"], "next": cursor_of(found["next"]), "all": shown_all})


class MeetingTask(Page):
    """One task with its four evidences."""

    needs = ("group_task.read",)
    template = "web/group/task.html"
    title = gettext_lazy("Task of a meeting")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All of it."""
        return self.show({"row": read(request, GroupTasks, "retrieve", pk=pk)})
