"""Public notices at the desk: what is public, until when; the paper for the village board, objections, taking down."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.notices import Notices as NoticesResource
from backend.org.access import granting
from backend.publicity.models import Notice as Row
from backend.rights.models import Grievance
from backend.web import schemas
from backend.web.administration.section import Question
from backend.web.door import Refused, command, cursor_of, download, read
from backend.web.honours import HonourForm as AskingForm
from backend.web.pages import Page


class Notices(Page):
    """What was made public at the reader's place, the latest first."""

    needs = ("notice.read",)
    template = "web/notices/list.html"
    title = gettext_lazy("Public notices")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The notices found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "kind", "cursor")}
        refused = None
        try:
            found = read(request, NoticesResource, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        told |= {"states": Row.State.values, "today": timezone.localdate(self.now)}
        return self.show(told, template="web/notices/found.html" if self.htmx else None)


class Notice(Page):
    """One notice: both sheets word for word, and what can be done."""

    needs = ("notice.read",)
    template = "web/notices/notice.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All of it."""
        row = read(request, NoticesResource, "retrieve", pk=pk)
        today = timezone.localdate(self.now)
        is_up = row["state"] == Row.State.PUBLIC and row["until"] >= today.isoformat()
        told = {
            "title": row["title"],
            "row": row,
            "is_up": is_up,
            "may_take_down": is_up and bool(granting(self.user, "notice.take_down")),
            "may_object": is_up and bool(granting(self.user, "grievance.write")),
        }
        return self.show(told)


class NoticePaper(Page):
    """The sheet for the village board, as a file."""

    needs = ("notice.read",)

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The .docx, or back with the reason why there is none."""
        try:
            return download(request, NoticesResource, "board", pk=pk)
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
            return redirect("web:notice", pk=pk)


class TakeDownNotice(AskingForm):
    """Take a notice down before its time."""

    needs = ("notice.take_down",)
    title = gettext_lazy("Take down")
    intro = gettext_lazy("What is public is deleted at once and cannot be shown again. Its digest stays.")

    def question(self) -> Question:
        """Why."""
        return Question(schemas.asked(("reason",), reason=schemas.text(_("Why"), 400)))

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """Back to it."""
        command(self.request, NoticesResource, "take_down", pk=self.kwargs["pk"], body=given, key=key)
        messages.success(self.request, _("Taken down: nothing is public any more."))
        return redirect("web:notice", pk=self.kwargs["pk"])

    def back(self) -> str:
        """The notice."""
        return reverse("web:notice", args=[self.kwargs["pk"]])


class ObjectToNotice(AskingForm):
    """Write down what somebody objects to a line."""

    needs = ("grievance.write",)
    title = gettext_lazy("Take in an objection")
    intro = gettext_lazy(
        "Only the case of that line is held until somebody independent has looked into it. Nobody on the list learns "
        "who objected."
    )

    def question(self) -> Question:
        """Which line, what, who, and how to answer."""
        day, hidden = timezone.localdate(self.now), {"x-sensitive": True}
        return Question(
            schemas.asked(
                ("line", "text", "channel", "reply_by"),
                line={"type": "integer", "title": _("Number on the list"), "minimum": 1, "maximum": 32_000},
                text=schemas.text(_("What is objected"), 2000) | hidden,
                channel=schemas.coded(_("How it came in"), "grievance_channel", day),
                reply_by=schemas.chosen(_("How the person wants to be answered"), dict(Grievance.Reply.choices)),
                complainant=schemas.text(_("Who objects"), 60, description=_("Left empty: anonymous.")) | hidden,
                contact=schemas.text(_("How to reach the person"), 100) | hidden,
            )
        )

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """Back to the notice."""
        pk = self.kwargs["pk"]
        made = command(self.request, NoticesResource, "object_to", pk=pk, body=given, key=key)
        messages.success(self.request, _("Taken in under the number %(number)s.") % made)
        return redirect("web:notice", pk=pk)

    def back(self) -> str:
        """The notice."""
        return reverse("web:notice", args=[self.kwargs["pk"]])
