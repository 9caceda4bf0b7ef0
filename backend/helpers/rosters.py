"""The helpers roster: one row per helper, found again by the helper's number.

An empty cell says nothing: it never erases what is on file. A partner unit that is not known yet is added under the
uploader's unit by its opaque code; what looks like a military designation (番号) is refused (domain.md finding 6).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.audit.history import record
from backend.cases.rosters.checking import Group, check_repeated
from backend.cases.rosters.columns import HELPERS
from backend.cases.rosters.kinds import Kind, Upload, Written
from backend.cases.rosters.rows import Layout, Row
from backend.cases.search import initials, search_text
from backend.core import bulk
from backend.core.crypto import blind_index
from backend.helpers.announcements import announce
from backend.helpers.checks import valid_until
from backend.helpers.models import Helper
from backend.helpers.register import SENSITIVE
from backend.helpers.waiting import waiting_around
from backend.org.models import Unit
from backend.org.regions import path_under

AT_ONCE = 5000
"""Values in one query."""

_MILITARY = re.compile(
    r"\d{4,6}\s*部队|番号|集团军"
    r"|[0-9一二三四五六七八九十百]+\s*(?:军|师|旅|团|营|连|支队|大队|中队)(?![委支总员干范傅村锁])"
    r"|(?:武警|导弹|炮兵|装甲|空军|海军|陆军).*[师旅团营连队]"
)
_SORTS: Mapping[str, str] = {"soldier_son": "soldiers", "league_child": "league"}
"""What the partner unit of a kind of helper is."""
_TEXTS = ("name", "sex", "certificate", "liaison", "phone", "address")
_DAYS = ("birth_date", "from_date", "to_date", "trained_on", "insured_until", "checked_on")
_SAYS_NOTHING: tuple[Any, ...] = (None, "", [], {})
_FIELDS = (
    *_TEXTS, *_DAYS, "kind_id", "skills", "languages", "max_families", "notes", "partner_unit", "initials", "search",
    "certificate_index", "certificate_tail", "check_until", "updated_at", "version",
)  # fmt: skip


class Helpers(Kind):
    """One row per helper."""

    code = "helpers"
    layout = Layout(HELPERS)
    counted = ("helpers_new", "helpers_changed", "helpers_unchanged")

    def check(self, rows: Iterable[Row], *, unit: Unit) -> list[Group]:
        """See Kind."""
        everybody = list(rows)
        check_repeated(everybody, "number", "number")
        check_repeated(everybody, "certificate")
        numbers, people = _on_file(everybody)
        partners = _partners(everybody)
        for row in everybody:
            _check_service(row)
            _check_partner(row, partners, unit)
            _check_on_file(row, numbers, people, unit)
        return [Group((row.text("number"), str(row.number)), [row]) for row in everybody]

    def write(self, groups: Sequence[Group], upload: Upload) -> Written:
        """See Kind. One history event per new or changed helper."""
        plan = _plan(groups, upload)
        bulk.insert(plan.new)
        Helper.objects.bulk_update([helper for helper, _ in plan.changed], _FIELDS, batch_size=200)
        for helper in plan.new:
            _tell(helper, "helper.registered", {"number": helper.number, "kind": helper.kind_id}, upload)
        for helper, told in plan.changed:
            _tell(helper, "helper.updated", told, upload)
        _announce(plan.new, upload)
        return Written(plan.counts)

    def compare(self, groups: Sequence[Group], upload: Upload) -> Counter[str]:
        """See Kind."""
        return _plan(groups, upload, dry=True).counts


# --- checking -------------------------------------------------------------------------------------------------------


def _check_service(row: Row) -> None:
    start, end = row.day("from_date"), row.day("to_date")
    if start and end and end < start:
        row.add("to_date", "bad_date", "order")


def _check_partner(row: Row, partners: Mapping[str, Unit], unit: Unit) -> None:
    """Partner units have opaque codes and neutral names, and belong to the uploader's place."""
    for name in ("partner_code", "partner_name"):
        if _MILITARY.search(row.text(name)):
            row.add(name, "bad_code", "military")
            row[name] = None
    code = row.text("partner_code")
    known = partners.get(code)
    if "." in code or (known and known.kind not in {Unit.Kind.PARTNER, Unit.Kind.DEPARTMENT}):
        row.add("partner_code", "bad_code", "partner")
    elif known and not known.path.startswith(unit.path) and not unit.path.startswith(_parent(known.path)):
        row.add("partner_code", "outside_unit")


def _parent(path: str) -> str:
    return path[: path.rstrip(".").rfind(".") + 1]


def _check_on_file(row: Row, numbers: Mapping[str, str], people: Mapping[str, tuple[str, str]], unit: Unit) -> None:
    path = numbers.get(row.text("number"))
    if path is not None and not path.startswith(unit.path):
        row.add("number", "duplicate_person", "elsewhere")
    number, place = people.get(row.text("certificate"), (row.text("number"), ""))
    if number == row["number"]:
        return
    if place.startswith(unit.path):
        row.add("certificate", "duplicate_person", "as_helper", number=number)
    else:
        row.add("certificate", "duplicate_person", "elsewhere")


