"""The catalogue of services, cards and packages: what is offered, its versions, a new version from a day on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.service_plans import ServiceCatalogue
from backend.org.access import granting
from backend.services.models import Entry as Row
from backend.services.share import FIELDS
from backend.web import forms, schemas
from backend.web.door import Refused, command, read
from backend.web.pages import Page
from backend.web.templatetags.words import named

INSIDE = "inside_"
"""Before the code of a service in a package's form: how many of it are inside."""
CHANGEABLE = (
    "name_en", "printed_name", "need", "measure", "frequency", "quantity", "department", "days", "months", "shares",
)  # fmt: skip
NEEDED = frozenset({"code", "name", "name_en", "unit", "from_date", "source"})
MOST = 200


class Catalogue(Page):
    """What is offered at a place on a day."""

    needs = ("plan.read",)
    template = "web/catalogue/list.html"
    title = gettext_lazy("Catalogue")

    def get(self, request: HttpRequest) -> HttpResponse:
        """At the reader's own place, today or on another day; for htmx only the rows."""
        asked = {"kind": request.GET.get("kind", ""), "day": request.GET.get("day", "") or _today(self).isoformat()}
        told: dict[str, Any] = {"asked": asked, "kinds": Row.Kind.values}
        told["may_write"] = bool(granting(self.user, "catalogue.write"))
        refused = None
        try:
            rows = _offered(self, asked["day"])
        except Refused as error:
            rows, refused = [], error
        told |= {"refused": refused, "rows": [row for row in rows if asked["kind"] in {"", row["kind"]}]}
        return self.show(told, template="web/catalogue/found.html" if self.htmx else None)


