"""The two rosters of the journey, as spreadsheets and as what a reader of them knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, islice
from pathlib import Path

from backend.cases.rosters import synthetic
from backend.cases.rosters.columns import FAMILIES, HELPERS, Column
from backend.cases.rosters.values import Cell

PLACE = synthetic.Place()
FAULTY = 3
"""Households that cannot go in as they stand."""
CHECKED_ON = date(2026, 1, 15)
"""When the background of nearly all helpers was checked."""


@dataclass(frozen=True)
class Member:
    """A person of a household, as the roster writes them."""

    name: str
    born: date


@dataclass(frozen=True)
class Household:
    """A household of the roster."""

    village: str
    number: str
    members: tuple[Member, ...]
    children: str
    """子女状况 as written; empty when nothing is."""
    categories: frozenset[str]

    @property
    def key(self) -> tuple[str, str]:
        """Village and household number: what the household is found by."""
        return self.village, self.number

    def ages(self, day: date) -> list[int]:
        """Full years of the members."""
        return [day.year - one.born.year - ((day.month, day.day) < (one.born.month, one.born.day))
                for one in self.members]  # fmt: skip

    def has_minor(self, day: date) -> bool:
        """Whether somebody under 18 lives there."""
        return any(age < 18 for age in self.ages(day))

    @property
    def is_special(self) -> bool:
        """Bereaved of the only child, or the only child is disabled."""
        return self.children in {"无存活", "残疾"} or bool(self.categories & {"失独", "伤残"})


@dataclass(frozen=True)
class Aide:
    """A helper of the roster."""

    number: str
    kind: str
    has_account: bool
    unit: str
    """Code of the partner unit, when one stands behind the helper."""
    trained: bool = True
    checked_on: date | None = CHECKED_ON
    insured_until: date = date(2028, 1, 1)
    places: int = 1


def families(count: int, *, twice: int, path: Path, seed: int = 20260302) -> list[Household]:
    """Write a roster of `count` good households, the last `twice` of them entered before by another village, and of
    FAULTY ones with an error each. Returns the good ones in their order."""
    sheet = synthetic.families(rows=count * 5, place=PLACE, seed=seed)
    lines = iter(sheet.lines)
    head = list(islice(lines, sheet.title_rows + 1))
    place = _places(FAMILIES)
    found = (
        list(rows) for _, rows in groupby(lines, key=lambda row: row[place["household"]] if len(row) > 9 else None)
    )
    once = list(islice(found, count - twice))
    again = [_entered_again(rows, place) for rows in once[:twice]]
    faulty = [_spoilt(rows, place) for rows in islice(found, FAULTY)]
    body = [row for rows in [*once, *again, *faulty] for row in rows]
    synthetic.write(synthetic.Sheet(FAMILIES, iter([*head, *body]), title_rows=sheet.title_rows), path)
    return [_household(rows, place) for rows in [*once, *again]]


def helpers(aides: Sequence[Aide], path: Path) -> None:
    """Write a roster of these helpers."""
    sheet = synthetic.helpers(rows=len(aides), place=PLACE, seed=7)
    synthetic.write(synthetic.Sheet(HELPERS, _as_lines(sheet, aides), title_rows=sheet.title_rows), path)


def _as_lines(sheet: synthetic.Sheet, aides: Sequence[Aide]) -> Iterator[list[Cell]]:
    lines, place = iter(sheet.lines), _places(HELPERS)
    yield from islice(lines, sheet.title_rows + 1)
    for aide, line in zip(aides, lines, strict=False):
        said: dict[str, Cell] = {
            "number": aide.number,
            "kind": aide.kind,
            "sex": line[place["sex"]],
            "partner_code": aide.unit or None,
            "partner_name": f"共建单位{aide.unit}" if aide.unit else None,
            "from_date": "2025-09-01",
            "to_date": None,
            "max_families": aide.places,
            "trained_on": "2025-09-10" if aide.trained else None,
            "insured_until": aide.insured_until.isoformat(),
            "checked_on": aide.checked_on.isoformat() if aide.checked_on else None,
            "languages": "普通话",
        }
        for name, value in said.items():
            line[place[name]] = value
        yield line


def _places(columns: Sequence[Column]) -> dict[str, int]:
    return {column.field: number for number, column in enumerate(columns)}


def _entered_again(rows: Sequence[Sequence[Cell]], place: dict[str, int]) -> list[list[Cell]]:
    """The same people as another village wrote them down, without their id numbers."""
    again = [list(row) for row in rows]
    for row in again:
        other = int(str(row[place["village"]])[9:]) % 200 % PLACE.villages
        row[place["village"]], row[place["village_name"]] = PLACE.village(other)
        row[place["household"]] = f"A{row[place['household']]}"
        row[place["certificate"]] = None
    return again


def _spoilt(rows: Sequence[Sequence[Cell]], place: dict[str, int]) -> list[list[Cell]]:
    """A household whose head has no name."""
    spoilt = [list(row) for row in rows]
    spoilt[0][place["name"]] = None
    return spoilt


def _household(rows: Sequence[Sequence[Cell]], place: dict[str, int]) -> Household:
    head = rows[0]
    declared = {str(row[place[f"category_{number}"]] or "") for row in rows for number in (1, 2, 3)}
    return Household(
        village=str(head[place["village"]]),
        number=str(head[place["household"]]),
        members=tuple(
            Member(str(row[place["name"]]), date.fromisoformat(str(row[place["birth_date"]]))) for row in rows
        ),
        children=str(head[place["child_state"]] or ""),
        categories=frozenset(declared - {""}),
    )
