"""Parameters: what rules go by, since when and by whose decision; never changed for days that have passed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.parameters import Parameters as ParametersResource
from backend.api.processes import Processes
from backend.org.access import granting
from backend.web import schemas
from backend.web.administration.section import Administered, Chooser, Question
from backend.web.administration.units import AREA
from backend.web.door import Refused, command, read
from backend.web.forms import Schema

MOST = 200
"""Rows of one parameter that are shown: a change a month for sixteen years."""


class Parameters(Administered):
    """All of them by the process whose rules read them, with what is in force and what is planned."""

    needs = ("parameter.write", "office.write", "event.system")
    tab = "web:parameters"
    template = "web/administration/parameters.html"
    title = gettext_lazy("Numbers and texts of the rules")

    def get(self, request: HttpRequest) -> HttpResponse:
        """For everywhere; what single areas set is counted."""
        rows = read(request, ParametersResource, query={"page_size": MOST})["results"]
        today = timezone.localdate(self.now).isoformat()
        defined = [
            each
            | {
                "coming": [row for row in rows if row["key"] == each["key"] and (row["from_date"] or "") > today],
                "areas": len({row["unit"]["id"] for row in rows
                              if row["key"] == each["key"] and row["unit"] and row["is_in_force"]}),
            }
            for each in definitions(request)
        ]  # fmt: skip
        return self.show({"groups": self._grouped(defined)})

    def _grouped(self, defined: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What concerns no process comes first: the offices and logging in."""
        names = {each["id"]: each["name"] for each in read(self.request, Processes)["results"]} if self._knows() else {}
        keys = sorted({each["process"] for each in defined})
        return [
            {
                "title": names.get(key, key) if key else _("Office and access"),
                "rows": [each for each in defined if each["process"] == key],
            }
            for key in keys
        ]

    def _knows(self) -> bool:
        return bool(granting(self.user, "process.read"))


