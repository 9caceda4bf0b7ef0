"""Registers that can be exported: their columns, and what the reader may see of their rows, masked as in lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from backend.cases.masks import closed_fields, masked_phone
from backend.cases.models import Person
from backend.cases.rosters.columns import FAMILIES
from backend.documents.sheets import Column, Value
from backend.helpers.models import Pairing
from backend.org import codes
from backend.org.access import may
from backend.org.models import Unit, User
from backend.visits.models import Visit

Row = Mapping[str, Value]
NEVER = frozenset({"health"})
"""Columns of the roster that leave by an access ticket only."""
AT_ONCE = 500
HIDDEN_ID = "**************"
_BY_FIELD = {column.field: column for column in FAMILIES}


@dataclass(frozen=True)
class Register:
    """A register: its columns and its rows."""

    columns: Callable[[], list[Column]]
    rows: Callable[[User, Unit], QuerySet[Any]]
    """What the user may read at that unit and below."""
    shown: Callable[[Any, User, date], Row]


def pieces(register: Register, user: User, unit: Unit, day: date) -> Iterator[list[Row]]:
    """All rows in their order, some hundred at a time: neither memory nor a transaction grows with them."""
    rows, last = register.rows(user, unit).order_by("pk"), None
    while found := list(rows.filter(pk__gt=last)[:AT_ONCE] if last else rows[:AT_ONCE]):
        yield [register.shown(row, user, day) for row in found]
        last = found[-1].pk


# --- families: one row a person, as in the rosters


def _family_columns() -> list[Column]:
    return [Column(column.field, column.heading) for column in FAMILIES if column.field not in NEVER]


def _people(user: User, unit: Unit) -> QuerySet[Person]:
    rows = Person.objects.visible_to(user).filter(family__unit__path__startswith=unit.path).exclude(status="left")
    found: QuerySet[Person] = rows.select_related("family__unit")
    return found


def _person_row(person: Person, user: User, day: date) -> Row:
    closed = set(closed_fields(person, cares=may(user, "person.care", path=person.unit_path), day=day))
    own = {name: getattr(person, name) for name in _OWN if name not in closed}
    tail = "" if "certificate_tail" in closed else person.certificate_tail
    row: dict[str, Any] = {
        "name": person.name[:1] + "*",
        **own,
        **{name: getattr(person.family, name) for name in _FAMILYS},
        **_numbered("category", person.family.categories, 3),
        **_numbered("need", person.family.needs, 3),
        **_numbered("policy", person.family.policies, 5),
        "village": person.family.unit.code,
        "village_name": person.family.unit.name,
        "household": person.family.number,
        "certificate": f"{HIDDEN_ID}{tail}" if tail else "",
        "phone": "" if "phone_masked" in closed else masked_phone(person.phone),
        "emergency_phone": masked_phone(person.family.emergency_phone),
        "roster_date": person.family.surveyed_on,
    }
    return {field: _BY_FIELD[field].shown(_plain(value)) for field, value in row.items()}


_OWN = ("relation", "name", "certificate_kind", "sex", "birth_date", "ethnicity", "marriage", "self_care",
        "disability_kind", "disability_grade")  # fmt: skip
_FAMILYS = ("hukou_kind", "hukou_address", "live_address", "residence", "child_state", "emergency_contact", "risk_tier",
            "helper_kind", "helper_number", "willingness", "consented_on")  # fmt: skip


def _numbered(field: str, values: list[str], count: int) -> dict[str, str]:
    return {f"{field}_{place}": value for place, value in enumerate(values[:count], start=1)}


def _plain(value: Any) -> Any:
    """As the columns of the roster take it: a day, or text."""
    if value is None or isinstance(value, date):
        return value
    return str(value)


# --- visits and pairings


def _visit_columns() -> list[Column]:
    return [
        Column("village", _("Village")), Column("household", _("Household")), Column("family", _("Family")),
        Column("helper", _("Helper")), Column("planned_for", _("Planned for")), Column("started_at", _("Came"), 18),
        Column("channel", _("How")), Column("state", _("State")), Column("late", _("Late"), 8),
    ]  # fmt: skip


def _visits(user: User, unit: Unit) -> QuerySet[Visit]:
    rows: QuerySet[Visit] = Visit.objects.visible_to(user).filter(case__unit_path__startswith=unit.path)
    return rows.select_related("family__unit", "helper")


def _visit_row(visit: Visit, user: User, day: date) -> Row:
    return {
        "village": visit.family.unit.name, "household": visit.family.number, "family": visit.family.label,
        "helper": visit.helper.name if visit.helper is not None else "", "planned_for": visit.planned_for,
        "started_at": visit.started_at, "channel": codes.name("contact_channel", visit.channel),
        "state": visit.get_state_display(), "late": visit.is_late,
    }  # fmt: skip


def _pairing_columns() -> list[Column]:
    return [
        Column("number", _("Number"), 24), Column("village", _("Village")), Column("household", _("Household")),
        Column("family", _("Family")), Column("helper", _("Helper")), Column("kind", _("Kind")),
        Column("from_date", _("From")), Column("to_date", _("Until")),
    ]  # fmt: skip


def _pairings(user: User, unit: Unit) -> QuerySet[Pairing]:
    rows: QuerySet[Pairing] = Pairing.objects.visible_to(user).filter(case__unit_path__startswith=unit.path)
    return rows.select_related("family__unit", "helper", "kind")


def _pairing_row(pairing: Pairing, user: User, day: date) -> Row:
    return {
        "number": pairing.number, "village": pairing.family.unit.name, "household": pairing.family.number,
        "family": pairing.family.label, "helper": pairing.helper.name, "kind": pairing.kind.label,
        "from_date": pairing.from_date, "to_date": pairing.to_date,
    }  # fmt: skip


REGISTERS: Mapping[str, Register] = {
    "families": Register(_family_columns, _people, _person_row),
    "visits": Register(_visit_columns, _visits, _visit_row),
    "pairings": Register(_pairing_columns, _pairings, _pairing_row),
}
