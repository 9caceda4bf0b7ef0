"""Rows in great number, made inside the database by copying one: families with cases, instances and work items.

Ids are time-ordered like the application's (UUID version 7). Places, roles and dates follow additive recurrences
(number × an irrational, without its whole part): spread evenly, and alike in every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection, models

from backend.cases.models import Case
from tests.bench.places import Place
from workflows.models import Instance, WorkItem

ITEMS_PER_CASE = 8
DONE_SHARE = 4
"""For so many open items there is a finished one beside them: history that an inbox must not pay for."""
CHUNK = 40_000

ROLES = {"village": 0.52, "helper": 0.03, "liaison": 0.02, "supervisor": 0.13, "caseworker": 0.30}
"""Whose work the items are, and what share of them."""
PLACE_OF = {"village": "village", "helper": "village", "liaison": "partner", "supervisor": "town", "caseworker": "town"}
"""At which unit each role's items lie."""


def row_id(seed: str, number: str = "g") -> str:
    """SQL for the id of the row with this number: always the same, later for greater numbers."""
    digits = f"md5('{seed}' || ({number}))"
    moment = f"lpad(to_hex(1700000000000 + ({number})), 12, '0')"
    return f"({moment} || '7' || left({digits}, 3) || '8' || right({digits}, 15))::uuid"


def fraction(number: str, root: int) -> str:
    """SQL for a number in 0 … 1 that belongs to this row number."""
    product = f"(({number}) * sqrt({root}.0::float8))"
    return f"({product} - floor({product}))"


def copies(row: models.Model, first: int, last: int, values: Mapping[str, str], *, joined: str = "") -> None:
    """Add copies number `first` to `last` of a row.

    `values`: column → SQL in which `g` is the copy's number; the other columns are those of the row. `joined`: more SQL
    after FROM.
    """
    columns = [str(field.column) for field in row._meta.concrete_fields]
    unknown = set(values) - set(columns)
    if unknown:
        raise ValueError(f"{row._meta.db_table} has no {unknown}")
    names = ", ".join(f'"{column}"' for column in columns)
    picked = ", ".join(values.get(column, f's."{column}"') for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{row._meta.db_table}" ({names}) SELECT {picked}'
            f' FROM "{row._meta.db_table}" s, generate_series({first}::bigint, {last}::bigint) g {joined}'
            f" WHERE s.id = '{row.pk}'"
        )


