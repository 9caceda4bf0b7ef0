"""The tree of regions: loaded from a file, grown by the villages that rosters name."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from backend.core import bulk
from backend.core.errors import DomainError
from backend.org.models import Unit

if TYPE_CHECKING:
    from typing import TypeAlias

    Stored: TypeAlias = tuple[UUID, str, str, str]

FILE = Path(__file__).parent / "data" / "regions.csv"
DEPTHS = {"province": 1, "city": 2, "county": 3, "town": 4, "village": 5}
_CUTS = ((0, 2), (2, 4), (4, 6), (6, 9), (9, 12))
ROWS = 5000


class UnknownTownship(DomainError):
    """A village's first nine digits are not those of a township that is known."""

    code = "unknown_village"
    message = _("The village code %(code)s belongs to no known township.")


def path_of(code: str, kind: str) -> str:
    """The path of a region: 120114122000, town → `12.01.14.122.`. Statistical codes: 2+2+2+3+3 digits (NBS)."""
    return "".join(f"{code[start:end]}." for start, end in _CUTS[: DEPTHS[kind]])


def path_under(parent: Unit, code: str) -> str:
    """The path of a department or partner unit: its parent's, then its own code. Raises ValueError for a dot in it."""
    if not code or "." in code:
        raise ValueError(f"{code!r} cannot be a part of a path")
    return f"{parent.path}{code.lower()}."


def load_regions(*, now: datetime, file: Path = FILE) -> tuple[int, int]:
    """Bring the tree up to the file (code, level, name, parent; parents first): how many were made and changed.

    Regions that the file no longer has stay: families may live there. So does what a merger moved (E16).
    """
    stored: dict[str, Stored] = {
        code: (id, name, kind, path)
        for id, code, name, kind, path in Unit.objects.values_list("id", "code", "name", "kind", "path")
    }
    elsewhere = set(Unit.objects.exclude(former_paths=[]).values_list("code", flat=True))
    made: list[Unit] = []
    changed: list[Unit] = []
    for unit in _units(file, now, {code: row[0] for code, row in stored.items()}):
        known = stored.get(unit.code)
        if known is None:
            made.append(unit)
        elif known[1:] != (unit.name, unit.kind, unit.path) and unit.code not in elsewhere:
            changed.append(unit)
    bulk.insert(made)
    Unit.objects.bulk_update(changed, ["name", "kind", "parent", "path"], batch_size=ROWS)
    if made:
        bulk.count(Unit)
    return len(made), len(changed)


def village(*, code: str, name: str, now: datetime) -> Unit:
    """The village with this 12-digit code, made under its township when it is new. Raises UnknownTownship."""
    found = Unit.objects.filter(code=code).first()
    if found is not None:
        return found
    town = Unit.objects.select_related("successor").filter(code=f"{code[:9]}000", kind=Unit.Kind.TOWN).first()
    if town is None or len(code) != 12 or not code.isdecimal():
        raise UnknownTownship(params={"code": code})
    merged = town.successor
    unit, _made = Unit.objects.get_or_create(
        code=code,
        defaults={
            "name": name or code,
            "kind": Unit.Kind.VILLAGE,
            "parent": merged or town,
            "path": path_under(merged, code) if merged else path_of(code, Unit.Kind.VILLAGE),
            "created_at": now,
        },
    )
    return unit


def township_codes() -> frozenset[str]:
    """The first nine digits of every township: what a village code in a roster must begin with."""
    return frozenset(code[:9] for code in Unit.objects.filter(kind=Unit.Kind.TOWN).values_list("code", flat=True))


def _units(file: Path, now: datetime, ids: dict[str, UUID]) -> Iterator[Unit]:
    """The file's rows as units; `ids` holds those already stored and is filled up on the way."""
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["code"] == row["parent"]:
                continue  # a stand-in: a city without counties (东莞, 中山, 儋州) or a county without townships
            values = {
                "code": row["code"],
                "name": row["name"],
                "kind": row["level"],
                "parent_id": ids[row["parent"]] if row["parent"] else None,
                "path": path_of(row["code"], row["level"]),
                "created_at": now,
            }
            unit = bulk.new(Unit, values)
            unit.id = ids.setdefault(unit.code, unit.id)
            yield unit
