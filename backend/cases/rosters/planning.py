"""Households of a roster compared with what is on file: what is new, what differs, what stays.

A household on file is found by its village and number, a person by the blind index of the id number or, without one, by
name and birth date within the household. An empty cell says nothing: it never erases what is on file. Once a household
is on file for good, its process owns willingness, consent and risk: a roster changes them only while it is a draft.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from backend.audit.history import record
from backend.cases.families import names_of_minors, set_fields
from backend.cases.models import Family, Person
from backend.cases.rosters.checking import Group, Key, strictest_willingness
from backend.cases.rosters.codes import HEADS
from backend.cases.rosters.kinds import Upload
from backend.cases.rosters.on_file import GONE
from backend.cases.rosters.rows import Row
from backend.cases.search import initials, search_text
from backend.core import bulk
from backend.core.crypto import blind_index
from backend.org import regions
from backend.org.models import Unit

if TYPE_CHECKING:
    from uuid import UUID

FAMILY_TEXTS = (
    "hukou_address", "live_address", "hukou_kind", "residence", "emergency_contact", "emergency_phone", "child_state",
    "helper_kind", "helper_number",
)  # fmt: skip
OWNED_BY_PROCESS = ("willingness", "consented_on", "risk_tier")
PERSON_TEXTS = ("relation", "name", "sex", "ethnicity", "marriage", "phone", "health")


@dataclass
class Plan:
    """New and changed rows for some households."""

    new_families: list[Family] = field(default_factory=list)
    new_persons: list[Person] = field(default_factory=list)
    added: list[Person] = field(default_factory=list)
    """New persons of households on file."""
    changed: list[tuple[Family | Person, dict[str, Any]]] = field(default_factory=list)
    """With what history tells of the change."""
    members: dict[UUID, list[Person]] = field(default_factory=lambda: defaultdict(list))
    paths: dict[UUID, str] = field(default_factory=dict)
    named: list[UUID] = field(default_factory=list)
    """Families on file whose helper the roster names, in the same words as before or others."""
    counts: Counter[str] = field(default_factory=Counter)


def plan_families(groups: Sequence[Group], upload: Upload, *, dry: bool = False) -> Plan:
    plan = Plan()
    units = _villages(groups, upload, dry=dry)
    held = _held(groups, dry=dry)
    persons = _persons(held.values())
    former = _former(held.values())
    for group in groups:
        unit = units[group.key[0]]
        family = held.get(group.key)
        before = len(plan.changed) + len(plan.new_persons)
        if family is None:
            if not dry:
                _plan_new(plan, group, unit, upload)
            plan.counts["families_new"] += 1
            plan.counts["persons_new"] += len(group.rows)
            continue
        if family.status not in GONE:
            _plan_update(plan, group, family, persons[family.pk], former[family.pk], upload)
        after = len(plan.changed) + len(plan.new_persons)
        plan.counts["families_changed" if after > before else "families_unchanged"] += 1
    return plan


def _villages(groups: Sequence[Group], upload: Upload, *, dry: bool) -> Mapping[str, Unit]:
    """The units of the households' villages; a new village is made under its township and history tells it."""
    codes = {group.key[0]: group for group in groups}
    found = {unit.code: unit for unit in Unit.objects.filter(code__in=list(codes))}
    for code, group in codes.items():
        if code in found:
            continue
        names = (row.text("village_name") for row in group.rows)
        name = next(filter(None, names), code)
        if dry:
            found[code] = Unit(
                code=code, name=name, kind=Unit.Kind.VILLAGE, path=regions.path_of(code, Unit.Kind.VILLAGE)
            )
        else:
            found[code] = regions.village(code=code, name=name, now=upload.now)
            record(action="unit.added", object=found[code], unit_path=found[code].path, actor=upload.actor,
                   now=upload.now, data={"code": code, "roster": str(upload.roster_id)})  # fmt: skip
    return found


def _held(groups: Sequence[Group], *, dry: bool) -> dict[Key, Family]:
    """Households on file, locked unless they are only compared."""
    keys = {group.key for group in groups}
    query = Family.objects.filter(unit__code__in={code for code, _ in keys}, number__in={number for _, number in keys})
    query = query.select_related("unit").order_by("pk")
    families = query if dry else query.select_for_update(of=("self",))
    held = {(family.unit.code, family.number): family for family in families}
    return {key: family for key, family in held.items() if key in keys}


