"""The county of the year: townships and their villages, the people of every office, the two rosters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from backend.administration.memberships import grant_membership
from backend.administration.users import create_user
from backend.cases.programmes import load_programmes
from backend.cases.rosters import services as rosters
from backend.cases.rosters import synthetic
from backend.cases.rosters.columns import FAMILIES, HELPERS, Column
from backend.cases.rosters.values import Cell
from backend.helpers import register
from backend.helpers.kinds import load_kinds
from backend.helpers.models import Helper
from backend.org.access import SYSTEM, Actor, actor_of
from backend.org.codes import load_codes
from backend.org.models import Unit, User
from backend.org.parameters import load_parameters, set_parameter
from backend.services.catalogue import load_catalogue
from backend.subsidies.shipped import load_standards
from tests import factories
from workflows import deployment

COUNTY = "990101000000"
PER_TOWN = 12
"""Villages of a township."""
PER_VILLAGE = 60
"""Families of a village, on average."""
SINCE = date(2024, 1, 1)
MORNING = time(8)
OFFICES: Mapping[str, tuple[str, int]] = {
    "county": ("county", 2),
    "finance": ("county", 3),
    "auditor": ("county", 2),
    "dpo": ("county", 1),
    "caseworker": ("town", 2),
    "supervisor": ("town", 2),
    "leading_group": ("town", 1),
    "head": ("town", 1),
    "village": ("village", 1),
    "committee": ("village", 2),
}
"""Role → kind of unit at which it works, and how many people do there."""


@dataclass(frozen=True)
class Intake:
    """A class of soldiers: their numbers' first letter, when their service begins, and its known end."""

    prefix: str
    share: float
    """Soldiers for each family."""
    from_date: date
    to_date: date | None


SOLDIERS: Mapping[str, Intake] = {
    "spring": Intake("BC", 0.12, date(2024, 3, 1), None),
    "autumn": Intake("BQ", 0.12, date(2024, 9, 20), date(2026, 9, 16)),
    "spring_new": Intake("BX", 0.12, date(2026, 2, 1), date(2028, 2, 1)),
    "autumn_new": Intake("BY", 0.12, date(2026, 7, 1), date(2028, 7, 1)),
}
"""Who is discharged in spring (told in February, when the day is known), and in autumn (known from the beginning)."""
VOLUNTEERS, NEIGHBOURS = 0.3, 0.06
"""Of other helpers, for each family."""


def ground(now: datetime) -> None:
    """What every installation has before anybody works there."""
    load_codes()
    load_parameters()
    load_kinds()
    load_programmes()
    load_catalogue()
    load_standards()
    set_parameter(key="subsidy.owed_every", value="month", from_date=SINCE, source="tests.year")
    deployment.deploy_folder(settings.BPMN_FOLDER, actor=SYSTEM, now=now)


def county(families: int) -> list[Unit]:
    """The townships for so many families; villages come with the roster."""
    factories.region(COUNTY, "平安县")
    count = max(1, round(families / PER_TOWN / PER_VILLAGE))
    return [factories.region(f"{COUNTY[:6]}{number:03d}000", f"{number}号镇") for number in range(1, count + 1)]


def staff(now: datetime) -> None:
    """Accounts for every unit that is there, each person in one role."""
    kinds = {kind for kind, _count in OFFICES.values()} | {"partner"}
    for unit in Unit.objects.filter(kind__in=kinds, path__startswith="99.").order_by("path"):
        for role, (kind, count) in OFFICES.items():
            if kind == unit.kind:
                for number in range(1, count + 1):
                    hire(role, unit, f"{role}{unit.code}-{number}", now)
        if unit.kind == "partner":
            hire("liaison", unit, f"liaison-{unit.code.lower()}", now)


def hire(role: str, unit: Unit, username: str, now: datetime) -> User:
    """An account with a role at a unit; the same again is the same person."""
    known = User.objects.filter(username=username).first()
    if known is not None:
        return known
    made = create_user(
        username=username, name=f"{unit.name}{role}", password=None, must_change_password=False, actor=SYSTEM, now=now
    )
    grant_membership(user=made, role=role, unit=unit, from_date=SINCE, actor=SYSTEM, now=now)
    return made


def officer(role: str, unit: Unit) -> Actor:
    """The first person in this role at the unit, as history tells it."""
    return actor_of(User.objects.get(username=f"{role}{unit.code}-1"))


# --- rosters ----------------------------------------------------------------------------------------------------------


