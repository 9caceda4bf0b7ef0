"""The text that is sealed: canonical JSON of an event, its digest and the line of a seal. Standard library only.

Whoever has a dump of the tables can check the history with these few lines, without this system.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Set
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

# A resident identity number (GB 11643-1999: 18 characters; 15 digits before) standing alone in a text.
_IDENTITY_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9A-Za-z])")

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str)


def time_text(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds: 2026-03-02T01:00:00.000000Z. Raises ValueError without a time zone."""
    if at.tzinfo is None:
        raise ValueError("a time without zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def masked(text: str) -> str:
    """The text without resident identity numbers: of each the last four characters stay (domain.md 2g).

    What no database and no UTF-8 can hold (NUL, halves of surrogate pairs) becomes a question mark.
    """
    text = text.replace("\x00", "?").encode(errors="replace").decode()
    return _IDENTITY_NUMBER.sub(lambda found: "*" * (len(found[0]) - 4) + found[0][-4:], text)


def plain(value: Any) -> Any:
    """The value in JSON's own types, identity numbers masked. Raises TypeError for what has no plain form."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {masked(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, Set):
        return sorted((plain(inner) for inner in value), key=repr)
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"history takes plain data, not {type(value).__name__}")


def canonical(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys, without spaces, in Unicode, ids as text. Raises ValueError for NaN and infinities."""
    return _ENCODER.encode(content)


def digest(previous: bytes, seq: int, body: str) -> bytes:
    """SHA-256(previous || seq as 8 bytes, big endian || body in UTF-8): what the trigger computes as well."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + body.encode()).digest()