class Parameter(Administered):
    """One: what it changes, what is in force where, what was and what comes."""

    needs = Parameters.needs
    tab = "web:parameters"
    template = "web/administration/parameter.html"

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The newest begin first."""
        asked = definition(request, key)
        found = read(request, ParametersResource, query={"key": key, "page_size": MOST, "ordering": "-from_date"})
        told = {"asked": asked, "title": asked["title"], "rows": [self._told(row, asked) for row in found["results"]]}
        return self.show(told)

    def _told(self, row: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
        """With `time` (now, future, past), and whether it can be ended."""
        today = timezone.localdate(self.now).isoformat()
        time = "now" if row["is_in_force"] else "future" if (row["from_date"] or "") > today else "past"
        is_over = bool(row["to_date"]) and row["to_date"] <= today
        return row | {
            "time": time,
            "may_end": asked["may_set"] and bool(row["from_date"]) and not is_over and self._is_own(row, asked),
        }

    def _is_own(self, row: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
        """Whether the area is one that the reader sets it for: an office its own."""
        if any(grant.role == asked["owner"] for grant in granting(self.user, "parameter.write")):
            return True
        return bool(row["unit"]) and row["unit"]["id"] in {str(unit) for unit in own_units(self)}


class SetParameter(Administered):
    """A new value from a day on, in a form made of the parameter's schema."""

    needs = ("parameter.write", "office.write")
    tab = "web:parameters"
    template = "web/administration/parameter_set.html"

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The form, filled with what is in force."""
        asked = self._asked(key)
        value, place = asked["value"], self._place(asked)
        known = dict(value) if isinstance(value, Mapping) else {"value": value}
        return self._form(asked, known | ({"unit": next(iter(place))} if isinstance(place, dict) else {}))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """To the parameter, or the form again."""
        asked = self._asked(key)
        given = self._question(asked).answers(request)
        if request.POST.get("unit_q", "").strip() and not given.get("unit"):
            return self._form(asked, given, unchosen())
        body: dict[str, Any] = {
            name: given[name] for name in ("from_date", "to_date", "unit", "source") if name in given
        }
        try:
            command(
                request,
                ParametersResource,
                "create",
                body={**body, "key": key, "value": self._value(asked, given)},
                key=request.POST.get("key", ""),
            )
        except Refused as refused:
            return self._form(asked, given, shorter(refused))
        messages.success(request, _("Saved: the value holds from that day on."))
        return redirect("web:parameter", key=key)

    def _asked(self, key: str) -> dict[str, Any]:
        asked = definition(self.request, key)
        if not asked["may_set"]:
            raise Http404
        return asked

    def _value(self, asked: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        schema = asked["schema"]
        if schema["type"] == "object":
            return {name: given[name] for name in schema["properties"] if name in given}
        empty: Mapping[str, Any] = {"string": "", "array": []}
        return given.get("value", empty.get(schema["type"]))

    def _question(self, asked: Mapping[str, Any]) -> Question:
        """The value's own questions, then where and from when, and by whose decision."""
        schema, place = asked["schema"], self._place(asked)
        of_value = schema["properties"] if schema["type"] == "object" else {"value": _titled(schema)}
        units = {"unit": schemas.chosen(_("For which office"), place)} if isinstance(place, dict) else {}
        form = schemas.asked(
            ("from_date", "source", *units, *_needed(schema)),
            **{name: _with_unit(inner) for name, inner in of_value.items()},
            **units,
            from_date=schemas.day_of(_("From (today at the earliest)")),
            to_date=schemas.day_of(_("Until (the first day without it); empty: until another value is set")),
            source=schemas.text(
                _("By which decision or document"), 200, description=_("It becomes part of the history.")
            ),
        )
        return Question(form, (place,) if isinstance(place, Chooser) else ())

    def _place(self, asked: Mapping[str, Any]) -> dict[str, str] | Chooser | None:
        """An office chooses among its own units; an administrator any unit, or none for everywhere."""
        if any(grant.role == asked["owner"] for grant in granting(self.user, "parameter.write")):
            return AREA if asked["owner"] == "sysadmin" else None
        return {str(unit): name for unit, name in own_units(self).items()}

    def _form(self, asked: dict[str, Any], known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        given = {"from_date": timezone.localdate(self.now).isoformat(), **known}
        told = {
            **self._question(asked).shown(self.request, given, refused),
            "asked": asked,
            "title": _("Set: %(title)s") % {"title": asked["title"]},
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


class EndParameter(Administered):
    """A value holds no longer than until a day."""

    needs = ("parameter.write", "office.write")
    tab = "web:parameters"
    template = "web/administration/parameter_set.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form."""
        return self._form(pk, {"to_date": timezone.localdate(self.now).isoformat()})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """To the parameter, or the form again."""
        given = self._question().answers(request)
        try:
            row = command(request, ParametersResource, "end", pk=pk, body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(pk, given, refused)
        messages.success(request, _("Saved: the value ends on that day."))
        return redirect("web:parameter", key=row["key"])

    def _question(self) -> Question:
        to_date = schemas.day_of(_("Until (the first day without it)"))
        why = schemas.text(_("Why"), 400, description=_("It becomes part of the history."))
        return Question(schemas.asked(("to_date", "reason"), to_date=to_date, reason=why))

    def _form(self, pk: UUID, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        row = read(self.request, ParametersResource, "retrieve", pk=pk)
        asked = definition(self.request, row["key"])
        told = {
            **self._question().shown(self.request, known, refused),
            "asked": asked,
            "row": row,
            "title": _("End: %(title)s") % {"title": asked["title"]},
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


def definitions(request: HttpRequest) -> list[dict[str, Any]]:
    """What parameters there are."""
    found: list[dict[str, Any]] = read(request, ParametersResource, "definitions")["results"]
    return found


def definition(request: HttpRequest, key: str) -> dict[str, Any]:
    """One of them. Raises Http404."""
    found = next((each for each in definitions(request) if each["key"] == key), None)
    if found is None:
        raise Http404
    return found


def own_units(page: Administered) -> dict[UUID, str]:
    """The units whose office the reader speaks for: id → name."""
    return {grant.unit_id: grant.unit_name for grant in granting(page.user, "office.write")}


def shorter(refused: Refused) -> Refused:
    """The same refusal with the places of its errors as the form names them: `/value/late_hours` is `late_hours`."""
    for error in refused.problem["errors"]:
        if error["pointer"].startswith("/value/"):
            error["pointer"] = error["pointer"].removeprefix("/value")
    return refused


def unchosen() -> Refused:
    """A place was typed and none chosen: nothing is set for everywhere by mistake."""
    said = _("Choose one of the units that were found, or empty the search to mean everywhere.")
    error = {"pointer": "/unit", "code": "required", "message": said}
    title = _("Some fields are not right.")
    return Refused({"status": 422, "code": "invalid", "title": title, "detail": "", "errors": [error]})


def _needed(schema: Schema) -> tuple[str, ...]:
    """What of the value must be answered: a text and a list may be empty."""
    if schema["type"] == "object":
        return tuple(schema["required"])
    return ("value",) if schema["type"] == "integer" or "oneOf" in schema else ()


def _titled(schema: Schema) -> Schema:
    """The value's own question: the page's heading says what it is about."""
    return {**schema, "title": _("New value")}


def _with_unit(schema: Schema) -> dict[str, Any]:
    """The question with its unit behind its title."""
    names = {"days": _("days"), "hours": _("hours"), "times": _("times"), "percent": "%"}
    unit = names.get(schema.get("x-unit", ""), "")
    return {**schema, "title": f"{schema['title']} ({unit})"} if unit else dict(schema)