def _persons(families: Iterable[Family]) -> dict[UUID, list[Person]]:
    found: dict[UUID, list[Person]] = defaultdict(list)
    for person in Person.objects.filter(family__in=[family.pk for family in families]).order_by("pk"):
        found[person.family_id].append(person)
    return found


def _former(families: Iterable[Family]) -> dict[UUID, list[str]]:
    """Numbers of households that were merged into these."""
    found: dict[UUID, list[str]] = defaultdict(list)
    gone = Family.objects.filter(merged_into__in=[family.pk for family in families])
    for kept, number in gone.values_list("merged_into", "number"):
        if kept is not None:
            found[kept].append(number)
    return found


def _plan_new(plan: Plan, group: Group, unit: Unit, upload: Upload) -> None:
    values = _said(_family_values(group))
    family = bulk.new(
        Family,
        values
        | {"helper_named_on": timezone.localdate(upload.now) if values.get("helper_number") else None}
        | {"unit_id": unit.pk, "number": group.key[1], "source": "roster"}
        | {"created_at": upload.now, "updated_at": upload.now},
    )
    members = [_new_person(family, row, upload) for row in group.rows]
    family.search = _search(family, members)
    plan.new_families.append(family)
    plan.new_persons.extend(members)
    plan.members[family.pk] = members
    plan.paths[family.pk] = unit.path


def _new_person(family: Family, row: Row, upload: Upload) -> Person:
    person = bulk.new(
        Person,
        _said(_person_values(row)) | {"family_id": family.pk, "created_at": upload.now, "updated_at": upload.now},
    )
    _derive(person)
    return person


def _plan_update(
    plan: Plan, group: Group, family: Family, members: list[Person], former: Sequence[str], upload: Upload
) -> None:
    plan.paths[family.pk] = family.unit.path
    headed = _names_living_head(group, members)
    wanted = _wanted_of(group, family, headed=headed)
    if wanted["helper_number"]:
        plan.named.append(family.pk)
    today = timezone.localdate(upload.now)
    minors = names_of_minors(members, today)
    added: list[Person] = []
    changed: dict[Person, dict[str, Any]] = {}
    for row in group.rows:
        person = _match(row, members)
        if person is None:
            added.append(_new_person(family, row, upload))
        elif person.status != "dead":
            values = _person_values(row)
            changed[person] = _change(person, values if headed else _without_head(values), upload)
    _one_head(members, added, changed, upload)
    told = _change(family, wanted, upload, minors | names_of_minors([*members, *added], today))
    for person, news in changed.items():
        if news:
            _derive(person)
            plan.changed.append((person, news))
        plan.counts["persons_changed" if news else "persons_unchanged"] += 1
    plan.new_persons.extend(added)
    plan.added.extend(added)
    plan.counts["persons_new"] += len(added)
    if told or added or any("name" in news for news in changed.values()):
        family.search = _search(family, [*members, *added], former)
        plan.changed.append((family, told or {"members": "changed"}))


def _names_living_head(group: Group, members: list[Person]) -> bool:
    """Whether the roster names a head who lives, as far as the file knows: a list written before a death does not give
    the household the name of the dead again (E2)."""
    heads = (_match(row, members) for row in group.rows if row["relation"] in HEADS)
    return any(person is None or person.status != "dead" for person in heads)


def _without_head(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "is_head"}


def _wanted_of(group: Group, family: Family, *, headed: bool) -> dict[str, Any]:
    """What the roster may say about a household on file."""
    wanted = _family_values(group)
    if family.status != Family.Status.DRAFT:
        wanted = {name: value for name, value in wanted.items() if name not in OWNED_BY_PROCESS}
    if not headed:
        del wanted["label"]
    return wanted


