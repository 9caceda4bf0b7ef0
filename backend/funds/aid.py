"""Whom aid reaches first (D22): how great a family's need is, and the order among those whom the table puts forward.

The order is by the table's class, then by need; who stands alike is ordered by lot (backend.core.drawing), with a seed
that is kept, so that anybody can draw again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from backend.cases.models import Family
from backend.core.drawing import drawn
from backend.org import parameters

ELDERS = frozenset({"empty_nest", "seasonal_empty_nest", "left_behind_elder"})
MOST = 100
"""The highest need score."""
NO_SCHOOL = "none"


@dataclass(frozen=True)
class Verdict:
    """What decision D22 says: 1 comes before 2 …, 0 gets nothing; why; by which rule of which version."""

    aid_class: int
    aid_reason: str
    rule: str
    table_version: str


Judge: TypeAlias = Callable[[Mapping[str, Any]], Verdict]
"""Decision D22 over the facts of one who might get aid."""


@dataclass(frozen=True)
class Candidate:
    """One of those to be put in order."""

    id: UUID
    aid_class: int
    need_score: int


def need_score(family: Family, points: Mapping[str, int]) -> int:
    """How great the family's need is, 0 to 100: from what its file says, by the parameter `aid.need_points`."""
    known = family.known_categories
    told = {
        f"tier_{family.risk_tier.lower()}": bool(family.risk_tier),
        "hardship": "hardship" in known,
        "special": family.is_special,
        "single_mother": "single_mother" in known,
        "elder": bool(known & ELDERS),
    }
    return min(sum(points.get(name, 0) for name, applies in told.items() if applies), MOST)


def need_points(path: str, day: date) -> Mapping[str, int]:
    """What each circumstance counts at a place, in force on a day."""
    points: Mapping[str, int] = parameters.value("aid.need_points", path=path, day=day, default={})
    return points


def in_order(candidates: Iterable[Candidate], *, seed: str) -> Sequence[UUID]:
    """Who may get aid, the first first; who gets nothing (class 0) is not among them."""
    held = [each for each in candidates if each.aid_class]
    lot = {id: place for place, id in enumerate(drawn((each.id for each in held), seed=seed, size=len(held)))}
    return [each.id for each in sorted(held, key=lambda each: (each.aid_class, -each.need_score, lot[each.id]))]
