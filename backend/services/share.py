"""Share packages: what a department may know to give what it was asked for, and nothing else (PIPL art. 6, 21, 23).

Before it has accepted it hears facts without a name; afterwards the fields that the catalogue names for the service, if
the family agreed. No category, no illness, no identity number is among what can be shared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from backend.cases.models import Person
from backend.org import parameters
from backend.services.models import PlanItem, Referral

FIELDS = ("name", "phone_number", "address", "village", "age")
"""What an entry of the catalogue may ask for."""
WITHOUT_CONSENT = frozenset({"village"})
"""What a department learns of a family that wants its name kept: the village worker brings both together."""
SHARE_DAYS = 30
"""Parameter `service.days`: how long a share package can be opened after the service was due."""


def told_before(item: PlanItem, today: date) -> dict[str, Any]:
    """What a department decides by: the service, how much, where about, how old; nobody's name."""
    family, entry = item.plan.family, item.entry
    parent = family.unit.parent
    return {
        "service": entry.name,
        "service_en": entry.name_en,
        "quantity": item.quantity,
        "measure": entry.measure,
        "frequency": entry.frequency,
        "township": parent.name if parent else family.unit.name,
        "age_band": _band(_head(item), today),
        "level": item.plan.level,
    }


def fields_for(item: PlanItem) -> list[str]:
    """The fields that the service needs and the family lets through."""
    wanted = [name for name in FIELDS if name in item.entry.shares]
    return wanted if item.plan.may_share else [name for name in wanted if name in WITHOUT_CONSENT]


def package(item: PlanItem, today: date) -> dict[str, str]:
    """The fields' values."""
    head, family = _head(item), item.plan.family
    known: Mapping[str, str] = {
        "name": family.label,
        "phone_number": (head.phone if head else "") or family.emergency_phone,
        "address": family.live_address,
        "village": family.unit.name,
        "age": _band(head, today),
    }
    return {name: known[name] for name in fields_for(item) if known[name]}


def open_until(referral: Referral, due_at: datetime, today: date) -> datetime:
    """Until when the department may open it."""
    days = int(days_of(referral.unit_path, today)["share_days"])
    return due_at + timedelta(days=days)


def contents(referral: Referral) -> dict[str, str]:
    """What is in the package."""
    found: dict[str, str] = json.loads(referral.shared) if referral.shared else {}
    return found


def days_of(path: str, today: date) -> Mapping[str, int]:
    """The numbers of the parameter `service.days` at that place."""
    usual = {"share_days": SHARE_DAYS, "tell_days": 5, "review_months": 6}
    return {**usual, **(parameters.value("service.days", path=path, day=today, default={}) or {})}


def _head(item: PlanItem) -> Person | None:
    people = list(item.plan.family.persons.filter(died_on__isnull=True).order_by("-is_head", "id")[:1])
    return people[0] if people else None


def _band(person: Person | None, today: date) -> str:
    """Ten years wide: `70–79`; minors are only `<18`."""
    age = person.age_on(today) if person else None
    if age is None:
        return ""
    return "<18" if age < 18 else f"{age // 10 * 10}–{age // 10 * 10 + 9}"
