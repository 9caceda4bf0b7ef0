"""What a form is opened with, and what several of them ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from backend.cases.models import Case
from backend.core.errors import NotFound
from workflows.steps.context import Context

Known: TypeAlias = Mapping[str, Mapping[str, Any]]
"""`values`: by field of the form; `facts`: by name."""
Ask: TypeAlias = Callable[[Context, Mapping[str, Any]], Known]
FormValues: TypeAlias = Mapping[tuple[str, str], Ask]
"""Process and step → what is known for its form."""


def case_of(context: Context) -> Case:
    """The case that the work is about. Raises NotFound."""
    if context.case is None:
        raise NotFound
    return context.case


def text(value: Any) -> str | None:
    """A day or moment as forms and facts carry it."""
    return value.isoformat() if value is not None else None
