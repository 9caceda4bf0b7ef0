"""The organisation tree: opened branch by branch, searched, and what is made and changed in it by hand."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.memberships import Memberships
from backend.api.units import Units as UnitsResource
from backend.org.access import granting
from backend.web import schemas
from backend.web.administration.section import Administered, Choices, Chooser, Question
from backend.web.door import Refused, command, cursor_of, read
from backend.web.families import Edit

BRANCH = 200
"""The most units that are shown under one: a county has some dozens of townships."""
KINDS = ("province", "city", "county", "town", "village", "department", "partner")
UNIT = Chooser("unit", gettext_lazy("Unit"), "web:unit_choices", UnitsResource)
AREA = Chooser("unit", gettext_lazy("Where (empty: everywhere)"), "web:unit_choices", UnitsResource, required=False)
PARENT = Chooser("parent", gettext_lazy("Under which unit"), "web:unit_choices", UnitsResource)


class Units(Administered):
    """The tree; or, searched or narrowed, a list."""

    tab = "web:units"
    template = "web/administration/units.html"
    title = gettext_lazy("Units")

    def get(self, request: HttpRequest) -> HttpResponse:
        """For htmx only what is found."""
        asked = {name: request.GET.get(name, "").strip() for name in ("q", "kind", "cursor")}
        is_searched = any(asked.values())
        query = {"page_size": 50, **asked} if is_searched else {"root": "true", "page_size": BRANCH}
        found: dict[str, Any] = {"results": [], "next": None}
        refused = None
        try:
            found = read(request, UnitsResource, query=query)
        except Refused as error:
            refused = error
        told = {
            "units": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "is_searched": is_searched,
            "kinds": KINDS,
            "refused": refused,
            "may_add": bool(granting(self.user, "unit.write")),
        }
        return self.show(told, template="web/administration/units_found.html" if self.htmx else None)


class UnitBranch(Administered):
    """What lies right under a unit (for htmx: a branch of the tree opens)."""

    template = "web/administration/branch.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """By code."""
        found = read(request, UnitsResource, query={"parent": pk, "page_size": BRANCH})
        return self.show({"units": found["results"], "parent": pk, "is_cut": bool(found["next"])})


class Unit(Administered):
    """One unit: where it lies, who works there, what lies under it."""

    tab = "web:units"
    template = "web/administration/unit.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """As of today, and who comes and came."""
        unit = read(request, UnitsResource, "retrieve", pk=pk)
        below = read(
            request, UnitsResource, query={"parent": pk, "page_size": 50, "cursor": request.GET.get("cursor", "")}
        )
        members = read(request, Memberships, query={"at": pk, "page_size": BRANCH, "ordering": "-from_date"})
        told = {
            "unit": unit,
            "title": unit["name"],
            "above": read(request, UnitsResource, query={"above": pk, "ordering": "code"})["results"],
            "below": below["results"],
            "next": cursor_of(below["next"]),
            "members": members["results"],
            "today": timezone.localdate(self.now).isoformat(),
            "may_change": bool(granting(self.user, "unit.write")),
        }
        return self.show(told)


class NewUnit(Administered):
    """A department or a partner unit. Regions come from the statistical code list, villages with rosters."""

    needs = ("unit.write",)
    tab = "web:units"
    template = "web/administration/form.html"
    title = gettext_lazy("Add a unit")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({"kind": "partner"})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the new unit, or the form again."""
        given = self._question().answers(request)
        try:
            made = command(request, UnitsResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("The unit has been added."))
        return redirect("web:unit", pk=made["id"])

    def _question(self) -> Question:
        kinds = {"partner": _("partner unit"), "department": _("department")}
        opaque = _("For a partner unit an opaque one: never a military designation.")
        schema = schemas.asked(
            ("kind", "code", "name"),
            kind=schemas.chosen(_("Kind"), kinds),
            code=schemas.text(_("Code"), 20, description=f"{_('Letters, digits and hyphens.')} {opaque}"),
            name=schemas.text(_("Name"), 120, description=opaque),
            sort=_sort_of_unit(timezone.localdate(self.now)),
        )
        return Question(schema, (PARENT,))

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {**self._question().shown(self.request, known, refused), "key": uuid4(), "back": "web:units"}
        return self.show(told, status=refused.status if refused else 200)


def _sort_of_unit(today: date) -> schemas.Schema:
    """What a partner unit is, or whose duty a department's work is: referrals find it by that."""
    partner = schemas.coded(_("Kind of partner unit"), "partner_kind", today)
    duties = schemas.coded("", "department", today)["oneOf"]
    known = {each["const"] for each in partner["oneOf"]}
    return {
        **partner,
        "title": _("Kind of partner unit, or the department's duty"),
        "oneOf": [*partner["oneOf"], *(each for each in duties if each["const"] not in known)],
    }


class EditUnit(Administered, Edit):
    """Name, kind and validity; code and place in the tree stay."""

    needs = ("unit.write",)
    tab = "web:units"
    template = "web/administration/edit.html"
    resource = UnitsResource

    def schema(self, row: dict[str, Any]) -> dict[str, Any]:
        """The questions; only a partner unit or department is of a kind."""
        today = timezone.localdate(self.now)
        sort = {"sort": _sort_of_unit(today)}
        return schemas.asked(
            ("name",),
            name=schemas.text(_("Name"), 120),
            **(sort if row["kind"] in {"partner", "department"} else {}),
            valid_from=schemas.day_of(_("Exists from")),
            valid_to=schemas.day_of(_("Until (the first day without it)")),
        )

    def back(self, row: dict[str, Any]) -> HttpResponse:
        """The unit."""
        return redirect("web:unit", pk=row["id"])

    def heading(self, row: dict[str, Any]) -> str:
        """By its name."""
        return _("Change %(name)s") % {"name": row["name"]}


class UnitChoices(Choices):
    """Units to choose from."""

    choosers = (UNIT, PARENT)
