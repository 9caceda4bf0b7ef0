"""The families roster: what is on file about its places and people, and writing its households.

A household on file is found by its village and number, a person by the blind index of the id number or, without one, by
name and birth date within the household. An empty cell says nothing: it never erases what is on file. Once a household
is on file for good, its process owns willingness, consent and risk: a roster changes them only while it is a draft.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backend.audit.history import record
from backend.cases.families import SENSITIVE, found_by
from backend.cases.models import Family, Person
from backend.cases.rosters.checking import Group, Known, OnFile, Village, check_families, strictest_willingness
from backend.cases.rosters.codes import HEADS
from backend.cases.rosters.columns import FAMILIES
from backend.cases.rosters.kinds import Kind, Upload, Written
from backend.cases.rosters.rows import Layout, Row
from backend.cases.search import initials, search_text
from backend.core import bulk
from backend.core.crypto import blind_index
from backend.org import regions
from backend.org.models import Unit

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

AT_ONCE = 5000
"""Values in one query."""

_FAMILY_TEXTS = (
    "hukou_address", "live_address", "hukou_kind", "residence", "emergency_contact", "emergency_phone", "child_state",
    "helper_kind", "helper_number",
)  # fmt: skip
_OWNED_BY_PROCESS = ("willingness", "consented_on", "risk_tier")
_FAMILY_FIELDS = (*_FAMILY_TEXTS, *_OWNED_BY_PROCESS, "label", "declared_categories", "needs", "policies", "notes")
_PERSON_TEXTS = ("relation", "name", "sex", "ethnicity", "marriage", "phone", "health")
_PERSON_FIELDS = (
    *_PERSON_TEXTS, "is_head", "alias", "certificate_kind", "certificate", "birth_date", "self_care", "disability_kind",
    "disability_grade", "notes", "status",
)  # fmt: skip
_GONE = (Family.Status.MOVED, Family.Status.CLOSED)
"""A roster neither changes nor revives such a household: that is a person's decision (domain.md E1, E2)."""


class Families(Kind):
    """One row per person, households joined by village and number."""

    code = "families"
    layout = Layout(FAMILIES)

    def check(self, rows: Iterable[Row], *, unit: Unit) -> list[Group]:
        """See Kind."""
        everybody = list(rows)
        return check_families(everybody, known(everybody, unit))

    def write(self, groups: Sequence[Group], upload: Upload) -> Written:
        """See Kind. One history event per new household, one per changed household or person."""
        plan = _plan(groups, upload)
        bulk.insert(plan.new_families)
        bulk.insert(plan.new_persons)
        _save_changed(plan)
        for family in plan.new_families:
            _tell_creation(family, plan.members[family.pk], upload)
        for person in plan.added:
            record(action="person.added", object=person, unit_path=plan.paths[person.family_id], actor=upload.actor,
                   now=upload.now, data={"roster": str(upload.roster_id)})  # fmt: skip
        for thing, told in plan.changed:
            kind, family_id = ("family", thing.pk) if isinstance(thing, Family) else ("person", thing.family_id)
            record(action=f"{kind}.updated", object=thing, unit_path=plan.paths[family_id], actor=upload.actor,
                   now=upload.now, data={**told, "roster": str(upload.roster_id)})  # fmt: skip
        return Written(plan.counts, [family.pk for family in plan.new_families])

    def compare(self, groups: Sequence[Group], upload: Upload) -> Counter[str]:
        """See Kind."""
        return _plan(groups, upload, dry=True).counts


# --- what is on file --------------------------------------------------------------------------------------------------


def known(rows: Sequence[Row], unit: Unit) -> Known:
    """What the register knows about the villages, households and people of these rows."""
    codes = {row.text("village") for row in rows} - {""}
    merged = _merged(codes)
    codes |= {code for code, _ in merged.values()}
    villages = {
        code: Village(name, path)
        for some in _pieces(sorted(codes))
        for code, name, path in Unit.objects.filter(code__in=some, kind=Unit.Kind.VILLAGE).values_list(
            "code", "name", "path"
        )
    }
    towns = {f"{code[:9]}000" for code in codes}
    townships = dict(Unit.objects.filter(code__in=towns, kind=Unit.Kind.TOWN).values_list("code", "path"))
    numbers = {row.text("certificate") for row in rows} - {""}
    return Known(
        villages=villages,
        townships={code[:9]: path for code, path in townships.items()},
        people=_people_on_file(numbers, unit.path),
        merged=merged,
        gone=_gone(codes),
        within=unit.path,
    )


