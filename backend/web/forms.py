"""A form's JSON Schema as fields that a template can show, and what a browser sends back as answers.

Nothing is checked here: `workflows.engine.forms` does, for pages and programs alike. A form is one flat object (see
bpmn/README.md), so that every field is one question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from backend.web.door import Refused
from workflows.engine.forms import required_now, shown_now

FEW_CHOICES = 7
"""Up to so many choices are shown side by side, more of them in a list that opens."""
LONG_TEXT = 120
"""Characters from which on a text gets several lines."""

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen."""

    value: str
    label: str
    chosen: bool
    note: str = ""


@dataclass(frozen=True)
class Field:
    """One question. `kind` names the template that shows it: web/fields/<kind>.html."""

    name: str
    kind: str
    label: str
    help: str
    value: str
    choices: list[Choice]
    required: bool
    shown: bool
    sensitive: bool
    errors: list[str]
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id of its input."""
        return f"answer-{self.name}"

    @property
    def described_by(self) -> str:
        """The ids of what explains it, for screen readers."""
        return " ".join([f"{self.id}-help", f"{self.id}-errors"] if self.help else [f"{self.id}-errors"])

    @property
    def is_wide(self) -> bool:
        """Whether it takes a line of its own."""
        return self.kind in {"radio", "checkboxes", "lines"}


def fields(
    schema: Schema,
    known: Mapping[str, Any],
    refused: Refused | None = None,
    offered: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
) -> list[Field]:
    """The questions of a form in its order, with what is known, and why an earlier attempt was refused.

    `offered`: by field that holds an id, the rows that can be chosen.
    """
    errors = refused.errors if refused else {}
    required, shown = required_now(schema, known), shown_now(schema, known)
    rows = offered or {}
    return [
        Field(
            name=name,
            kind=("checkboxes" if inner.get("type") == "array" else "radio") if name in rows else kind_of(inner),
            label=inner["title"],
            help=inner.get("description", ""),
            value=as_typed(inner, known.get(name)),
            choices=_rows(rows[name], known.get(name)) if name in rows else _choices(inner, known.get(name)),
            required=name in required,
            shown=name in shown,
            sensitive=bool(inner.get("x-sensitive")),
            errors=[text for key, texts in errors.items() if _concerns(key, name) for text in texts],
            limits={key: inner[key] for key in ("minimum", "maximum", "maxLength") if key in inner},
        )
        for name, inner in schema["properties"].items()
    ]


def begun(schema: Schema, typed: Mapping[str, Any] | None, known: Mapping[str, Any]) -> Mapping[str, Any]:
    """What somebody typed before; of the questions that were not asked then, what is known beforehand.

    An answer that asks for less (send the file back) takes nothing from who chooses another one later.
    """
    if typed is None:
        return known
    asked = shown_now(schema, typed)
    return {**{name: value for name, value in known.items() if name not in asked}, **typed}


def general_errors(schema: Schema, refused: Refused | None) -> list[str]:
    """What was refused and belongs to no field of the form."""
    if refused is None:
        return []
    loose = [
        text
        for key, texts in refused.errors.items()
        if not any(_concerns(key, name) for name in schema["properties"])
        for text in texts
    ]
    return loose or ([] if refused.errors else [refused.problem["detail"]])


def answers(schema: Schema, posted: QueryDict) -> dict[str, Any]:
    """What was sent, in the types of the form. What is empty or not asked for is left out; what cannot be read is
    passed on as it is."""
    read = {name: _answer(inner, posted, name) for name, inner in schema["properties"].items()}
    found = {name: value for name, value in read.items() if value is not None}
    asked = shown_now(schema, found)
    return {name: value for name, value in found.items() if name in asked}


def kind_of(inner: Schema) -> str:
    """How a question is asked: radio, select, checkboxes, number, date, moment, time, lines or text."""
    if inner.get("type") == "array":
        return "checkboxes"
    if inner.get("type") == "boolean":
        return "radio"
    if "oneOf" in inner:
        return "radio" if len(inner["oneOf"]) <= FEW_CHOICES else "select"
    if inner.get("type") in {"integer", "number"}:
        return "number"
    by_format = {"date": "date", "date-time": "moment", "time": "time"}.get(inner.get("format", ""))
    return by_format or ("lines" if inner.get("maxLength", 0) > LONG_TEXT else "text")


def as_typed(inner: Schema, value: Any) -> str:
    """A value as an input holds it: times in the local calendar."""
    if value is None or isinstance(value, list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind_of(inner) == "moment" and isinstance(value, str):
        moment = _moment(value)
        return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}" if moment and moment.tzinfo else value
    return str(value)


def _concerns(pointer: str, name: str) -> bool:
    return pointer in {f"answers/{name}", name} or pointer.startswith(f"answers/{name}/")


def _rows(offered: Sequence[Mapping[str, str]], value: Any) -> list[Choice]:
    chosen = value if isinstance(value, list) else [value]
    return [Choice(row["value"], row["label"], row["value"] in chosen, row["note"]) for row in offered]


def _choices(inner: Schema, value: Any) -> list[Choice]:
    if inner.get("type") == "boolean":
        return [Choice("true", gettext("yes"), value is True), Choice("false", gettext("no"), value is False)]
    offered = inner.get("items", inner).get("oneOf", [])
    chosen = value if isinstance(value, list) else [value]
    return [Choice(str(each["const"]), each["title"], each["const"] in chosen) for each in offered]


def _answer(inner: Schema, posted: QueryDict, name: str) -> Any:
    if inner.get("type") == "array":
        return posted.getlist(name) or None
    text = posted.get(name, "").strip()
    if not text:
        return None
    readers = {"boolean": _truth, "integer": _number, "number": _number}
    if (reader := readers.get(inner.get("type", ""))) is not None:
        return reader(text)
    return aware(text) if kind_of(inner) == "moment" else text


def aware(text: str) -> str:
    """What a browser's clock says, with the offset of the local calendar; anything else as it is."""
    moment = _moment(text)
    return timezone.make_aware(moment).isoformat() if moment and not moment.tzinfo else text


def _truth(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text, text)


def _number(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
