"""Requests and complaints: taken in at a desk or on a telephone, how far each has come, and what was answered."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from backend.api.answers import VISITS, WHOLE_RECORD, form_schema
from backend.api.cases import Cases
from backend.api.families import Families
from backend.api.grievances import LONGEST
from backend.api.grievances import Grievances as GrievancesResource
from backend.api.persons import Persons
from backend.api.users import Users
from backend.org.access import granting
from backend.rights.models import Grievance as Row
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page
from backend.web.visits import in_words

WORDS: dict[str, str | Promise] = {
    "kind": gettext_lazy("What it is"),
    "state": gettext_lazy("State"),
    "overdue": gettext_lazy("Overdue"),
}
MOST_PEOPLE = 200
FORMS = {"surveys": ("household_intake", "survey"), "visits": (VISITS, WHOLE_RECORD)}
"""Section of a copy → the form whose answers it holds."""
Kind, Target = Row.Kind, Row.Target
SUBJECTS: dict[str, tuple[str, str, str | Promise, str]] = {
    "helper": (Kind.COMPLAINT, Target.HELPER, gettext_lazy("A complaint about the helper"), "person-x"),
    "officer": (Kind.COMPLAINT, Target.OFFICER, gettext_lazy("A complaint about somebody who works here"), "building"),
    "decision": (Kind.COMPLAINT, Target.DECISION, gettext_lazy("A complaint about a decision"), "file-x"),
    "objection": (Kind.OBJECTION, Target.DECISION, gettext_lazy("An objection: hold the case"), "pause-circle"),
    "see": (Kind.SEE, Target.DATA, gettext_lazy("See what is kept"), "eye"),
    "copy": (Kind.COPY, Target.DATA, gettext_lazy("A copy of what is kept"), "files"),
    "correct": (Kind.CORRECT, Target.DATA, gettext_lazy("Correct what is kept"), "pencil"),
    "delete": (Kind.DELETE, Target.DATA, gettext_lazy("Delete what is kept"), "trash"),
    "withdraw": (Kind.WITHDRAW, Target.DATA, gettext_lazy("Withdraw a consent: at once"), "x-octagon"),
}
"""What somebody may come for: its code in the address → kind, target, words, icon."""


class Grievances(Page):
    """All that the reader's role and place allow, those that press first."""

    needs = ("grievance.read", "own.grievance.read")
    template = "web/grievances/list.html"
    title = gettext_lazy("Requests and complaints")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The requests found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("kind", "state", "overdue", "family", "cursor")}
        refused = None
        try:
            found = read(request, GrievancesResource, query={"page_size": 50, "ordering": "due_at", **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"grievances": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        told |= {"words": WORDS, "kinds": Row.Kind.values, "states": Row.State.values}
        told["may_take_in"] = bool(granting(self.user, "grievance.write"))
        return self.show(told, template="web/grievances/found.html" if self.htmx else None)


class Grievance(Page):
    """One of them: what was said, what was found, what was answered, and by when."""

    needs = ("grievance.read", "own.grievance.read")
    template = "web/grievances/grievance.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole of it."""
        row = read(request, GrievancesResource, "retrieve", pk=pk)
        may_notify = row["notice_by"] and not row["notified_on"] and not row["decided_at"]
        told = {"title": row["number"], "grievance": row, "may_read_family": bool(granting(self.user, "family.read"))}
        told |= {"may_notify": may_notify and bool(granting(self.user, "grievance.answer"))}
        told |= {"persons": self._persons(row)}
        told |= {"ways": [way for way in Row.Reply.values if way != Row.Reply.NONE], "key": uuid4()}
        return self.show(told | {"today": timezone.localdate(self.now).isoformat()})

    def _persons(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """Whose copy can be made here; nobody's when none is asked for."""
        asked = row["kind"] in {Kind.SEE, Kind.COPY} and row["state"] != Row.State.CLOSED
        if not asked or not granting(self.user, "grievance.copy"):
            return []
        found: list[dict[str, Any]] = read(self.request, Persons, query={"family": row["family"]["id"]})["results"]
        return found


class Copy(Page):
    """What is kept about one person, to print and hand over; it is made anew each time and kept nowhere."""

    needs = ("grievance.copy",)
    template = "web/grievances/copy.html"

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The copy; a refusal is told on the request's page."""
        row = read(request, GrievancesResource, "retrieve", pk=pk)
        try:
            made = command(request, GrievancesResource, "copy", pk=pk, body={"person": request.POST.get("person", "")})
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
            return redirect("web:grievance", pk=pk)
        language = get_language() or ""
        for kind, (process, form) in FORMS.items():
            schema = form_schema(process, form, language)
            for each in made[kind]:
                each["told"] = in_words(schema, each["answers"])
        return self.show({"title": _("What is kept about you"), "grievance": row, "copy": made})


class Notice(Page):
    """The person was told that somebody looks into it."""

    needs = ("grievance.answer",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Back to it; a refusal is told there."""
        body = {name: request.POST.get(name, "") for name in ("told_on", "way")}
        try:
            command(request, GrievancesResource, "notify", pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        else:
            messages.success(request, _("Saved."))
        return redirect("web:grievance", pk=pk)


class NewGrievance(Page):
    """What somebody says, written down: first about which family, then what it is, then the words."""

    needs = ("grievance.write",)
    template = "web/grievances/new.html"
    title = gettext_lazy("Take in a request or complaint")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The next question: the family, the subject, or the form."""
        if "family" not in request.GET:
            return self._search()
        if self._subject is None:
            return self.show({"family": self._family, "subjects": SUBJECTS})
        return self._form({"channel": "visit", "reply_by": Row.Reply.IN_PERSON.value})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To what was taken in, or the form again with everything typed."""
        if self._subject is None:
            raise Http404
        given = forms.answers(self._schema(), request.POST)
        kind, target, _label, _icon = SUBJECTS[self._subject]
        body = {**given, "family": self._family["id"], "kind": kind, "target": target}
        try:
            row = command(request, GrievancesResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        said = _("Taken in under %(number)s. Tell the person this number.") % {"number": row["number"]}
        messages.success(request, said)
        return redirect("web:grievance", pk=row["id"])

    @cached_property
    def _subject(self) -> str | None:
        """What the address says that it is."""
        asked = self.request.GET.get("subject", "")
        return asked if asked in SUBJECTS else None

    @cached_property
    def _family(self) -> dict[str, Any]:
        """The family of the address, as the reader may know it."""
        try:
            pk = UUID(self.request.GET.get("family", ""))
        except ValueError:
            raise Http404 from None
        found: dict[str, Any] = read(self.request, Families, "retrieve", pk=pk)
        return found

    def _search(self) -> HttpResponse:
        text = self.request.GET.get("q", "").strip()
        found = read(self.request, Families, query={"q": text, "page_size": 20})["results"] if text else []
        return self.show({"q": text, "families": found})

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        assert self._subject is not None
        fields = forms.fields(self._schema(), known, refused)
        subject = SUBJECTS[self._subject][2]
        told = {"family": self._family, "subject": subject, "fields": fields, "key": uuid4(), "refused": refused}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        assert self._subject is not None
        kind, target, _label, _icon = SUBJECTS[self._subject]
        day, is_right = timezone.localdate(self.now), target == Row.Target.DATA
        anonymous = "" if is_right else _("Left empty: anonymous. Nobody whom it is about learns the name.")
        ways = {key: said for key, said in Row.Reply.choices if key != Row.Reply.NONE or not is_right}
        asked = {
            **self._about(kind, target),
            "text": schemas.text(_("What was said"), LONGEST) | {"x-sensitive": True},
            "complainant": schemas.text(_("Who says it"), 60, description=anonymous) | {"x-sensitive": True},
            "contact": schemas.text(_("How to reach the person"), 200) | {"x-sensitive": True},
            "channel": schemas.coded(_("How it came in"), "grievance_channel", day),
            "reply_by": schemas.chosen(_("How the person wants to be answered"), ways),
        }
        needed = ["text", "channel", "reply_by"]
        if is_right:
            asked["identity"] = schemas.coded(_("How the identity was checked"), "grievance_identity", day)
            needed += ["complainant", "identity"]
        needed += [name for name in ("purpose", "case") if name in asked]
        return schemas.asked(tuple(needed), **asked)

    def _about(self, kind: str, target: str) -> dict[str, schemas.Schema]:
        """What only this subject asks."""
        if kind == Row.Kind.WITHDRAW:
            return {"purpose": schemas.chosen(_("Consent to"), dict(Row.Purpose.choices))}
        if kind == Row.Kind.OBJECTION:
            cases = read(self.request, Cases, query={"family": self._family["id"], "page_size": 20})["results"]
            return {"case": schemas.chosen(_("Case"), {str(case["id"]): case["number"] for case in cases})}
        if target not in {Row.Target.HELPER, Row.Target.OFFICER}:
            return {}
        asked: dict[str, schemas.Schema] = {
            "danger": {"type": "boolean", "title": _("Violence or abuse")},
            "minor": {"type": "boolean", "title": _("A child is concerned")},
        }
        if target == Row.Target.OFFICER and granting(self.user, "user.read"):
            people = read(self.request, Users, query={"page_size": MOST_PEOPLE})["results"]
            named = {str(each["id"]): each["name"] for each in people}
            about = _("Whoever it is sees nothing of it.")
            asked = {"officer": schemas.chosen(_("Who it is about"), named) | {"description": about}} | asked
        return asked