def _people_on_file(numbers: set[str], within: str) -> dict[str, OnFile]:
    """Where people with these ids are on file; who left a household may turn up in another."""
    found: dict[str, OnFile] = {}
    for some in _pieces(sorted(numbers)):
        by_index = {blind_index(number): number for number in some}
        on_file = (
            Person.objects.filter(certificate_index__in=list(by_index))
            .exclude(status="left")
            .values_list(
                "certificate_index", "family__unit__code", "family__number", "family__unit__name", "family__unit__path"
            )
        )
        for index, code, number, name, path in on_file:
            found[by_index[bytes(index or b"")]] = OnFile(code, number, name if path.startswith(within) else "")
    return found


def _merged(codes: set[str]) -> dict[tuple[str, str], tuple[str, str]]:
    """Households that were merged into another: their old village and number → those of the household kept."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for some in _pieces(sorted(codes)):
        gone = Family.objects.filter(unit__code__in=some, merged_into__isnull=False)
        for family in gone.select_related("unit", "merged_into__unit", "merged_into__merged_into__unit"):
            kept = family.merged_into
            while kept is not None and kept.merged_into is not None:
                kept = kept.merged_into
            if kept is not None:
                found[family.unit.code, family.number] = (kept.unit.code, kept.number)
    return found


def _gone(codes: set[str]) -> set[tuple[str, str]]:
    return {
        key
        for some in _pieces(sorted(codes))
        for key in Family.objects.filter(unit__code__in=some, status__in=_GONE).values_list("unit__code", "number")
    }


def _pieces(things: Sequence[str]) -> Iterable[Sequence[str]]:
    return (things[start : start + AT_ONCE] for start in range(0, len(things), AT_ONCE))


# --- planning ---------------------------------------------------------------------------------------------------------


@dataclass
class _Plan:
    new_families: list[Family] = field(default_factory=list)
    new_persons: list[Person] = field(default_factory=list)
    added: list[Person] = field(default_factory=list)
    """New persons of households on file."""
    changed: list[tuple[Family | Person, dict[str, Any]]] = field(default_factory=list)
    """With what history tells of the change."""
    members: dict[UUID, list[Person]] = field(default_factory=lambda: defaultdict(list))
    paths: dict[UUID, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def _plan(groups: Sequence[Group], upload: Upload, *, dry: bool = False) -> _Plan:
    plan = _Plan()
    units = _villages(groups, upload, dry=dry)
    held, persons = _held(groups, dry=dry)
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
        if family.status not in _GONE:
            _plan_update(plan, group, family, persons[family.pk], upload)
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


def _held(groups: Sequence[Group], *, dry: bool) -> tuple[dict[tuple[str, str], Family], dict[UUID, list[Person]]]:
    """Households on file (locked, unless only compared) and their people."""
    keys = {group.key for group in groups}
    query = Family.objects.filter(unit__code__in={code for code, _ in keys}, number__in={number for _, number in keys})
    query = query.select_related("unit").order_by("pk")
    families = query if dry else query.select_for_update(of=("self",))
    held = {(family.unit.code, family.number): family for family in families}
    held = {key: family for key, family in held.items() if key in keys}
    persons: dict[UUID, list[Person]] = defaultdict(list)
    for person in Person.objects.filter(family__in=held.values()).order_by("pk"):
        persons[person.family_id].append(person)
    return held, persons


def _plan_new(plan: _Plan, group: Group, unit: Unit, upload: Upload) -> None:
    family = Family(unit=unit, number=group.key[1], source="roster", created_at=upload.now, updated_at=upload.now)
    _fill(family, _family_values(group))
    members = [_new_person(family, row, upload) for row in group.rows]
    names = [family.label, *(name for person in members for name in (person.name, person.alias))]
    family.search = search_text(names=names, others=[family.number, family.live_address, family.hukou_address])
    plan.new_families.append(family)
    plan.new_persons.extend(members)
    plan.members[family.pk] = members
    plan.paths[family.pk] = unit.path


def _new_person(family: Family, row: Row, upload: Upload) -> Person:
    person = Person(family=family, created_at=upload.now, updated_at=upload.now)
    _fill(person, _person_values(row))
    _derive(person)
    return person


def _plan_update(plan: _Plan, group: Group, family: Family, members: list[Person], upload: Upload) -> None:
    plan.paths[family.pk] = family.unit.path
    wanted = _family_values(group)
    if family.status != Family.Status.DRAFT:
        wanted = {name: value for name, value in wanted.items() if name not in _OWNED_BY_PROCESS}
    if not any(row["relation"] in HEADS for row in group.rows):
        del wanted["label"]
    told = _change(family, wanted, upload)
    added: list[Person] = []
    renamed = False
    for row in group.rows:
        person = _match(row, members)
        if person is None:
            added.append(_new_person(family, row, upload))
        elif person.status != "dead":
            news = _change(person, _person_values(row), upload)
            renamed = renamed or "name" in news
            if news:
                _derive(person)
                plan.changed.append((person, news))
                plan.counts["persons_changed"] += 1
            else:
                plan.counts["persons_unchanged"] += 1
    plan.new_persons.extend(added)
    plan.added.extend(added)
    plan.counts["persons_new"] += len(added)
    if told or added or renamed:
        family.search = found_by(family, [*members, *added])
        plan.changed.append((family, told or {"members": "changed"}))


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


def _fill(thing: Family | Person, wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        if value not in _SAYS_NOTHING:
            setattr(thing, name, value)


_SAYS_NOTHING: tuple[Any, ...] = (None, "", [], {})


def _change(thing: Family | Person, wanted: Mapping[str, Any], upload: Upload) -> dict[str, Any]:
    """Set what differs; what history tells of it: sensitive content never (as backend.cases.families does)."""
    told: dict[str, Any] = {}
    for name, value in wanted.items():
        before = getattr(thing, name)
        if name == "notes":
            value = {**before, **value}
        if value in _SAYS_NOTHING or before == value:
            continue
        setattr(thing, name, value)
        told[name] = "changed" if name in SENSITIVE or name == "notes" else {"from": before, "to": value}
    if told:
        thing.version += 1
        thing.updated_at = upload.now
    return told


def _derive(person: Person) -> None:
    """What follows from name and id number."""
    person.initials = initials(person.name)
    person.certificate_index = blind_index(person.certificate) if person.certificate else None
    person.certificate_tail = person.certificate[-4:]


def _family_values(group: Group) -> dict[str, Any]:
    """What a household's rows say about the household: the head's row first, then the others in order."""
    rows = sorted(group.rows, key=lambda row: row["relation"] not in HEADS)
    found: dict[str, Any] = {name: next(filter(None, (row.text(name) for row in rows)), "") for name in _FAMILY_TEXTS}
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
    written: date | None = row.day("roster_date")
    notes = {"更新日期": written.isoformat() if written else "", "填表人": row.text("enumerator")}
    return {heading: said for heading, said in notes.items() if said}


def _all(rows: Sequence[Row], field: str, count: int) -> list[str]:
    """The different values of numbered columns over all rows, in order."""
    said = (row.text(f"{field}_{number}") for row in rows for number in range(1, count + 1))
    return list(dict.fromkeys(filter(None, said)))


def _person_values(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {name: row.text(name) for name in _PERSON_TEXTS}
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


# --- writing ----------------------------------------------------------------------------------------------------------


def _save_changed(plan: _Plan) -> None:
    families = [thing for thing, _ in plan.changed if isinstance(thing, Family)]
    persons = [thing for thing, _ in plan.changed if isinstance(thing, Person)]
    Family.objects.bulk_update(families, [*_FAMILY_FIELDS, "search", "updated_at", "version"], batch_size=200)
    Person.objects.bulk_update(
        persons,
        [*_PERSON_FIELDS, "certificate_index", "certificate_tail", "initials", "updated_at", "version"],
        batch_size=200,
    )


def _tell_creation(family: Family, members: Sequence[Person], upload: Upload) -> None:
    data = {
        "number": family.number,
        "persons": len(members),
        "categories": family.declared_categories,
        "roster": str(upload.roster_id),
    }
    record(
        action="family.created",
        object=family,
        unit_path=family.unit.path,
        actor=upload.actor,
        now=upload.now,
        data=data,
    )