def _one_head(
    members: Sequence[Person], added: Sequence[Person], changed: dict[Person, dict[str, Any]], upload: Upload
) -> None:
    """When the roster names a new head, the old one is no longer it."""
    named = next((person for person in (*added, *changed) if person.is_head), None)
    for person in members:
        if named is not None and person.is_head and person is not named:
            person.is_head = False
            person.version += 1
            person.updated_at = upload.now
            changed[person] = {**changed.get(person, {}), "is_head": {"from": True, "to": False}}


def _search(family: Family, members: Sequence[Person], former: Sequence[str] = ()) -> str:
    """As backend.cases.families.found_by, without a statement per household."""
    names = [family.label, *(name for person in members for name in (person.name, person.alias))]
    return search_text(names=names, others=[family.number, family.live_address, family.hukou_address, *former])


def _match(row: Row, members: Sequence[Person]) -> Person | None:
    """The member on file whom a row is about."""
    number = row.text("certificate")
    if number:
        index = blind_index(number)
        for person in members:
            if person.certificate_index is not None and bytes(person.certificate_index) == index:
                return person
    for person in members:
        same_birth = row["birth_date"] in {None, person.birth_date} or person.birth_date is None
        if person.name == row["name"] and same_birth and not (number and person.certificate):
            return person
    return None


def _said(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if value not in _SAYS_NOTHING}


_SAYS_NOTHING: tuple[Any, ...] = (None, "", [], {})


def _change(
    thing: Family | Person, wanted: Mapping[str, Any], upload: Upload, minors: Collection[str] = ()
) -> dict[str, Any]:
    """Set what differs; what history tells of it (see backend.cases.families.set_fields). Notes are only added to."""
    said = {name: {**thing.notes, **value} if name == "notes" else value for name, value in wanted.items()}
    told = set_fields(thing, _said(said), timezone.localdate(upload.now), minors)
    if told:
        thing.version += 1
        thing.updated_at = upload.now
    return {name: "changed" if name == "notes" else change for name, change in told.items()}


def _derive(person: Person) -> None:
    """What follows from name and id number."""
    person.initials = initials(person.name)
    person.certificate_index = blind_index(person.certificate) if person.certificate else None
    person.certificate_tail = person.certificate[-4:]


def _family_values(group: Group) -> dict[str, Any]:
    """What a household's rows say about the household: the head's row first, then the others in order."""
    rows = sorted(group.rows, key=lambda row: row["relation"] not in HEADS)
    found: dict[str, Any] = {name: next(filter(None, (row.text(name) for row in rows)), "") for name in FAMILY_TEXTS}
    tiers = sorted(filter(None, (row.text("risk_tier") for row in rows)))
    return found | {
        "label": rows[0].text("name"),
        "willingness": strictest_willingness(rows).replace("unknown", ""),
        "consented_on": next(filter(None, (row.day("consented_on") for row in rows)), None),
        "risk_tier": tiers[0] if tiers else "",
        "declared_categories": _all(rows, "category", 3),
        "needs": _all(rows, "need", 3),
        "policies": _all(rows, "policy", 5),
        "notes": _family_notes(rows[0]),
    }


def _family_notes(row: Row) -> dict[str, str]:
    written = row.day("roster_date")
    notes = {"更新日期": written.isoformat() if written else "", "填表人": row.text("enumerator")}
    return {heading: said for heading, said in notes.items() if said}


def _all(rows: Sequence[Row], field: str, count: int) -> list[str]:
    """The different values of numbered columns over all rows, in order."""
    said = (row.text(f"{field}_{number}") for row in rows for number in range(1, count + 1))
    return list(dict.fromkeys(filter(None, said)))


def _person_values(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {name: row.text(name) for name in PERSON_TEXTS}
    kind = row.text("disability_kind")
    grade = row.text("disability_grade")
    care = row.text("self_care")
    remark = {"备注": row.text("remark")} if row["remark"] else {}
    return found | {
        "is_head": row["relation"] in HEADS,
        "alias": row.alias,
        "certificate_kind": row.text("certificate_kind") or "id",
        "certificate": row.text("certificate"),
        "birth_date": row.day("birth_date"),
        "self_care": int(care) if care else None,
        "disability_kind": "" if kind == "0" else kind,
        "disability_grade": int(grade) if grade not in {"", "0"} else None,
        "notes": {**row.notes, **remark},
        "status": "present",
    }