def import_families(count: int, towns: Sequence[Unit], day: date, now: datetime) -> None:
    """So many households, by the functions that an upload uses; villages are made by their codes."""
    villages = max(1, min(PER_TOWN * len(towns), count // 5 or 1))
    place = synthetic.Place(name="平安", villages=villages)  # whose area is one that identity numbers know
    sheet = synthetic.families(rows=count * 6, place=place, today=day, seed=20260101, titles=False)
    sheet.lines = _households(sheet.lines, count, towns)
    _import("families", sheet, officer("caseworker", towns[0]), towns[0].parent or towns[0], now)


def _households(lines: Iterator[list[Cell]], count: int, towns: Sequence[Unit]) -> Iterator[list[Cell]]:
    """The head of the table and the first households, spread over all townships."""
    at = _places(FAMILIES)
    yield next(lines)
    seen: set[Cell] = set()
    for row in lines:
        seen.add(row[at["household"]])
        if len(seen) > count:
            return
        number = int(str(row[at["village"]])[9:]) - 201
        town = towns[number % len(towns)]
        row[at["village"]] = f"{town.code[:9]}{201 + number // len(towns)}"
        yield row


def import_helpers(families: int, towns: Sequence[Unit], day: date, now: datetime) -> None:
    """Volunteers, neighbours, and the soldiers of both classes that are in service on that day."""
    for town in towns:
        size = families / len(towns)
        rows = [*_civilians(town, size), *_soldiers(town, size, "spring"), *_soldiers(town, size, "autumn")]
        _import_helpers(town, rows, day, now)


def import_soldiers(families: int, towns: Sequence[Unit], which: str, day: date, now: datetime) -> None:
    """A new class of soldiers, after the old one has gone."""
    for town in towns:
        _import_helpers(town, _soldiers(town, families / len(towns), which), day, now)


def _civilians(town: Unit, families: float) -> list[dict[str, Cell]]:
    volunteers: list[dict[str, Cell]] = [
        {"number": f"ZY{town.code[6:9]}{number:04d}", "kind": "志愿者", "from_date": "2025-01-05", "max_families": 3}
        for number in range(1, 3 + round(families * VOLUNTEERS))
    ]
    neighbours: list[dict[str, Cell]] = [
        {"number": f"CJ{town.code[6:9]}{number:04d}", "kind": "结邻里亲", "from_date": "2025-01-05", "max_families": 2}
        for number in range(1, 1 + round(families * NEIGHBOURS))
    ]
    return [*volunteers, *neighbours]


def _soldiers(town: Unit, families: float, which: str) -> list[dict[str, Cell]]:
    chosen = SOLDIERS[which]
    return [
        {
            "number": f"{chosen.prefix}{town.code[6:9]}{number:04d}",
            "kind": "兵儿子",
            "partner_code": f"GJ-{town.code[6:9]}-{1 + number % 2}",
            "partner_name": f"共建单位{town.code[6:9]}{1 + number % 2}",
            "from_date": chosen.from_date.isoformat(),
            "to_date": chosen.to_date.isoformat() if chosen.to_date else None,
            "max_families": 1,
        }
        for number in range(1, 1 + max(1, round(families * chosen.share)))
    ]


def _import_helpers(town: Unit, said: Sequence[Mapping[str, Cell]], day: date, now: datetime) -> None:
    """The roster, and an account for all but every second soldier: for those the liaison answers, the village goes."""
    place = synthetic.Place(code=town.code, name=town.name, villages=PER_TOWN)
    sheet = synthetic.helpers(rows=len(said), place=place, today=day, seed=7, titles=False)
    sheet.lines = _as_said(sheet.lines, said, day)
    _import("helpers", sheet, officer("caseworker", town), town, now)
    numbers = [str(row["number"]) for row in said]
    for place_, helper in enumerate(Helper.objects.filter(number__in=numbers, user=None).order_by("number")):
        if place_ % 2 == 0 or not helper.number.startswith("B"):
            account = hire("helper", town, helper.number.lower(), now)
            register.update_helper(helper=helper, changes={"user": account}, actor=SYSTEM, now=now)
    staff(now)


def _as_said(lines: Iterator[list[Cell]], said: Sequence[Mapping[str, Cell]], day: date) -> Iterator[list[Cell]]:
    at = _places(HELPERS)
    yield from islice(lines, 1)
    known: dict[str, Cell] = {
        "partner_code": None, "partner_name": None, "to_date": None, "certificate": None, "languages": "普通话",
        "trained_on": "2025-01-10", "insured_until": "2028-01-01", "checked_on": day.isoformat(),
    }  # fmt: skip
    for row, line in zip(said, lines, strict=False):
        for name, value in {**known, **row}.items():
            line[at[name]] = value
        yield line


def _places(columns: Sequence[Column]) -> dict[str, int]:
    return {column.field: number for number, column in enumerate(columns)}


def _import(kind: str, sheet: synthetic.Sheet, actor: Actor, unit: Unit, now: datetime) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind}.xlsx"
        synthetic.write(sheet, path)
        roster = rosters.upload(
            kind=kind, file=BytesIO(path.read_bytes()), name=path.name, actor=actor, now=now, unit=unit
        )
    checked = rosters.dry_run(roster=roster, now=now)
    applied = rosters.apply(roster=checked, now=now)
    if applied.counts.get("waiting"):
        raise RuntimeError(f"{kind}: {applied.counts}")
