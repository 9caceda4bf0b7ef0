"""What a proposal was worked out from, packed so that it can be worked out again, and compared row by row. Pure."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256
from typing import Any, TypeAlias
from uuid import UUID

from backend.helpers.scoring import Applicant, Place, Weights

Row: TypeAlias = dict[str, Any]
LEVEL = 1
"""Of packing: twice as fast as the usual one, a tenth larger."""


@dataclass(frozen=True)
class Change:
    """A row that differs between then and now. `fields` is empty for one that came or is gone."""

    kind: str
    """family or helper."""
    id: str
    what: str
    """changed, added or gone."""
    fields: tuple[str, ...] = ()


def rows(places: Iterable[Place], applicants: Iterable[Applicant]) -> dict[str, list[Row]]:
    """Inputs as plain values, in an order that depends on nothing but their ids."""
    told = {"families": [_plain(each) for each in places], "helpers": [_plain(one) for one in applicants]}
    return {kind: sorted(several, key=lambda row: str(row["id"])) for kind, several in told.items()}


def text(inputs: Mapping[str, Any]) -> bytes:
    """The same inputs give the same bytes."""
    return json.dumps(inputs, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(inputs: Mapping[str, Any]) -> bytes:
    """SHA-256 of inputs."""
    return sha256(text(inputs)).digest()


def packed(inputs: Mapping[str, Any]) -> bytes:
    """Inputs for keeping."""
    return zlib.compress(text(inputs), LEVEL)


def unpacked(kept: bytes) -> tuple[list[Place], list[Applicant]]:
    """The rows that were kept."""
    inputs = json.loads(zlib.decompress(kept))
    return [_place(row) for row in inputs["families"]], [_applicant(row) for row in inputs["helpers"]]


def changes(before: Mapping[str, Sequence[Row]], after: Mapping[str, Sequence[Row]]) -> list[Change]:
    """What differs, row by row and field by field."""
    found = []
    for kind, name in (("families", "family"), ("helpers", "helper")):
        old, new = ({row["id"]: row for row in each[kind]} for each in (before, after))
        found += [Change(name, key, "gone") for key in sorted(old.keys() - new.keys())]
        found += [Change(name, key, "added") for key in sorted(new.keys() - old.keys())]
        for key in sorted(old.keys() & new.keys()):
            differing = tuple(field for field in old[key] if old[key][field] != new[key].get(field))
            found += [Change(name, key, "changed", differing)] if differing else []
    return found


def _plain(row: Place | Applicant) -> Row:
    return {each.name: _value(getattr(row, each.name)) for each in fields(row)}


def _value(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(_value(each) for each in value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Weights):
        return value.as_json()
    return str(value) if isinstance(value, UUID | date) else value


def _place(row: Row) -> Place:
    kept = dict(row)
    for name in ("asked", "paired", "previous"):
        kept[name] = frozenset(UUID(each) for each in kept[name])
    for name in ("kinds", "other_categories", "full_seats", "languages", "needs", "addresses"):
        kept[name] = frozenset(kept[name])
    kept["certificates"] = frozenset(bytes.fromhex(each) for each in kept["certificates"])
    kept |= {"id": UUID(row["id"]), "day": date.fromisoformat(row["day"]), "weights": Weights.of(row["weights"])}
    return Place(**{**kept, "since": _day(row["since"])})


def _applicant(row: Row) -> Applicant:
    kept = dict(row)
    kept |= {"id": UUID(row["id"]), "languages": frozenset(row["languages"]), "skills": frozenset(row["skills"])}
    kept["certificate"] = bytes.fromhex(row["certificate"]) if row["certificate"] else None
    return Applicant(**{**kept, "from_date": _day(row["from_date"]), "to_date": _day(row["to_date"])})


def _day(told: str | None) -> date | None:
    return date.fromisoformat(told) if told else None
