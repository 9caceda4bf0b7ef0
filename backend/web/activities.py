"""Activities: what is planned and what came of it; the organiser's list of who comes, everybody else's counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.activities.models import Activity as Row
from backend.api.activities import Activities as ActivitiesResource
from backend.api.activities import SignUps
from backend.api.sites import Sites as SitesResource
from backend.org import codes
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

WORDS: dict[str, str | Promise] = {"state": gettext_lazy("State"), "kind": gettext_lazy("Kind")}
VERBS: Mapping[str, str | Promise] = {
    "cancel": gettext_lazy("Cancel the activity"),
    "merge": gettext_lazy("Hold it together with another"),
}
MOST = 200
"""Sites, other activities and people on a list that a page shows at once."""


class Activities(Page):
    """All that the reader's place allows, the latest first."""

    needs = ("activity.read",)
    template = "web/activities/list.html"
    title = gettext_lazy("Activities")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The activities found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "kind", "cursor")}
        refused = None
        try:
            found = read(request, ActivitiesResource, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        told |= {"words": WORDS, "states": Row.State.values}
        told["kinds"] = list(codes.choices("activity_kind", day=timezone.localdate(self.now)))
        told["may_propose"] = bool(granting(self.user, "activity.write"))
        return self.show(told, template="web/activities/found.html" if self.htmx else None)


class NewActivity(Page):
    """Propose an activity."""

    needs = ("activity.write",)
    template = "web/activities/form.html"
    title = gettext_lazy("Propose an activity")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the proposal, or the form again with everything typed."""
        given = forms.answers(self._schema(), request.POST)
        body = {"minors": False, "outdoors": False, **given}
        try:
            row = command(request, ActivitiesResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("Proposed. Somebody else decides."))
        return redirect("web:activity", pk=row["id"])

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "key": uuid4(), "refused": refused}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        day = timezone.localdate(self.now)
        units = {str(grant.unit_id): grant.unit_name for grant in granting(self.user, "activity.write")}
        sites = read(self.request, SitesResource, query={"page_size": MOST, "open": "true"})["results"]
        late = _("Only when it is later than the rule says.")
        return schemas.asked(
            ("title", "kind", "theme", "unit", "starts_at", "ends_at", "sign_up_until", "groups", "expected", "budget",
             "risk"),
            title=schemas.text(_("Title"), 80),
            kind=schemas.coded(_("Kind"), "activity_kind", day),
            theme=schemas.coded(_("Theme"), "activity_theme", day),
            occasion=schemas.coded(_("Marks the day"), "calendar_day", day),
            series=schemas.text(_("Series of lectures"), 80),
            part=_number(_("Which part of the series")),
            unit=schemas.chosen(_("Organised by"), units),
            groups=schemas.several(_("Intended for"), "activity_group", day),
            site=schemas.chosen(_("At the site"), {str(each["id"]): each["name"] for each in sites}),
            place=schemas.text(_("Elsewhere"), 120),
            starts_at=_moment(_("Begins")),
            ends_at=_moment(_("Ends")),
            sign_up_until=_moment(_("Sign-up until")),
            places=_number(_("Places"), _("Empty: everybody who comes.")),
            expected=_number(_("Persons expected at the same time")),
            budget={"type": "number", "title": _("Budget (yuan)"), "minimum": 0},
            minors={"type": "boolean", "title": _("Children take part")},
            outdoors={"type": "boolean", "title": _("Outdoors")},
            risk=schemas.text(_("What could go wrong, and what is done about it"), 600),
            speaker=schemas.text(_("Speaker"), 80),
            late_reason=schemas.text(_("Why so late"), 300, description=late),
        )  # fmt: skip


class Activity(Page):
    """One activity: the plan, the decision, who comes, what came of it."""

    needs = ("activity.read",)
    template = "web/activities/activity.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All of it."""
        return self.page(read(request, ActivitiesResource, "retrieve", pk=pk))

    def page(self, row: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        """The page, with what was refused."""
        told: dict[str, Any] = {"title": row["title"], "row": row, "refused": refused, "key": uuid4()}
        told["counts"] = read(self.request, ActivitiesResource, "counts", pk=row["id"])
        told["is_to_come"] = row["state"] in {"proposed", "returned", "published", "closed"} and self._ahead(row)
        told["may_write"] = bool(granting(self.user, "activity.write")) and told["is_to_come"]
        if self._organises(row):
            query = {"activity": row["id"], "page_size": MOST}
            told["sign_ups"] = read(self.request, SignUps, query=query)["results"]
            told["may_sign_up"] = row["state"] == "published" and told["is_to_come"]
            told["may_mark"] = row["state"] in {"published", "closed"} and not self._ahead(row)
            known = forms.answers(entry(), self.request.POST)
            told["fields"] = forms.fields(entry(), known, refused)
        return self.show(told, status=refused.status if refused else 200)

    def _ahead(self, row: Mapping[str, Any]) -> bool:
        return str(row["starts_at"]) > timezone.localtime(self.now).isoformat()

    def _organises(self, row: Mapping[str, Any]) -> bool:
        return any(str(grant.unit_id) == str(row["unit"]["id"]) for grant in granting(self.user, "sign_up.write"))


class NewSignUp(Activity):
    """Sign somebody up."""

    needs = ("sign_up.write",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """On the list, or the page again with everything typed."""
        body = {**forms.answers(entry(), request.POST), "activity": str(pk)}
        try:
            made = command(request, SignUps, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self.page(read(request, ActivitiesResource, "retrieve", pk=pk), refused)
        waits = made["state"] == "waiting"
        messages.success(request, _("On the waiting list.") if waits else _("Signed up: there is a place."))
        return redirect("web:activity", pk=pk)


class SignUpVerb(Page):
    """Take somebody off the list, or mark whether they came."""

    needs = ("sign_up.write",)

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Done, back to the activity."""
        bodies = {"withdraw": {}, "attended": {"attended": True}, "absent": {"attended": False}}
        if verb not in bodies:
            raise Http404
        row = read(request, SignUps, "retrieve", pk=pk)
        try:
            command(request, SignUps, "withdraw" if verb == "withdraw" else "mark", pk=pk, body=bodies[verb])
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        return redirect("web:activity", pk=row["activity"])


class ActivityVerb(Page):
    """Cancel it, or hold it together with another."""

    needs = ("activity.write",)
    template = "web/activities/form.html"

    def get(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """The form."""
        return self._form(pk, verb, {})

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Done, or the form again."""
        given = forms.answers(self._schema(pk, verb), request.POST)
        try:
            command(request, ActivitiesResource, verb, pk=pk, body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(pk, verb, given, refused)
        messages.success(request, _("Done: %(what)s.") % {"what": VERBS[verb]})
        return redirect("web:activity", pk=pk)

    def _form(self, pk: UUID, verb: str, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        fields = forms.fields(self._schema(pk, verb), known, refused)
        row = read(self.request, ActivitiesResource, "retrieve", pk=pk)
        told = {"fields": fields, "row": row, "title": VERBS[verb], "key": uuid4(), "refused": refused}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self, pk: UUID, verb: str) -> schemas.Schema:
        if verb not in VERBS:
            raise Http404
        reason = schemas.text(_("Why"), 400)
        if verb == "cancel":
            return schemas.asked(("reason",), reason=reason)
        query = {"state": "published", "page_size": MOST}
        others = read(self.request, ActivitiesResource, query=query)["results"]
        offered = {str(each["id"]): each["title"] for each in others if str(each["id"]) != str(pk)}
        return schemas.asked(("into", "reason"), into=schemas.chosen(_("Together with"), offered), reason=reason)


def entry() -> schemas.Schema:
    """Who signs up. A child's guardian is asked for always: whoever is a child is known only when it is said."""
    guardian = _("For a child only.")
    return schemas.asked(
        ("name",),
        name=schemas.text(_("Name"), 60),
        phone=schemas.text(_("Telephone"), 20),
        minor={"type": "boolean", "title": _("A child")},
        guardian=schemas.text(_("Guardian"), 60, description=guardian),
        guardian_consented_on=schemas.day_of(_("The guardian agreed on")) | {"description": guardian},
    )


def _number(title: str, described: str = "") -> schemas.Schema:
    return {"type": "integer", "title": title, "minimum": 1, "description": described}


def _moment(title: str) -> schemas.Schema:
    return {"type": "string", "format": "date-time", "title": title}
