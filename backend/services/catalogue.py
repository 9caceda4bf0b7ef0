"""The catalogue: what can be given, to whom it may go, and what it contains. Shipped as data; rows are followed, not
changed, so that a plan keeps what it was made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from django.db.models import Q

from backend.services.models import Entry

FILE = Path(__file__).parent / "data" / "catalogue.json"
EVER = date(2000, 1, 1)


def load_catalogue(*, file: Path = FILE) -> int:
    """Add the shipped entries that are missing, in force everywhere since ever; an office's own rows stay as they are.
    Returns how many were added."""
    shipped = json.loads(file.read_text("utf-8"))
    known = set(Entry.objects.filter(path="", from_date=EVER).values_list("code", flat=True))
    fresh = [
        Entry(order=place, from_date=EVER, **entry)
        for place, entry in enumerate(shipped, start=1)
        if entry["code"] not in known
    ]
    Entry.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def in_force(*, path: str, day: date) -> dict[str, Entry]:
    """What can be given at that place on that day, by code and in its order: the narrowest area wins."""
    found: dict[str, Entry] = {}
    rows = Entry.objects.on(day).order_by("path", "from_date", "id")
    for entry in rows:
        if path.startswith(entry.path):
            found[entry.code] = entry
    return dict(sorted(found.items(), key=lambda pair: (pair[1].order, pair[0])))


def unpacked(entry: Entry, entries: Mapping[str, Entry]) -> list[tuple[Entry, int]]:
    """What is delivered one by one, with its quantity: a package's contents, else the entry itself."""
    if entry.kind != Entry.Kind.PACKAGE:
        return [(entry, entry.quantity)]
    inside = ((entries.get(str(part["entry"])), int(part["quantity"])) for part in entry.contents)
    return [(part, quantity) for part, quantity in inside if part is not None]


def holds_more_than_visits(needs: Iterable[str], *, is_special: bool, path: str, day: date) -> bool:
    """Whether there is something for the family that visits cannot give: a department's service for one of its needs,
    or for a special family a package (S7: each of them has a plan)."""
    wanted = Q(need__in=set(needs)) & ~Q(department="")
    if is_special:
        wanted |= Q(kind=Entry.Kind.PACKAGE)
    return any(path.startswith(area) for area in Entry.objects.on(day).filter(wanted).values_list("path", flat=True))
