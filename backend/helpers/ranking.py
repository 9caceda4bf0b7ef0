"""Which helpers fit a family best: hard rules first, then a score from 0 to 100. Pure: no database, no clock.

The result is a shortlist for a person, never an assignment: a helper can only be asked (志愿服务条例 art. 25; domain.md
D04). Reasons are codes, so that either language can tell them.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

DISTANCE: Mapping[int, tuple[int, str]] = {
    5: (40, "same_village"),
    4: (30, "same_township"),
    3: (15, "same_county"),
    2: (5, "same_city"),
}
"""Points and reason by how many levels of the region tree both share: province, city, county, township, village."""
LANGUAGE, LANGUAGE_UNKNOWN = 25, 12
FREE = 25
PREVIOUS = 10


@dataclass(frozen=True)
class Place:
    """What a family looks for."""

    path: str
    """Of its village in the unit tree."""
    kinds: frozenset[str]
    """Kinds of helper that the programme allows."""
    day: date
    languages: frozenset[str] = frozenset()
    certificates: frozenset[bytes] = frozenset()
    """Blind indexes of the members' certificates."""
    addresses: frozenset[str] = frozenset()
    has_minor: bool = False
    asked: frozenset[UUID] = frozenset()
    """Helpers who were asked in this round already."""
    paired: frozenset[UUID] = frozenset()
    """Helpers who are with the family now."""
    previous: frozenset[UUID] = frozenset()
    """Helpers who were with the family before."""


@dataclass(frozen=True)
class Applicant:
    """A helper as the ranking sees one."""

    id: UUID
    kind: str
    path: str
    places: int
    load: int
    """Places that are taken, or promised by an open offer."""
    is_active: bool = True
    from_date: date | None = None
    to_date: date | None = None
    min_months: int = 0
    """How many months of service the kind demands to be left."""
    minors: bool = True
    """Whether the kind may be with families in which minors live."""
    languages: frozenset[str] = frozenset()
    certificate: bytes | None = None
    address: str = ""


@dataclass(frozen=True)
class Ranked:
    """A helper who may be asked: the score, its parts and what speaks for the helper."""

    id: UUID
    score: int
    parts: Mapping[str, int]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Ranking:
    """The best first; how many each hard rule ruled out (a helper counts for the first rule that fails)."""

    best: tuple[Ranked, ...]
    excluded: Mapping[str, int] = field(default_factory=dict)


def rank(place: Place, applicants: Iterable[Applicant], *, top: int = 3) -> Ranking:
    """The `top` best helpers for a place. Equal scores: the one with less to do, then the longer known."""
    excluded: Counter[str] = Counter()
    fitting: list[tuple[int, int, str, Ranked]] = []
    for one in applicants:
        obstacle = obstacle_of(place, one)
        if obstacle:
            excluded[obstacle] += 1
            continue
        ranked = score(place, one)
        fitting.append((-ranked.score, one.load, str(one.id), ranked))
    best = heapq.nsmallest(top, fitting, key=lambda entry: entry[:3])
    return Ranking(best=tuple(entry[3] for entry in best), excluded=dict(excluded))


def obstacle_of(place: Place, one: Applicant) -> str:
    """The first hard rule that keeps this helper from this family, as a code; empty when none does."""
    obstacles = {
        "kind_not_allowed": one.kind not in place.kinds,
        "not_active": not one.is_active,
        "outside_service": not _serves(one, place.day),
        "service_too_short": months_left(one.to_date, place.day) < one.min_months,
        "full": one.load >= one.places,
        "same_household": is_relative(place, one),
        "with_family_now": one.id in place.paired,
        "asked_before": one.id in place.asked,
        "not_for_minors": place.has_minor and not one.minors,
    }
    return next((code for code, applies in obstacles.items() if applies), "")


def score(place: Place, one: Applicant) -> Ranked:
    """How well the helper fits: distance 40, language 25, free places 25, known to the family 10."""
    near, near_reason = DISTANCE.get(_shared_levels(place.path, one.path), (0, ""))
    language, language_reason = _language(place, one)
    known = one.id in place.previous
    parts = {
        "distance": near,
        "language": language,
        "load": round(FREE * (one.places - one.load) / one.places),
        "previous": PREVIOUS if known else 0,
    }
    told = (near_reason, language_reason, "no_family_yet" if one.load == 0 else "", "known_to_family" if known else "")
    return Ranked(id=one.id, score=sum(parts.values()), parts=parts, reasons=tuple(reason for reason in told if reason))


def months_left(end: date | None, day: date) -> int:
    """Full months from the day to the end of service; 999 when there is no end, 0 when it is past."""
    if end is None:
        return 999
    months = (end.year - day.year) * 12 + end.month - day.month - (end.day < day.day)
    return max(months, 0)


def is_relative(place: Place, one: Applicant) -> bool:
    """Whether the helper is of this household: the same certificate, or the same address."""
    same_person = one.certificate is not None and one.certificate in place.certificates
    return same_person or bool(one.address and one.address in place.addresses)


def _serves(one: Applicant, day: date) -> bool:
    begun = one.from_date is None or one.from_date <= day
    return begun and (one.to_date is None or one.to_date > day)


def _language(place: Place, one: Applicant) -> tuple[int, str]:
    if not place.languages or not one.languages:
        return LANGUAGE_UNKNOWN, ""
    if place.languages & one.languages:
        return LANGUAGE, "same_language"
    return 0, ""


def _shared_levels(one: str, other: str) -> int:
    shared = 0
    for mine, theirs in zip(one.rstrip(".").split("."), other.rstrip(".").split("."), strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared
