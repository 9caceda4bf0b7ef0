"""What people read when an answer does not fit its form: the engine gives codes, here are the sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TEXTS: Mapping[str, str | Promise] = {
    "required": _("This is needed."),
    "type": _("This is not the right kind of value."),
    "enum": _("Choose one of the given answers."),
    "const": _("Choose one of the given answers."),
    "oneOf": _("Choose one of the given answers."),
    "minLength": _("This is too short."),
    "maxLength": _("This is too long."),
    "too_long": _("This is too long."),
    "minimum": _("This is too small."),
    "maximum": _("This is too large."),
    "minItems": _("Choose at least one."),
    "maxItems": _("These are too many."),
    "uniqueItems": _("The same is named twice."),
    "pattern": _("This does not look right."),
    "format": _("This is not a valid date or time."),
    "additionalProperties": _("This field is not part of the form."),
    "too_deep": _("This is nested too deeply."),
    "nul": _("A character in this text is not allowed."),
}


def problem_text(code: str, params: Mapping[str, Any] | None = None) -> str | Promise:
    """The sentence for a code of the form check; unknown codes get a general one."""
    return TEXTS.get(code, _("This is not right."))
