"""What is corrected by hand on pages, as forms: one JSON Schema per kind of row, so that fields look as everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from backend.org import codes
from backend.web import forms

Schema = dict[str, Any]

WANTED_SEXES: Mapping[str, Any] = {"": _lazy("either is welcome"), "2": _lazy("a woman"), "1": _lazy("a man")}
"""Code (GB/T 2261.1) of the helper whom a family would rather have → what the page says."""


def text(title: str, longest: int, **more: Any) -> Schema:
    """A question for a text."""
    return {"type": "string", "title": title, "maxLength": longest, **more}


def coded(title: str, kind: str, day: date) -> Schema:
    """A question whose answer is a code of one of the office's lists."""
    return {"type": "string", "title": title, "oneOf": _entries(kind, day)}


def several(title: str, kind: str, day: date) -> Schema:
    """A question whose answers are codes."""
    return {"type": "array", "title": title, "items": {"type": "string", "oneOf": _entries(kind, day)}}


def chosen(title: str, offered: Mapping[str, Any]) -> Schema:
    """A question with these answers: value → text."""
    return {
        "type": "string",
        "title": title,
        "oneOf": [{"const": key, "title": str(said)} for key, said in offered.items()],
    }


def day_of(title: str) -> Schema:
    """A question for a day."""
    return {"type": "string", "format": "date", "title": title}


def asked(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """A form of these questions."""
    return {"type": "object", "properties": properties, "required": list(required)}


def family(today: date) -> Schema:
    """What of a family is corrected by hand (backend.api.families.FamilyChangeSerializer)."""
    keep = _("Leave it empty to keep the number on file.")
    return asked(
        ("label",),
        label=text(_("Head of the household"), 60),
        live_address=text(_("Lives at"), 120),
        hukou_address=text(_("Registered at"), 120),
        hukou_kind=coded(_("Kind of registration"), "hukou", today),
        residence=coded(_("Residence"), "residence", today),
        child_state=coded(_("Where the children are"), "child_state", today),
        emergency_contact=text(_("Emergency contact"), 60),
        emergency_phone=text(_("Emergency telephone"), 30, description=keep),
        needs=several(_("Needs"), "need", today),
        wanted_sex=chosen(_("Helper the family would rather have"), WANTED_SEXES),
        policies=text(_("Policies and benefits, one per line"), 400, of="lines"),
    )


def new_family(villages: Mapping[str, str], today: date) -> Schema:
    """A family with its head, as it is entered by hand."""
    return asked(
        ("unit", "number", "label"),
        label=text(_("Head of the household"), 60),
        unit=chosen(_("Village"), villages),
        number=text(_("Number in the village"), 40),
        live_address=text(_("Lives at"), 120),
        certificate=text(_("Identity number of the head"), 40) | {"x-sensitive": True},
        sex=coded(_("Sex"), "sex", today),
        birth_date=day_of(_("Date of birth")),
        phone=text(_("Telephone"), 30) | {"x-sensitive": True},
    )


def person(today: date, *, is_new: bool = False) -> Schema:
    """What of a person is entered or corrected by hand (backend.api.persons.PersonChangeSerializer)."""
    keep = "" if is_new else _("Leave it empty to keep what is on file.")
    return asked(
        ("name", "relation"),
        name=text(_("Name"), 60),
        relation=coded(_("Relation to the head"), "relation", today),
        certificate_kind=coded(_("Kind of certificate"), "certificate", today),
        certificate=text(_("Certificate number"), 40, description=keep) | {"x-sensitive": True},
        sex=coded(_("Sex"), "sex", today),
        birth_date=day_of(_("Date of birth")),
        ethnicity=coded(_("Ethnic group"), "ethnicity", today),
        marriage=coded(_("Marital status"), "marriage", today),
        phone=text(_("Telephone"), 30, description=keep) | {"x-sensitive": True},
        health=coded(_("Health"), "health", today) | {"x-sensitive": True, "description": keep},
        self_care=coded(_("Need of care"), "self_care", today) | {"x-sensitive": True},
        disability_kind=coded(_("Disability"), "disability", today) | {"x-sensitive": True},
        disability_grade=coded(_("Grade of disability"), "disability_grade", today) | {"x-sensitive": True},
    )


NUMBERS = frozenset({"self_care", "disability_grade"})
"""Codes that the API takes as numbers."""


def shown(schema: Schema, row: Mapping[str, Any], sealed: frozenset[str]) -> dict[str, Any]:
    """What the form holds at first: what is on file, but for what is never shown."""
    return {name: row.get(name) for name in schema["properties"] if name not in sealed}


def as_typed(schema: Schema, known: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the form's inputs hold them: a list of texts as lines, a number as its code."""
    held = dict(known)
    for name, inner in schema["properties"].items():
        value = held.get(name)
        if inner.get("of") == "lines" and isinstance(value, list):
            held[name] = "\n".join(value)
        elif name in NUMBERS and value is not None:
            held[name] = str(value)
    return held


def changes(schema: Schema, posted: QueryDict, sealed: frozenset[str]) -> dict[str, Any]:
    """What was sent, as the API takes it. An emptied field is sent empty; an empty sealed one not at all."""
    given = forms.answers(schema, posted)
    found: dict[str, Any] = {}
    for name, inner in schema["properties"].items():
        value = given.get(name)
        if value is None and name in sealed:
            continue
        if inner.get("of") == "lines":
            found[name] = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        elif inner["type"] == "array":
            found[name] = value or []
        elif name in NUMBERS or inner.get("format") == "date":
            found[name] = value
        else:
            found[name] = value or ""
    offered = {name: [each["const"] for each in inner.get("oneOf", [])] for name, inner in schema["properties"].items()}
    return {
        name: value
        for name, value in found.items()
        if value != "" or not offered[name] or ("" in offered[name] and name in posted)
    }


def differing(
    schema: Schema, row: Mapping[str, Any], given: Mapping[str, Any], sealed: frozenset[str]
) -> list[dict[str, str]]:
    """The fields where what is on file now is not what was typed: label, theirs, yours."""
    theirs, yours = as_typed(schema, shown(schema, row, sealed)), given
    return [
        {"label": inner["title"], "theirs": _told(inner, theirs.get(name)), "yours": _told(inner, yours.get(name))}
        for name, inner in schema["properties"].items()
        if name not in sealed and name in yours and _told(inner, theirs.get(name)) != _told(inner, yours.get(name))
    ]


def _told(inner: Schema, value: Any) -> str:
    """An answer in words."""
    offered = {each["const"]: each["title"] for each in inner.get("oneOf", inner.get("items", {}).get("oneOf", []))}
    values = value if isinstance(value, list) else [value]
    return ", ".join(str(offered.get(each, each)) for each in values if each not in {None, ""})


def _entries(kind: str, day: date) -> list[dict[str, str]]:
    return [{"const": code, "title": entry.name()} for code, entry in codes.choices(kind, day=day).items()]