def settle() -> None:
    """What autovacuum would have done by then."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def cases(case: Case, first: int, last: int, *, seed: str) -> None:
    """Copies of a case, each of a family of its own in the same village."""
    copies(case.family, first, last, {"id": row_id(f"{seed} family"), "number": f"'{seed}' || g"})
    copies(
        case,
        first,
        last,
        {"id": row_id(f"{seed} case"), "number": f"'{seed}' || g", "family_id": row_id(f"{seed} family")},
    )


def instances(instance: Instance, first: int, last: int, *, seed: str) -> None:
    """Copies of a running instance with its open work items; the cases of this seed must be there."""
    values = {"id": row_id(f"{seed} instance"), "case_id": row_id(f"{seed} case")}
    copies(instance, first, last, values)
    for item in instance.work_items.filter(state=WorkItem.State.OPEN):
        copies(
            item,
            first,
            last,
            {
                "id": row_id(f"{seed} {item.token}"),
                "instance_id": row_id(f"{seed} instance"),
                "case_id": row_id(f"{seed} case"),
                "family_id": row_id(f"{seed} family"),
                "case_number": f"'{seed}' || g",
            },
        )


class Inbox:
    """Open work items all over the county; their number grows from one measurement to the next."""

    def __init__(self, item: WorkItem, places: Sequence[Place], workers: Mapping[UUID, Sequence[UUID]]) -> None:
        """`item`: what the items look like; `workers`: unit → users whom some of its items are assigned to."""
        assert item.case is not None
        self.item, self.case, self.family = item, item.case, item.case.family
        self.size = 0
        _place_table(places, workers)

    def grow(self, size: int) -> None:
        """Make items until there are so many open ones."""
        while self.size < size:
            last = min(self.size + CHUNK, size)
            self._add(self.size + 1, last)
            self.size = last
        settle()

    def _add(self, first: int, last: int) -> None:
        of_case = f"((g - 1) / {ITEMS_PER_CASE})"
        low, high = (first - 1) // ITEMS_PER_CASE, (last - 1) // ITEMS_PER_CASE
        family = {
            "id": row_id("family"),
            "unit_id": "village",
            "number": "'C' || g",
            "label": _name("g"),
            "search": f"{_name('g')} || ' c' || g",
        }
        case = {"id": row_id("case"), "family_id": row_id("family"), "number": _number("g")}
        case |= {"unit_id": "village", "unit_path": "village_path"}
        instance = {"id": row_id("instance"), "case_id": row_id("case")}
        item = {
            "id": row_id("item"),
            "instance_id": row_id("instance", of_case),
            "case_id": row_id("case", of_case),
            "family_id": f"CASE WHEN role_name <> 'liaison' THEN {row_id('family', of_case)} END",
            "token": "'t' || g",
            "state": "'open'",
            "role": "role_name",
            "unit_id": "CASE level WHEN 'village' THEN village WHEN 'town' THEN town ELSE partner END",
            "unit_path": "CASE level WHEN 'village' THEN village_path WHEN 'town' THEN town_path ELSE partner_path END",
            "family_label": _name(of_case),
            "case_number": _number(of_case),
            "search": f"lower(s.title || ' ' || s.title_en || ' ' || {_number(of_case)} || ' ' || {_name(of_case)})",
            "assignee_id": "workers[1 + (g / 7) % 15]",
            "step": "'step_' || g % 12",
            "priority": "30 + g % 5 * 10",
            "created_at": f"now() - {fraction('g', 5)} * interval '90 days'",
            # Half of all due times are an end of a day, thousands of items having the same.
            "due_at": f"date_trunc(CASE WHEN g % 2 = 0 THEN 'day' ELSE 'second' END, now() - interval '30 days'"
            f" + {fraction('g', 7)} * interval '75 days')",
        }
        at_place = _at_place("g")
        copies(self.family, low, high, family, joined=at_place)
        copies(self.case, low, high, case, joined=at_place)
        copies(self.case.instances.get(), low, high, instance)
        roles = f"JOIN doers ON place_id = doers.place AND {fraction('g', 2)} >= from_ AND {fraction('g', 2)} < to_"
        copies(self.item, first, last, item, joined=f"{_at_place(of_case)} {roles}")
        done = {"id": row_id("done"), "token": "'d' || g", "state": "'done'", "ended_at": "now()"}
        copies(
            self.item, first // DONE_SHARE + 1, last // DONE_SHARE, item | done, joined=f"{_at_place(of_case)} {roles}"
        )


def _name(number: str) -> str:
    names = "'孙桂兰','赵德福','王秀英','李国强','张淑珍','刘宝山','陈玉梅','杨振华'"
    return f"((ARRAY[{names}])[1 + ({number}) % 8] || ({number}) % 997)"


def _number(number: str) -> str:
    return f"('990101001-JMGJ-2026-' || ({number}))"


def _at_place(number: str) -> str:
    share = fraction(number, 3)
    return f"JOIN place ON {share} >= low AND {share} < high"


def _place_table(places: Sequence[Place], workers: Mapping[UUID, Sequence[UUID]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMPORARY TABLE place (place_id int, low float, high float, village uuid, village_path text,
               town uuid, town_path text, partner uuid, partner_path text)"""
        )
        cursor.execute(
            """CREATE TEMPORARY TABLE doers
               (place int, role_name text, level text, from_ float, to_ float, workers uuid[])"""
        )
        low = 0.0
        for number, place in enumerate(places):
            units = (place.village, place.town, place.partner)
            cursor.execute(
                "INSERT INTO place VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [number, low, low + place.share, *(value for unit in units for value in (unit.pk, unit.path))],
            )
            low += place.share
            start = 0.0
            for role, share in ROLES.items():
                unit = getattr(place, PLACE_OF[role])
                known = list(workers.get(unit.pk, ())) if role in {"caseworker", "supervisor"} else []
                cursor.execute(
                    "INSERT INTO doers VALUES (%s, %s, %s, %s, %s, %s::uuid[])",
                    [number, role, PLACE_OF[role], start, start + share, known],
                )
                start += share
        cursor.execute("ANALYZE place, doers")
