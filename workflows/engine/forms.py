"""Forms: JSON Schema (2020-12) with labels in Chinese and English. Answers are checked, problems named by code.

A form is an object schema; every property has `title` and `title_en`, choices are `oneOf` with `const`, `title` and
`title_en`. Whoever shows a problem words it: here are only codes and numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError

MAX_DEPTH = 12
MAX_VALUES = 5_000  # values in one set of answers, nested ones counted
MAX_TEXT = 20_000  # characters of one text, whatever its schema allows
MAX_NUMBER = 10**15

Schema = Mapping[str, Any]

_LABELS = ("title", "description")


class FormRefused(Exception):
    """The file is not a form; `problems` are (JSON pointer, reason)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{pointer or '/'}: {reason}" for pointer, reason in problems))
        self.problems = problems


@dataclass(frozen=True)
class FieldProblem:
    """One thing wrong with one answer."""

    pointer: str  # JSON pointer into the answers; "" is the whole
    code: str  # the keyword of JSON Schema that is not met (required, maxLength, oneOf, …), or nul, bad_text, too_…
    params: Mapping[str, Any] = field(default_factory=dict)


_formats = FormatChecker(formats=())


@_formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    # Python also reads 20260301 and 2026-W09-1; people and other programs would not.
    return not isinstance(value, str) or (len(value) == 10 and bool(date.fromisoformat(value)))


@_formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or (len(value) >= 19 and datetime.fromisoformat(value).tzinfo is not None)


@_formats.checks("time", raises=ValueError)
def _is_time(value: object) -> bool:
    # A time of day, without an offset: people write what the clock on the wall says.
    return not isinstance(value, str) or (len(value) >= 5 and value[2] == ":" and time.fromisoformat(value) is not None)


@_formats.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or (len(value) == 36 and UUID(value) is not None)


FORMATS = frozenset(_formats.checkers)


def validate(schema: Schema, answers: object) -> list[FieldProblem]:
    """What is wrong with the answers, by place; empty when they fit the form. Never raises for any JSON value."""
    outside = list(_outside_limits(answers))
    if outside:
        return outside
    problems = {problem: None for error in _validator(_key(schema)).iter_errors(answers) for problem in _named(error)}
    return sorted((_problem(*item) for item in problems), key=lambda problem: (problem.pointer, problem.code))


def required_now(schema: Schema, answers: Mapping[str, Any]) -> frozenset[str]:
    """The fields that must be answered, given the answers so far: the form's own, and those an `if` of it asks for."""
    asked = set(schema.get("required", []))
    for rule in schema.get("allOf", []):
        if _validator(_key(rule.get("if", {}))).is_valid(dict(answers)):
            asked |= set(rule.get("then", {}).get("required", []))
        else:
            asked |= set(rule.get("else", {}).get("required", []))
    return frozenset(asked)


def choice_title(schema: Schema, name: str, value: object, language: str) -> str:
    """What a choice of a field is called in one language; the value itself when the form does not offer it."""
    return choices_of(schema.get("properties", {}).get(name, {}), language).get(str(value), str(value))


def shown_now(schema: Schema, answers: Mapping[str, Any]) -> frozenset[str]:
    """The fields to show, given the answers so far: all but those of rules (`x-shows`) that do not apply."""
    shown, conditional = set(schema.get("properties", {})), set()
    applying: set[str] = set()
    for rule in schema.get("allOf", []):
        names = set(rule.get("x-shows", []))
        conditional |= names
        if names and _validator(_key(rule.get("if", {}))).is_valid(dict(answers)):
            applying |= names
    return frozenset(shown - (conditional - applying))


def choices_of(field: Schema, language: str) -> dict[str, str]:
    """A field's choices, one or several: value as text → label in that language ("zh…", "en…")."""
    title = "title_en" if language.lower().startswith("en") else "title"
    offered = field.get("oneOf") or field.get("items", {}).get("oneOf", [])
    return {str(each["const"]): str(each.get(title) or each["title"]) for each in offered}


def localise(schema: Schema, language: str) -> dict[str, Any]:
    """The schema with labels in one language ("zh…", "en…"), without the `_en` twins. English falls back to Chinese."""
    english = language.lower().startswith("en")
    localised: dict[str, Any] = _localise(schema, english)
    return localised


def read_form(content: bytes) -> dict[str, Any]:
    """The schema in a form's file, checked to be one that can be shown in both languages. Raises FormRefused."""
    if problems := _problems(content):
        raise FormRefused(list(problems))
    schema: dict[str, Any] = json.loads(content)
    return schema


@lru_cache(maxsize=1024)
def _problems(content: bytes) -> tuple[tuple[str, str], ...]:
    """What keeps a file from being a form. Looked at once: a process brings the forms of all that it calls along."""
    try:
        schema = json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        return (("", f"not JSON: {error}"),)
    if not isinstance(schema, dict):
        return (("", "not an object"),)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return (("/" + "/".join(str(part) for part in error.path), error.message),)
    return tuple(_form_problems(schema))


# -- checking answers ---------------------------------------------------------------------------------------------


def _key(schema: Schema) -> str:
    return json.dumps(schema, sort_keys=True)


@lru_cache(maxsize=512)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema), format_checker=_formats)


