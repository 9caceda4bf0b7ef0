"""For which unit a roster is, when nobody says it: the smallest region that holds all it names."""

from collections.abc import Iterable
from typing import BinaryIO

from backend.cases.models import Family
from backend.cases.rosters import reading
from backend.cases.rosters.kinds import kind_of
from backend.cases.rosters.values import region
from backend.org.models import Unit

_LEVELS = (9, 6, 4, 2)
"""Digits of a region's code that tell township, county, city and province."""


def place_of(kind: str, file: BinaryIO) -> Unit | None:
    """The smallest region with all villages of a families roster; for other rosters the only township with families.

    None when there is no such place. The file is read, and set back to its beginning.
    """
    columns = kind_of(kind).layout.columns
    village = next((place for place, column in enumerate(columns) if column.field == "village"), None)
    if village is None:
        return _only_township()
    spool = reading.read(iter(lambda: file.read(1 << 20), b""))
    file.seek(0)
    table = reading.find_table(spool, columns)
    position = next(position for position, place in table.places.items() if place == village)
    found = (region(cells[position]) for _, cells in table.rows() if position < len(cells))
    return smallest_region({str(value.value) for value in found if value.value and not value.problem})


def smallest_region(villages: Iterable[str]) -> Unit | None:
    """The smallest region on file that holds all these village codes; codes of unknown townships do not count."""
    towns = Unit.objects.filter(kind=Unit.Kind.TOWN, code__in={f"{code[:9]}000" for code in villages})
    codes = list(towns.values_list("code", flat=True))
    for digits in _LEVELS:
        if len(shared := {code[:digits] for code in codes}) == 1:
            return Unit.objects.filter(code=shared.pop().ljust(12, "0")).first()
    return None


def _only_township() -> Unit | None:
    codes = Family.objects.order_by().values_list("unit__code", flat=True).distinct()
    towns = {f"{code[:9]}000" for code in codes}
    return Unit.objects.filter(code=towns.pop()).first() if len(towns) == 1 else None
