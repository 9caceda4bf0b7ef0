"""Answers that come in without a work item: they have to fit the same form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backend.core.errors import DomainError, FieldProblem, Invalid
from backend.org.access import granting
from workflows import store
from workflows.engine.forms import localise, validate
from workflows.messages import problem_text
from workflows.models import NotDeployed, Process

if TYPE_CHECKING:
    from backend.org.access import Viewer

VISITS = "care_visit"
WHOLE_RECORD = "village_visit"
"""The form of a visit's record that asks all that the helper's asks, and what only an office may (F07)."""


def visit_form(user: Viewer) -> str:
    """The form that this person records visits by: a helper is not asked what a family lives on (F07)."""
    return WHOLE_RECORD if granting(user, "visit.write") else "visit"


def check_form(process: str, form: str, answers: Mapping[str, Any], *, partial: bool = False) -> None:
    """Raises Invalid unless the answers fit the form of the newest version of a process; NotDeployed without one.

    `partial`: some fields of it only, as a correction brings them.
    """
    schema = _schema(process, form)
    if partial:
        schema = {name: value for name, value in schema.items() if name not in {"required", "allOf"}}
    problems = validate(schema, dict(answers))
    if problems:
        raise Invalid(
            [FieldProblem(each.pointer, each.code, problem_text(each.code, each.params)) for each in problems]
        )


def form_schema(process: str, form: str, language: str) -> dict[str, Any]:
    """A form of the newest version of a process, with labels in a language. Raises NotDeployed."""
    return localise(_schema(process, form), language)


def plain(process: str, form: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to what the form asks openly: none that it marks as sensitive, nor any that it does not know (any
    more); so none without the form. What history tells of answers, too (workflows.chronicle)."""
    try:
        fields = _schema(process, form)["properties"]
    except NotDeployed:
        return {}
    return {
        name: said for name, said in answers.items() if not fields.get(name, {"x-sensitive": True}).get("x-sensitive")
    }


def _schema(process: str, form: str) -> dict[str, Any]:
    schema = store.definition(Process.objects.newest(process)).forms.get(form)
    if schema is None:
        raise NotDeployed(params={"process": process})
    return dict(schema)


@contextmanager
def pointing(prefix: str) -> Iterator[None]:
    """Lets the pointers of a domain's error point into the request's body, where the answers are one of its fields."""
    try:
        yield
    except DomainError as error:
        error.problems = [replace(each, pointer=f"{prefix}{each.pointer}") for each in error.problems]
        raise