def _on_file(rows: Sequence[Row]) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Where helpers with these numbers are kept; number and place of helpers with these ids."""
    numbers: dict[str, str] = {}
    people: dict[str, tuple[str, str]] = {}
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        wanted = Helper.objects.filter(number__in=[row.text("number") for row in some])
        numbers |= dict(wanted.values_list("number", "unit__path"))
        ids = {blind_index(row.text("certificate")): row.text("certificate") for row in some if row["certificate"]}
        same = Helper.objects.filter(certificate_index__in=list(ids)).values_list(
            "certificate_index", "number", "unit__path"
        )
        people |= {ids[bytes(index or b"")]: (number, path) for index, number, path in same}
    return numbers, people


def _partners(rows: Iterable[Row]) -> dict[str, Unit]:
    codes = {row.text("partner_code") for row in rows} - {""}
    return {unit.code: unit for unit in Unit.objects.filter(code__in=codes)}


# --- writing --------------------------------------------------------------------------------------------------------


@dataclass
class _Plan:
    new: list[Helper] = field(default_factory=list)
    changed: list[tuple[Helper, dict[str, Any]]] = field(default_factory=list)
    """With what history tells of the change."""
    counts: Counter[str] = field(default_factory=Counter)


def _plan(groups: Sequence[Group], upload: Upload, *, dry: bool = False) -> _Plan:
    plan = _Plan()
    rows = [group.rows[0] for group in groups]
    partners = _partners(rows)
    known = Helper.objects.filter(number__in=[row.text("number") for row in rows])
    wanted = known.select_related("unit").order_by("pk")
    held = {helper.number: helper for helper in (wanted if dry else wanted.select_for_update(of=("self",)))}
    for row in rows:
        helper = held.get(row.text("number"))
        partner = _partner(row, partners, upload, dry=dry)
        values = _values(row) | {"partner_unit": partner}
        if helper is None:
            plan.counts["helpers_new"] += 1
            if not dry:
                plan.new.append(_new(row, values, upload))
        elif told := _change(helper, values, upload):
            plan.changed.append((helper, told))
            plan.counts["helpers_changed"] += 1
        else:
            plan.counts["helpers_unchanged"] += 1
    return plan


def _partner(row: Row, partners: dict[str, Unit], upload: Upload, *, dry: bool) -> Unit | None:
    """The partner unit of a row; a new one is added under the uploader's unit, by its opaque code."""
    code = row.text("partner_code")
    if not code or code in partners:
        return partners.get(code)
    made = Unit(
        code=code,
        name=row.text("partner_name") or code,
        kind=Unit.Kind.PARTNER,
        parent=upload.unit,
        path=path_under(upload.unit, code),
        sort=_SORTS.get(row.text("kind"), ""),
        created_at=upload.now,
    )
    partners[code] = made
    if not dry:
        made.save(force_insert=True)
        data = {"code": code, "roster": str(upload.roster_id)}
        record(action="unit.added", object=made, unit_path=made.path, actor=upload.actor, now=upload.now, data=data)
    return made


def _values(row: Row) -> dict[str, Any]:
    most = row.text("max_families")
    remark = {"备注": row.text("remark")} if row["remark"] else {}
    return {
        **{name: row.text(name) for name in _TEXTS},
        **{name: row.day(name) for name in _DAYS},
        "kind_id": row.text("kind"),
        "skills": _words(row.text("skills"), 30),
        "languages": _words(row.text("languages"), 20),
        "max_families": int(most) if most else None,
        "notes": {**row.notes, **remark},
    }


def _words(text: str, most: int) -> list[str]:
    return [word[:most] for word in text.split("、") if word]


def _new(row: Row, values: Mapping[str, Any], upload: Upload) -> Helper:
    helper = Helper(number=row.text("number"), unit=upload.unit, created_at=upload.now, updated_at=upload.now)
    for name, value in values.items():
        if value not in _SAYS_NOTHING:
            setattr(helper, name, value)
    _derive(helper)
    return helper


def _change(helper: Helper, values: Mapping[str, Any], upload: Upload) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in values.items():
        before = getattr(helper, name)
        wanted = {**before, **value} if name == "notes" else value
        if wanted in _SAYS_NOTHING or before == wanted:
            continue
        setattr(helper, name, wanted)
        hidden = name in SENSITIVE or name == "notes"
        told[name] = "changed" if hidden else {"from": _plain(before), "to": _plain(wanted)}
    if told:
        helper.version += 1
        helper.updated_at = upload.now
        _derive(helper)
    return told


def _plain(value: Any) -> Any:
    return value.code if isinstance(value, Unit) else value


def _derive(helper: Helper) -> None:
    """What follows from name, number, unit and id number."""
    helper.initials = initials(helper.name)
    helper.certificate_index = blind_index(helper.certificate) if helper.certificate else None
    helper.certificate_tail = helper.certificate[-4:]
    helper.check_until = valid_until(helper.checked_on, helper.unit.path)
    partner = helper.partner_unit.name if helper.partner_unit else ""
    helper.search = search_text(names=[helper.name], others=[helper.number, partner])


def _announce(helpers: Sequence[Helper], upload: Upload) -> None:
    """Cases of the township that wait for a helper hear of the new ones; mostly none waits, which is asked once."""
    waiting = waiting_around(upload.unit).count() if helpers else 0
    for helper in helpers:
        if waiting <= 0:
            break
        waiting -= announce(helper=helper, actor=upload.actor, now=upload.now)


def _tell(helper: Helper, action: str, data: Mapping[str, Any], upload: Upload) -> None:
    record(
        action=action,
        object=helper,
        unit_path=upload.unit.path,
        actor=upload.actor,
        now=upload.now,
        data={**data, "roster": str(upload.roster_id)},
    )