def _pointer(path: tuple[object, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _outside_limits(answers: object) -> Iterator[FieldProblem]:
    """Bounds that hold for every form, checked without recursion: answers come from outside."""
    level: list[tuple[tuple[object, ...], object]] = [((), answers)]
    seen = 0
    for _ in range(MAX_DEPTH):
        below: list[tuple[tuple[object, ...], object]] = []
        for path, value in level:
            seen += 1
            if isinstance(value, str):
                yield from _text_problems(path, value)
            elif isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= MAX_NUMBER:
                yield FieldProblem(_pointer(path), "too_large", {"limit": MAX_NUMBER})
            elif isinstance(value, dict):
                below += [((*path, key), item) for key, item in value.items()]
                if any("\x00" in str(key) for key in value):
                    yield FieldProblem(_pointer(path), "nul")
            elif isinstance(value, list):
                below += [((*path, index), item) for index, item in enumerate(value)]
        if seen + len(below) > MAX_VALUES:
            yield FieldProblem("", "too_many", {"limit": MAX_VALUES})
            return
        level = below
    if level:
        yield FieldProblem("", "too_deep", {"limit": MAX_DEPTH})


def _text_problems(path: tuple[object, ...], value: str) -> Iterator[FieldProblem]:
    if "\x00" in value:  # PostgreSQL keeps no NUL in a text
        yield FieldProblem(_pointer(path), "nul")
    elif any("\ud800" <= character <= "\udfff" for character in value):
        yield FieldProblem(_pointer(path), "bad_text")
    if len(value) > MAX_TEXT:
        yield FieldProblem(_pointer(path), "too_long", {"limit": MAX_TEXT})


_Named = tuple[tuple[object, ...], str, object]


def _named(error: ValidationError) -> Iterator[_Named]:
    """The problems an error of the library stands for, each as (path, code, limit)."""
    path = tuple(error.absolute_path)
    keyword = str(error.validator)
    if keyword == "required":
        # The library gives one error per absent field but names the field in its sentence only.
        instance: Any = error.instance
        required: Any = error.validator_value
        yield from (((*path, name), keyword, None) for name in required if name not in instance)
    elif keyword == "additionalProperties":
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        present: Any = error.instance
        yield from (((*path, name), keyword, None) for name in present if name not in known)
    else:
        limit = error.validator_value if isinstance(error.validator_value, str | int | float) else None
        yield path, keyword, limit


def _problem(path: tuple[object, ...], code: str, limit: object) -> FieldProblem:
    return FieldProblem(_pointer(path), code, {} if limit is None else {"limit": limit})


# -- labels -------------------------------------------------------------------------------------------------------


def _localise(value: Any, english: bool) -> Any:
    if isinstance(value, list):
        return [_localise(item, english) for item in value]
    if not isinstance(value, Mapping):
        return value
    localised = {}
    for key, item in value.items():
        if key == "properties" and isinstance(item, Mapping):
            # A field may itself be called `title`.
            localised[key] = {name: _localise(inner, english) for name, inner in item.items()}
        elif key.endswith("_en") and key.removesuffix("_en") in _LABELS:
            if english:
                localised[key.removesuffix("_en")] = item
        elif not (english and key in _LABELS and value.get(f"{key}_en")):
            localised[key] = _localise(item, english) if key not in ("const", "default", "enum") else item
    return localised


# -- checking a form ----------------------------------------------------------------------------------------------


def _form_problems(schema: Schema) -> Iterator[tuple[str, str]]:
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        yield "", "a form is an object with properties"
        return
    yield from _labels("", schema)
    yield from _object_problems("", schema)
    for index, rule in enumerate(schema.get("allOf", [])):
        for name in rule.get("x-shows", []):
            if name not in schema["properties"]:
                yield f"/allOf/{index}/x-shows", f"shown field {name} is not a property"


def _object_problems(pointer: str, schema: Schema) -> Iterator[tuple[str, str]]:
    properties = schema.get("properties", {})
    if schema.get("additionalProperties") is not False:
        yield pointer, "additionalProperties must be false"
    for name in schema.get("required", []):
        if name not in properties:
            yield pointer, f"required field {name} is not a property"
    for name, inner in properties.items():
        yield from _field_problems(f"{pointer}/properties/{name}", inner, labelled=True)


def _field_problems(pointer: str, schema: Any, *, labelled: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(schema, dict):
        yield pointer, "a field is described by an object"
        return
    if labelled:
        yield from _labels(pointer, schema)
    choices = schema.get("oneOf", [])
    for index, choice in enumerate(choices):
        if not isinstance(choice, dict) or "const" not in choice:
            yield f"{pointer}/oneOf/{index}", "a choice needs const, title and title_en"
        else:
            yield from _labels(f"{pointer}/oneOf/{index}", choice)
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "string" in kinds and not choices and not {"maxLength", "enum", "const", "format"} & schema.keys():
        yield pointer, "a text needs maxLength"
    if "format" in schema and schema["format"] not in FORMATS:
        yield pointer, f"format {schema['format']} is not checked"
    if "object" in kinds:
        yield from _object_problems(pointer, schema)
    if "array" in kinds:
        yield from _field_problems(f"{pointer}/items", schema.get("items"), labelled=False)


def _labels(pointer: str, schema: Schema) -> Iterator[tuple[str, str]]:
    for label in ("title", "title_en"):
        if not isinstance(schema.get(label), str) or not schema[label].strip():
            yield pointer, f"{label} is missing"
