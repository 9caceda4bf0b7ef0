"""Names that diagrams call → functions: the only place where a process meets the domain."""

from collections.abc import Callable, Mapping
from typing import Any

from workflows.engine.runner import Step
from workflows.steps.context import Context

STEPS: Mapping[str, Step] = {}

FORM_VALUES: Mapping[tuple[str, str], Callable[[Context, Mapping[str, Any]], Mapping[str, Any]]] = {}
"""(process, node) → what the person sees when the item's form opens: `values` of fields and `facts` to decide by."""