class Entry(Page):
    """One entry: what it is now, and all its versions that matter at the reader's place."""

    needs = ("plan.read",)
    template = "web/catalogue/entry.html"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """The versions, the latest first."""
        return self._page(code)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """End one of them."""
        try:
            pk = UUID(request.POST.get("version", ""))
        except ValueError:
            raise Http404 from None
        body = {name: request.POST.get(name, "") for name in ("to_date", "reason")}
        try:
            command(request, ServiceCatalogue, "end", pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(code, refused)
        messages.success(request, _("It ends on that day."))
        return redirect("web:catalogue_entry", code=code)

    def _page(self, code: str, refused: Refused | None = None) -> HttpResponse:
        versions = _versions(self, code)
        for row in versions:
            row["may_end"] = row["to_date"] is None and bool(row["path"]) and self._sets(row["path"])
        offered = _offered(self, _today(self).isoformat())
        now = next((row for row in offered if row["code"] == code), None)
        told = {"title": (now or versions[0])["name"], "code": code, "row": now, "versions": versions, "key": uuid4()}
        told |= {"refused": refused, "typed": self.request.POST if refused else {}, "today": _today(self)}
        names = {row["code"]: row["name"] for row in offered}
        told["inside"] = [
            {"name": names.get(part["entry"], part["entry"]), "quantity": part["quantity"]}
            for part in (now or versions[0])["contents"]
        ]
        told["may_write"] = bool(granting(self.user, "catalogue.write"))
        return self.show(told, status=refused.status if refused else 200)

    def _sets(self, path: str) -> bool:
        return any(path.startswith(grant.path) for grant in granting(self.user, "catalogue.write"))


class NewEntry(Page):
    """Something that was not offered before."""

    needs = ("catalogue.write",)
    template = "web/catalogue/form.html"
    title = gettext_lazy("Add to the catalogue")

    def get(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """The form."""
        return self.form(self.before())

    def post(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """To the entry, or the form again with everything typed."""
        given = forms.answers(self.schema(), request.POST)
        contents = [
            {"entry": name.removeprefix(INSIDE), "quantity": number}
            for name, number in given.items()
            if name.startswith(INSIDE) and number
        ]
        asked = {name: value for name, value in given.items() if not name.startswith(INSIDE)}
        body = {**self.unasked(), **asked, **self.fixed(), "contents": contents}
        try:
            row = command(request, ServiceCatalogue, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self.form(given, refused)
        messages.success(request, _("Offered from that day on; plans made before keep what they were made of."))
        return redirect("web:catalogue_entry", code=row["code"])

    def form(self, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        """The questions, with what is known."""
        fields = forms.fields(self.schema(), known, refused)
        told = {"fields": fields, "key": uuid4(), "refused": refused, "row": self.fixed(), "kinds": Row.Kind.values}
        return self.show(told, status=refused.status if refused else 200)

    def before(self) -> dict[str, Any]:
        """What is filled in beforehand."""
        return {**self.begin(), "frequency": "once", "quantity": 1, "days": 20}

    def begin(self) -> dict[str, str]:
        """Today, at the reader's own place."""
        place = granting(self.user, "catalogue.write")[0].unit_id
        return {"from_date": _today(self).isoformat(), "unit": str(place)}

    def fixed(self) -> dict[str, Any]:
        """What cannot be changed: the kind that the address says, by default a service."""
        asked = self.request.GET.get("kind", "")
        return {"kind": asked if asked in Row.Kind.values else Row.Kind.ITEM.value}

    def unasked(self) -> dict[str, Any]:
        """What this kind of entry has without being asked for it."""
        return {"measure": "card"} if self.fixed()["kind"] == Row.Kind.CARD else {}

    def schema(self) -> schemas.Schema:
        """All that an office decides on; what is none of this kind's business is not asked."""
        day, places = _today(self), {str(each.unit_id): each.unit_name for each in granting(self.user, self.needs[0])}
        code = schemas.text(_("Code"), 40, description=_("Small letters, digits and _; never changes."))
        asked: dict[str, schemas.Schema] = {} if "code" in self.fixed() else {"code": code}
        asked |= {
            "name": schemas.text(_("Chinese name"), 80),
            "name_en": schemas.text(_("English name"), 80),
            "unit": schemas.chosen(_("Unit"), places),
            "from_date": schemas.day_of(_("From")),
            **self._particulars(day),
            "source": schemas.text(_("Decision or document"), 200, description=_("It becomes part of the history.")),
        }
        needed = [name for name in asked if name in NEEDED]
        return schemas.asked(tuple(needed), **asked)

    def _particulars(self, day: date) -> dict[str, schemas.Schema]:
        kind = self.fixed()["kind"]
        if kind == Row.Kind.ITEM:
            fields = [{"const": name, "title": named(name, "share_field")} for name in FIELDS]
            return {
                "need": schemas.coded(_("Meets the need"), "service_need", day),
                "measure": schemas.coded(_("Counted in"), "service_measure", day),
                "frequency": schemas.coded(_("How often"), "service_frequency", day),
                "quantity": _number(_("How much each time"), 1, 9999),
                "department": schemas.coded(_("Whose duty"), "department", day)
                | {"description": _("Empty: the office and the village.")},
                "days": _number(_("Given within (working days)"), 1, 250),
                "shares": {
                    "type": "array", "title": _("What the department has to know"),
                    "items": {"type": "string", "oneOf": fields},
                },
            }  # fmt: skip
        neutral = _("Never what kind of family has it.")
        printed = {"printed_name": schemas.text(_("Printed on it"), 80, description=neutral)}
        if kind == Row.Kind.CARD:
            return printed | {"months": _number(_("Valid for (months)"), 0, 120)}
        items = [row for row in _offered(self, day.isoformat()) if row["kind"] == Row.Kind.ITEM]
        return printed | {f"{INSIDE}{row['code']}": _number(row["name"], 0, 99) for row in items}


class NewVersion(NewEntry):
    """The same entry, set anew from a day on."""

    title = gettext_lazy("New version")

    def before(self) -> dict[str, Any]:
        """As it is now."""
        row = self._latest
        inside = {f"{INSIDE}{part['entry']}": part["quantity"] for part in row["contents"]}
        return {**self.begin(), "name": row["name_zh"], **{name: row[name] for name in CHANGEABLE}, **inside}

    def fixed(self) -> dict[str, Any]:
        """Code and kind stay."""
        row = self._latest
        return {"code": row["code"], "kind": row["kind"]}

    def unasked(self) -> dict[str, Any]:
        """What the form does not ask stays as well."""
        row, asked = self._latest, self.schema()["properties"]
        return {name: row[name] for name in CHANGEABLE if name not in asked}

    @cached_property
    def _latest(self) -> Mapping[str, Any]:
        code = self.kwargs["code"]
        offered = _offered(self, _today(self).isoformat())
        return next((row for row in offered if row["code"] == code), None) or _versions(self, code)[0]


def _offered(page: Page, day: str) -> list[dict[str, Any]]:
    """What is offered at the reader's own place on that day, in the catalogue's order. Raises Refused."""
    place = granting(page.user, "plan.read")[0].unit_id
    rows: list[dict[str, Any]] = read(page.request, ServiceCatalogue, "offered", query={"unit": place, "day": day})
    return rows


def _versions(page: Page, code: str) -> list[dict[str, Any]]:
    """All that are set under this code at, above and below the reader's place, the latest first. Raises Http404."""
    rows = read(page.request, ServiceCatalogue, query={"code": code, "page_size": MOST})["results"]
    if not rows:
        raise Http404
    return sorted(rows, key=lambda row: (row["from_date"], row["path"]), reverse=True)


def _today(page: Page) -> date:
    return timezone.localdate(page.now)


def _number(title: str, least: int, most: int) -> schemas.Schema:
    return {"type": "integer", "title": title, "minimum": least, "maximum": most}
