"""What a public list may show of somebody: table D19, and the one way from a row of the office to a line of the public.

Raw fields cannot be chosen: a caller hands over a NoticeRow, the table says which pattern holds, and only what this
module has made of it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache as forever
from pathlib import Path
from uuid import UUID

from django.conf import settings

from backend.org import codes, parameters
from backend.org.models import Unit
from backend.publicity import masks
from workflows.engine.decisions import Table, decide, read_table

KINDS = "notice_kind"
BOARD_RULES = "publicity.board"
GROWN_UP = 18


@dataclass(frozen=True)
class NoticeRow:
    """Somebody whom a list is about, as the office knows them. There is no field for a telephone, an address or an
    account, and none by which a birthday could be printed: nobody can choose one."""

    name: str
    village: Unit | None = None
    birth_date: date | None = None
    """Or `identity`: whoever's age is not known is not listed."""
    identity: str = ""
    """The id number."""
    school: str = ""
    amount: Decimal | None = None
    """In yuan."""
    consented: bool = False
    """Whether the person has agreed to the name being public; asked only where D19 says so."""
    is_body: bool = False
    """No person: a village, an enterprise."""
    family_id: UUID | None = None
    """Whose objection it would hold; never public."""
    case_id: UUID | None = None

    def is_minor(self, day: date) -> bool:
        """Whether younger than 18 that day, or of unknown age: then no list shows the person."""
        if self.is_body:
            return False
        days = [found for found in (self.birth_date, _birthday(self.identity)) if found is not None]
        return not days or any((day.year - born.year) - ((day.month, day.day) < (born.month, born.day)) < GROWN_UP
                               for born in days)  # fmt: skip


@dataclass(frozen=True)
class Mask:
    """What the table says of one row in one place."""

    listed: bool
    name: str
    identity: str
    locality: str
    amount: str
    decided_by: str


@dataclass(frozen=True)
class Shown:
    """A row as the public may read it."""

    name: str
    identity: str
    locality: str
    amount: Decimal | None


def mask_for(row: NoticeRow, *, kind: str, place: str, path: str, day: date) -> Mask:
    """What D19 says of the row on a list of this kind, in that place."""
    rules: Mapping[str, bool] = parameters.value(BOARD_RULES, path=path, day=day, default={})
    return _mask(
        kind, place, is_health(kind), row.is_minor(day), row.consented,
        bool(rules.get("full_name")), bool(rules.get("identity")),
    )  # fmt: skip


def shown(row: NoticeRow, mask: Mask, township: str) -> Shown:
    """The row through the mask. `township`: the name of the village's township."""
    village = row.village.name if row.village is not None else ""
    localities = {"village": village, "township": township, "school": row.school.strip()}
    return Shown(
        name=masks.NAMES[mask.name](row.name),
        identity=masks.IDENTITIES[mask.identity](row.identity),
        locality=localities.get(mask.locality, ""),
        amount=row.amount if mask.amount == "each" else None,
    )


def is_health(kind: str) -> bool:
    """Whether lists of this kind would tell about somebody's health: there never is one."""
    entry = codes.entries(KINDS).get(kind)
    return entry is None or bool(entry.data.get("health"))


def version() -> str:
    """The table's, for history."""
    return f"{_table().id}@{_table().version}"


@forever
def _mask(
    kind: str, place: str, health: bool, minor: bool, consent: bool, full_name: bool, identity: bool
) -> Mask:  # fmt: skip
    facts = {
        "list_kind": kind, "place": place, "health": health, "minor": minor, "consent": consent,
        "full_name_required": full_name, "identity_required": identity,
    }  # fmt: skip
    made = decide(_table(), facts)
    said = made.outputs
    return Mask(
        listed=said["listed"],
        name=said["name"],
        identity=said["identity"],
        locality=said["locality"],
        amount=said["amount"],
        decided_by=f"{made.table}/{made.rules[0]}@{made.version}",
    )


@forever
def _table() -> Table:
    return read_table((Path(settings.BPMN_FOLDER) / "publicity" / "masking.dmn").read_bytes())


def _birthday(identity: str) -> date | None:
    digits = masks.birthday_in(identity)
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if digits else None
    except ValueError:
        return None
