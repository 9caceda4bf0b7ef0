"""Departments, partner units and villages: made and changed. Regions come from their file (backend.org.regions)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid, StaleVersion
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.regions import path_under

CHANGEABLE = ("name", "sort", "valid_from", "valid_to")
_CODE = re.compile(r"[A-Za-z0-9-]{1,20}")

# A unit's real name (番号) or cover number (代号): 第38集团军, 某团3营2连, 65432部队.
_DESIGNATION = re.compile(r"\d{4,6}\s*部队|第?[0-9零一二三四五六七八九十百]+\s*(集团军|军|师|旅|团|营|连)(?!范|医)")


class CodeTaken(Conflict):
    """Another unit has this code."""

    code = "unit_code_taken"
    message = _("Another unit has this code.")


class MilitaryDesignation(Invalid):
    """Codes and names of partner units must not tell which military unit it is (secrecy: domain.md 2g)."""

    code = "military_designation"
    message = _("Neither code nor name may be a military designation: choose an opaque one.")


def add_unit(*, parent: Unit, code: str, name: str, kind: str, actor: Actor, now: datetime, sort: str = "") -> Unit:
    """A department or a partner unit under `parent`. Raises CodeTaken, MilitaryDesignation and Invalid."""
    if kind not in {Unit.Kind.DEPARTMENT, Unit.Kind.PARTNER}:
        raise Invalid(
            problems=[FieldProblem("/kind", "bad_code", _("Only departments and partner units are made here."))]
        )
    if not _CODE.fullmatch(code):
        raise Invalid(problems=[FieldProblem("/code", "bad_code", _("Letters, digits and hyphens only."))])
    _check_opaque(kind, code, name)
    if Unit.objects.filter(code=code).exists() or Unit.objects.filter(path=path_under(parent, code)).exists():
        raise CodeTaken
    unit = Unit.objects.create(
        parent=parent, code=code, name=name, kind=kind, sort=sort, path=path_under(parent, code), created_at=now
    )
    data = {"code": code, "name": name, "kind": kind, "sort": sort}
    record(action="unit.created", actor=actor, now=now, object=unit, unit_path=unit.path, data=data)
    return unit


def change_unit(
    *, unit: Unit, changes: Mapping[str, Any], actor: Actor, now: datetime, version: int | None = None, reason: str = ""
) -> Unit:
    """Change name, sort or validity. Raises StaleVersion, MilitaryDesignation, ValueError for another field."""
    unit = Unit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    if version is not None and version != unit.version:
        raise StaleVersion
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"not changed here: {sorted(unknown)}")
    before = {key: getattr(unit, key) for key, new in changes.items() if getattr(unit, key) != new}
    if not before:
        return unit
    for key in before:
        setattr(unit, key, changes[key])
    _check_opaque(unit.kind, unit.code, unit.name)
    unit.version += 1
    unit.save(update_fields=[*before, "version"])
    data = {"from": before, "to": {key: changes[key] for key in before}}
    record(action="unit.updated", actor=actor, now=now, object=unit, unit_path=unit.path, data=data, reason=reason)
    return unit


def _check_opaque(kind: str, *texts: str) -> None:
    if kind == Unit.Kind.PARTNER and any(_DESIGNATION.search(text) for text in texts):
        raise MilitaryDesignation
