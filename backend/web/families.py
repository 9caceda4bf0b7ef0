"""Families: found before a new one is made, and everything on file about one, in tabs with addresses of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.cases import Cases
from backend.api.events import ABOUT
from backend.api.families import Families as FamiliesResource
from backend.api.pairings import Pairings
from backend.api.pauses import Pauses
from backend.api.persons import Persons
from backend.api.programmes import Programmes
from backend.api.subsidies import Entitlements
from backend.api.units import Units
from backend.api.visits import Visits
from backend.org import codes
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page
from backend.web.reminders import told
from backend.web.spells import axis

FILTERS = ("category", "risk_tier", "willingness", "status", "unit")
"""What the list is narrowed by beside the search text: names of the API's parameters."""
HEAD = "02"
"""GB/T 4761: the head of the household."""
OF_HEAD = frozenset({"certificate", "sex", "birth_date", "phone"})
"""What the form of a new family asks about its head."""
READERS = ("family.read", "own.family.read")


class Families(Page):
    """The list, and the one search box that comes before any new family."""

    needs = READERS
    template = "web/families/list.html"
    title = gettext_lazy("Families")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The families found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("q", *FILTERS, "cursor")}
        try:
            found = read(request, FamiliesResource, query={"page_size": 30, "ordering": "number", **asked})
        except Refused as refused:
            return self._rows(asked, {"results": [], "next": None}, refused)
        return self._rows(asked, found)

    def _rows(self, asked: dict[str, str], found: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {
            "families": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "is_narrowed": any(asked[name] for name in FILTERS),
            "may_enter": bool(granting(self.user, "family.write")),
            "refused": refused,
        }
        if self.htmx:
            return self.show(told, template="web/families/found.html")
        return self.show(told | {"choices": self._choices()})

    def _choices(self) -> dict[str, Any]:
        if not granting(self.user, "family.read"):
            return {}
        today = timezone.localdate(self.now)
        lists = {"category": "category", "risk_tier": "risk_tier", "willingness": "willingness"}
        return {name: codes.choices(kind, day=today) for name, kind in lists.items()} | {
            "villages": villages(self.request),
            "status": ("draft", "registered", "paused", "moved", "closed"),
        }


def villages(request: HttpRequest) -> list[dict[str, Any]]:
    """The villages where the reader works, by code; none for who reads no units."""
    try:
        found: list[dict[str, Any]] = read(request, Units, query={"kind": "village", "page_size": 200})["results"]
    except PermissionDenied:
        return []
    return found


@dataclass(frozen=True)
class Tab:
    """One tab of a family's page: what stands on it is read by `content`."""

    code: str
    label: str | Promise
    icon: str
    content: Callable[[Page, dict[str, Any]], dict[str, Any]]

    @property
    def template(self) -> str:
        """What shows it."""
        return f"web/families/{self.code}.html"


def _people(page: Page, family: dict[str, Any]) -> dict[str, Any]:
    persons = read(page.request, Persons, query={"family": family["id"], "page_size": 200})["results"]
    persons.sort(key=lambda person: (person["status"] != "present", not person["is_head"], person["birth_date"] or ""))
    return {"persons": [person | {"age": age(person["birth_date"], page)} for person in persons]}


def age(born: str | None, page: Page) -> int | None:
    """Full years today."""
    if not born:
        return None
    day, today = date.fromisoformat(born), timezone.localdate(page.now)
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def _needs(page: Page, family: dict[str, Any]) -> dict[str, Any]:
    return {}


def _benefits(page: Page, family: dict[str, Any]) -> dict[str, Any]:
    """What its people are entitled to, for who may see that; the newest first."""
    if not granting(page.user, "subsidy.read"):
        return {}
    found = read(page.request, Entitlements, query={"family": family["id"], "page_size": 50})
    return {"entitlements": found["results"], "sees_entitlements": True}


def _helpers(page: Page, family: dict[str, Any]) -> dict[str, Any]:
    query = {"family": family["id"], "page_size": 200, "ordering": "-from_date"}
    pairings = read(page.request, Pairings, query=query)["results"]
    today = timezone.localdate(page.now)
    return {"pairings": pairings, "axis": axis(pairings, today=today, whose="helper"), "today": today.isoformat()}


def _visits(page: Page, family: dict[str, Any]) -> dict[str, Any]:
    query = {"family": family["id"], "state": page.request.GET.get("state", ""), "ordering": "-due_at"}
    found = read(page.request, Visits, query={**query, "page_size": 50, "cursor": page.request.GET.get("cursor", "")})
    told = {"visits": found["results"], "next": cursor_of(found["next"]), "state": query["state"], "states": STATES}
    return told | {"pauses": pauses(page, family["id"])}


STATES = ("planned", "done", "not_met", "missed", "refused", "held", "cancelled")
"""States of visits, in the order in which people ask for them."""


def _documents(page: Page, family: dict[str, Any]) -> dict[str, Any]:
    return {"documents": read(page.request, FamiliesResource, "documents", pk=family["id"])}


def _history(page: Page, family: dict[str, Any]) -> dict[str, Any]:
    reminded = read(page.request, FamiliesResource, "reminders", pk=family["id"])
    return {**history(page, FamiliesResource, family["id"]), "rows": [told(row) for row in reminded]}


def history(page: Page, resource: Any, pk: str) -> dict[str, Any]:
    """One page of a history in sentences, narrowed as the address says."""
    about = page.request.GET.get("about", "")
    query = {"about": about, "cursor": page.request.GET.get("cursor", ""), "page_size": 50}
    found = read(page.request, resource, "history", pk=pk, query=query)
    return {"sentences": found["results"], "next": cursor_of(found["next"]), "about": about, "subjects": list(ABOUT)}


TABS = (
    Tab("people", gettext_lazy("People"), "people", _people),
    Tab("needs", gettext_lazy("Needs"), "clipboard-heart", _needs),
    Tab("helpers", gettext_lazy("Helpers"), "person-hearts", _helpers),
    Tab("visits", gettext_lazy("Visits"), "calendar-check", _visits),
    Tab("benefits", gettext_lazy("Benefits"), "cash-coin", _benefits),
    Tab("documents", gettext_lazy("Documents"), "file-earmark-text", _documents),
    Tab("history", gettext_lazy("History"), "clock-history", _history),
)


class Family(Page):
    """One family: a head with its cases, and a tab."""

    needs = READERS
    template = "web/families/family.html"

    def get(self, request: HttpRequest, pk: UUID, tab: str = "people") -> HttpResponse:
        """The tab of the address; a helper gets what a visit needs."""
        family = read(request, FamiliesResource, "retrieve", pk=pk)
        if "unit" not in family:
            return self.show({"family": family, "title": family["label"]}, template="web/families/own.html")
        chosen = next((each for each in TABS if each.code == tab), None)
        if chosen is None:
            raise Http404
        return self.show({**head(self, family), "tab": chosen, "tabs": TABS, **chosen.content(self, family)})


def pauses(page: Page, family: str, **more: str) -> list[dict[str, Any]]:
    """The family's pauses, the newest first; none for who reads no pauses."""
    if not granting(page.user, "pause.read"):
        return []
    query = {"family": family, "ordering": "-from_date", **more}
    found: list[dict[str, Any]] = read(page.request, Pauses, query=query)["results"]
    return found


def head(page: Page, family: dict[str, Any]) -> dict[str, Any]:
    """What stands above every tab: the family, its cases, what may be done, and programmes it could be helped in."""
    cases = read(page.request, Cases, query={"family": family["id"], "page_size": 50, "ordering": "-opened_at"})
    taken = {case["programme"]["code"] for case in cases["results"] if case["state"] in {"open", "paused"}}
    may_start = bool(granting(page.user, "case.start")) and family["status"] != "closed"
    offered = read(page.request, Programmes)["results"] if may_start else []
    return {
        "family": family,
        "title": family["label"],
        "cases": cases["results"],
        "programmes": [each for each in offered if each["code"] not in taken and in_force(each, page)],
        "pause": next(iter(pauses(page, family["id"], running="true")), None),
        "may_pause": bool(granting(page.user, "pause.write")) and family["status"] != "closed",
        "may_note_death": bool(granting(page.user, "death.write")),
        "may_edit": bool(granting(page.user, "family.write")),
        "may_reveal": bool(granting(page.user, "person.reveal") or granting(page.user, "access_ticket.write")),
        "may_ask_access": not granting(page.user, "person.reveal") and bool(granting(page.user, "access_ticket.write")),
        "may_read_health": bool(granting(page.user, "health.read")),
        "key": uuid4(),
    }


def in_force(programme: Mapping[str, Any], page: Page) -> bool:
    """Whether a case can be started in it today."""
    today = timezone.localdate(page.now).isoformat()
    begins, ends = programme["from_date"], programme["to_date"]
    return (begins is None or begins <= today) and (ends is None or ends > today)


class FamilySheet(Page):
    """The family on paper: masked, as it may lie on a desk."""

    needs = ("family.read",)
    template = "web/families/sheet.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """People, helpers, the coming visits."""
        family = read(request, FamiliesResource, "retrieve", pk=pk)
        query = {"family": family["id"], "state": "planned", "ordering": "due_at"}
        told = {**head(self, family), **_people(self, family), **_helpers(self, family)}
        return self.show(told | {"visits": read(request, Visits, query=query)["results"]})


class CameBack(Page):
    """A family that had moved away is back: its old file lives again."""

    needs = ("family.write",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Noted; a refusal is told on the family's page."""
        try:
            command(request, FamiliesResource, "came_back", pk=pk, key=request.POST.get("key", ""))
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
            return redirect("web:family", pk=pk)
        messages.success(request, _("The family is back. A case can be started or opened again."))
        return redirect("web:family", pk=pk)


class Unmerge(Page):
    """Two households that were made one are two again (E7)."""

    needs = ("family.write",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Undone; a refusal is told on the family's page."""
        body = {"reason": request.POST.get("reason", "").strip()}
        try:
            command(request, FamiliesResource, "unmerge", pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
            return redirect("web:family", pk=pk)
        messages.success(
            request, _("The household has its own file again. Cases that were closed can be opened again.")
        )
        return redirect("web:family", pk=pk)


class StartCase(Page):
    """A family begins to be helped in a programme."""

    needs = ("case.start",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """To the new case; a refusal is told on the family's page."""
        body = {"family": str(pk), "programme": request.POST.get("programme", "")}
        try:
            case = command(request, Cases, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
            return redirect("web:family", pk=pk)
        messages.success(request, _("Case %(number)s has been started.") % {"number": case["number"]})
        return redirect("web:case", pk=case["id"])


class Edit(Page):
    """A form over what is on file: only what was changed is sent, with the version that was read.

    When somebody else saved meanwhile, both values are shown, and saving again means to overwrite.
    """

    template = "web/families/edit.html"
    resource: Any
    sealed: frozenset[str] = frozenset()
    """Fields that are never shown: left empty they stay as they are."""

    def schema(self, row: dict[str, Any]) -> dict[str, Any]:
        """The questions."""
        raise NotImplementedError

    def back(self, row: dict[str, Any]) -> HttpResponse:
        """Where to go when it is saved."""
        raise NotImplementedError

    def heading(self, row: dict[str, Any]) -> str:
        """What the page is called."""
        raise NotImplementedError

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What is on file."""
        row = read(request, self.resource, "retrieve", pk=pk)
        return self._form(row, schemas.shown(self.schema(row), row, self.sealed))

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Saved, or the form again."""
        row = read(request, self.resource, "retrieve", pk=pk)
        schema = self.schema(row)
        given = schemas.changes(schema, request.POST, self.sealed)
        reason = request.POST.get("reason", "").strip()
        version = request.POST.get("version", "")
        try:
            command(
                request,
                self.resource,
                "partial_update",
                pk=pk,
                method="PATCH",
                body={**given, "reason": reason},
                version=int(version) if version.isdigit() else None,
                key=request.POST.get("key", ""),
            )
        except Refused as refused:
            return self._form(row, given, refused, reason)
        messages.success(request, _("Saved."))
        return self.back(row)

    def _form(
        self, row: dict[str, Any], known: dict[str, Any], refused: Refused | None = None, reason: str = ""
    ) -> HttpResponse:
        schema = self.schema(row)
        is_stale = refused is not None and refused.problem["code"] == "stale_version"
        known = schemas.as_typed(schema, known)
        told = {
            "row": row,
            "title": self.heading(row),
            "fields": forms.fields(schema, known, refused),
            "refused": refused,
            "both": schemas.differing(schema, row, known, self.sealed) if is_stale else [],
            "reason": reason,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


class EditFamily(Edit):
    """What of a family is corrected by hand."""

    needs = ("family.write",)
    resource = FamiliesResource
    sealed = frozenset({"emergency_phone"})

    def schema(self, row: dict[str, Any]) -> dict[str, Any]:
        """See schemas."""
        return schemas.family(timezone.localdate(self.now))

    def back(self, row: dict[str, Any]) -> HttpResponse:
        """The family."""
        return redirect("web:family", pk=row["id"])

    def heading(self, row: dict[str, Any]) -> str:
        """By its name."""
        return _("Correct the family of %(name)s") % {"name": row["label"]}


class EditPerson(Edit):
    """What of a person is corrected by hand."""

    needs = ("person.write",)
    resource = Persons
    sealed = frozenset({"certificate", "phone", "health"})

    def schema(self, row: dict[str, Any]) -> dict[str, Any]:
        """See schemas."""
        return schemas.person(timezone.localdate(self.now))

    def back(self, row: dict[str, Any]) -> HttpResponse:
        """The family's people."""
        return redirect("web:family", pk=row["family"]["id"])

    def heading(self, row: dict[str, Any]) -> str:
        """By the name."""
        return _("Correct %(name)s") % {"name": row["name"]}


IN_FULL = ("certificate", "phone", "health")
BY_TICKET = ("self_care", "disability_kind", "name", "birth_date")
"""What whoever works with the family sees anyway."""


class Reveal(Page):
    """One sensitive field in full, once, with a reason that history keeps."""

    needs = ("person.reveal", "access_ticket.write")
    template = "web/families/reveal.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Which field, and why."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The value: on this page, or in place of the form that asked by htmx."""
        body = {"field": request.POST.get("field", ""), "reason": request.POST.get("reason", "").strip()}
        try:
            revealed = command(request, Persons, "reveal", pk=pk, body=body)
        except Refused as refused:
            return self._page(pk, refused=refused, asked=body)
        return self._page(pk, revealed=revealed, asked=body)

    def _page(self, pk: UUID, **more: Any) -> HttpResponse:
        refused: Refused | None = more.get("refused")
        person = read(self.request, Persons, "retrieve", pk=pk)
        fields = (*IN_FULL, *(name for name in BY_TICKET if name in person["closed"]))
        told = {"person": person, "fields": fields, "title": _("See in full"), **more}
        template = "web/families/revealed.html" if self.htmx else self.template
        return self.show(told, template=template, status=refused.status if refused else 200)


class NewFamily(Page):
    """A family that no roster brought. Whoever may be it already is shown before anything is entered."""

    needs = ("family.write",)
    template = "web/families/new.html"
    title = gettext_lazy("Enter a new family")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; it is reached by a search only."""
        if not (label := request.GET.get("label", "").strip()):
            messages.info(request, _("To enter a new family, search for it first: it may be on file already."))
            return redirect("web:families")
        return self._form({"label": label[:60]})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Twins first; then the family with its head, both or none."""
        given = forms.answers(self._schema(), request.POST)
        if "sure" not in request.POST and (twins := self._twins(given)):
            return self._form(given, twins=twins)
        try:
            family = self._enter(given, request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("The family is on file."))
        return redirect("web:family", pk=family["id"])

    def _enter(self, given: dict[str, Any], key: str) -> dict[str, Any]:
        """Both in one transaction: a head who is on file elsewhere takes the family back with them."""
        of_family = {name: value for name, value in given.items() if name not in OF_HEAD}
        of_head = {name: value for name, value in given.items() if name in OF_HEAD}
        with transaction.atomic():
            family: dict[str, Any] = command(self.request, FamiliesResource, "create", body=of_family, key=key)
            head_of = {"family": family["id"], "relation": HEAD, "name": given.get("label", ""), **of_head}
            command(self.request, Persons, "create", body=head_of, key=f"{key}-head" if key else "")
        return family

    def _twins(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """Families found by the head's name, or by the address."""
        found: dict[str, dict[str, Any]] = {}
        for text in (given.get("label", ""), given.get("live_address", "")):
            if text:
                rows = read(self.request, FamiliesResource, query={"q": text[:60], "page_size": 10})["results"]
                found |= {row["id"]: row for row in rows}
        return list(found.values())

    def _schema(self) -> dict[str, Any]:
        places = {unit["id"]: unit["name"] for unit in villages(self.request)}
        return schemas.new_family(places, timezone.localdate(self.now))

    def _form(
        self, known: dict[str, Any], refused: Refused | None = None, twins: list[dict[str, Any]] | None = None
    ) -> HttpResponse:
        told = {
            "fields": forms.fields(self._schema(), known, refused),
            "refused": refused,
            "twins": twins or [],
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


class NewPerson(Page):
    """Somebody who belongs to the family as well."""

    needs = ("person.write",)
    template = "web/families/new_person.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form."""
        return self._form(pk, {})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """On file, or the form again: who is on file already is not entered twice."""
        schema = schemas.person(timezone.localdate(self.now), is_new=True)
        given = {name: value for name, value in schemas.changes(schema, request.POST, frozenset()).items() if value}
        try:
            command(request, Persons, "create", body={"family": str(pk), **given}, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(pk, given, refused)
        messages.success(request, _("Saved."))
        return redirect("web:family", pk=pk)

    def _form(self, pk: UUID, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        family = read(self.request, FamiliesResource, "retrieve", pk=pk)
        schema = schemas.person(timezone.localdate(self.now), is_new=True)
        told = {
            "family": family,
            "title": _("One more person in the family of %(name)s") % {"name": family["label"]},
            "fields": forms.fields(schema, known, refused),
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)
