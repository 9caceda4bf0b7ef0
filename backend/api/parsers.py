"""JSON as a client sends it, with bounds: nothing that a column or an answer could not hold gets further than here."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEPTH = 40
"""Levels of lists and objects; the deepest form has six."""
NODES = 50_000
"""Values in one body: a bulk command names 200 ids, a process is deployed with some dozens of files."""
LONGEST_INTEGER = 2**63 - 1


class BoundedJSONParser(JSONParser):
    """Refuses what would otherwise fail later as an error of ours: too deep nesting, NUL characters, halves of
    surrogate pairs (neither can be stored by PostgreSQL), numbers beyond 64 bits, infinities."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The parsed body. Raises ParseError."""
        try:
            body = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        check(body)
        return body


def check(body: Any) -> None:
    """Raises ParseError when a value is not storable or the whole is too large. Iterative: depth costs no stack."""
    waiting: list[tuple[Any, int]] = [(body, 1)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > DEPTH or seen > NODES:
            raise ParseError(_("The JSON is nested too deeply or has too many values."))
        if isinstance(value, dict):
            waiting += [(inner, depth + 1) for inner in value.values()]
            for name in value:
                _check_text(name)
        elif isinstance(value, list):
            waiting += [(inner, depth + 1) for inner in value]
        else:
            _check_scalar(value)


def _check_scalar(value: Any) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ParseError(_("Numbers must be finite."))
    elif isinstance(value, int) and abs(value) > LONGEST_INTEGER:
        raise ParseError(_("A number is too large."))


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ParseError(_("Texts must not contain NUL characters."))
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ParseError(_("A text is not valid Unicode.")) from None


def loads(text: str) -> Any:
    """JSON text from elsewhere (a form field, a cursor) under the same bounds. Raises ParseError."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise ParseError(_("This is not valid JSON.")) from None
    check(body)
    return body
