"""How well a helper fits a family (D04): hard rules, then points from 0 to 100 in parts. Pure: no database, no clock.

There is one statement of the rules, written for whole columns at once: one family against a county, a township's
families against its helpers, or a list of pairs are the same few numpy operations on arrays of different shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache, cached_property
from itertools import accumulate
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[Any]

RULES = (
    "not_active", "outside_service", "service_too_short", "full", "kind_not_allowed", "not_for_category",
    "no_free_seat", "not_for_minors", "same_village", "same_household", "with_family_now", "asked_before",
)  # fmt: skip
"""The hard rules, in order: a helper counts for the first one that fails. The first four are about the helper alone."""
ABOUT_KINDS = ("kind_not_allowed", "not_for_category", "no_free_seat")
RELATED = ("same_household", "with_family_now", "asked_before")
_NUMBER = {rule: number for number, rule in enumerate(RULES, start=1)}
PARTS = ("distance", "language", "skills", "load", "window", "sex", "ready", "previous")
REASONS = (
    "same_village", "same_township", "same_county", "same_city", "same_language", "has_skills", "preferred_sex",
    "no_family_yet", "ready", "known_to_family",
)  # fmt: skip
"""What may speak for a helper, as codes, so that either language can tell it."""
NEAREST = ("same_village", "same_township", "same_county", "same_city")
"""How near, from five shared levels of the region tree (province, city, county, township, village) down to two."""
LEVELS = 5
WINDOW_MONTHS = 12
"""So many months of service left earn the whole part: a pairing is reviewed after a year (P02)."""
FOREVER = 999
"""Months left of a service without an end."""
WORD = 64


@dataclass(frozen=True)
class Weights:
    """What counts how much for a family. The parts of the best helper thinkable add up to 100.

    Nearness has four steps, of which a helper earns one; of every other part a helper earns all, some or nothing.
    """

    same_village: int = 35
    same_township: int = 26
    same_county: int = 13
    same_city: int = 4
    language: int = 20
    skills: int = 10
    load: int = 15
    window: int = 5
    sex: int = 5
    ready: int = 5
    previous: int = 5
    other_village: bool = False
    """A hard rule: helpers of the family's own village are left out (families that fear being talked about)."""

    @classmethod
    def scaled(cls, values: Mapping[str, int], *, other_village: bool = False) -> Weights:
        """Weights in these proportions; rounding goes to the largest part. What is missing weighs nothing, and whoever
        lives farther away never earns more."""
        best = {name: int(values.get(name, 0)) for name in _FULL_PARTS}
        total = sum(best.values()) or 1
        full = {name: value * 100 // total for name, value in best.items()}
        full[max(best, key=lambda name: best[name])] += 100 - sum(full.values()) if any(best.values()) else 0
        near = [full[NEAREST[0]], *(int(values.get(name, 0)) * 100 // total for name in NEAREST[1:])]
        full |= dict(zip(NEAREST, accumulate(near, min), strict=True))
        return cls(**full, other_village=other_village)

    @property
    def most(self) -> dict[str, int]:
        """By part, in the order of PARTS, the points that the best helper who may be asked earns in it."""
        nearest = self.same_township if self.other_village else self.same_village
        return {"distance": nearest, **{part: int(getattr(self, part)) for part in PARTS[1:]}}

    def as_json(self) -> dict[str, int]:
        """As stored with a proposal; `of` reads it."""
        return {each.name: int(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def of(cls, stored: Mapping[str, int]) -> Weights:
        """The weights that `as_json` wrote."""
        points = {name: int(value) for name, value in stored.items() if name != "other_village"}
        return cls(**points, other_village=bool(stored["other_village"]))


_FULL_PARTS = ("same_village", "language", "skills", "load", "window", "sex", "ready", "previous")
USUAL = Weights()


@dataclass(frozen=True, slots=True)
class Place:
    """What a family looks for."""

    path: str
    """Of its village in the unit tree."""
    kinds: frozenset[str]
    """Kinds of helper that the programme allows."""
    day: date
    id: UUID | None = None
    """Of the case, where there are several."""
    other_categories: frozenset[str] = frozenset()
    """Kinds of helper that are for families of other categories."""
    full_seats: frozenset[str] = frozenset()
    """Kinds of which the family has as many helpers as it may have at once."""
    languages: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    wanted_sex: str = ""
    """1 or 2 (GB/T 2261.1) when the family said so."""
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
    tier: str = ""
    """Risk tier, A to D: how urgent it is."""
    since: date | None = None
    """The day from which the family has had nobody."""
    weights: Weights = USUAL


@dataclass(frozen=True, slots=True)
class Applicant:
    """A helper as the matching sees one."""

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
    ready: bool = True
    """Whether everything that the pairing gate asks of the kind is in force: training, insurance."""
    checked: bool = True
    """Whether a background check is in force, or the kind needs none."""
    languages: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    """The needs that the helper can meet."""
    sex: str = "0"
    certificate: bytes | None = None
    address: str = ""


def months_left(end: date | None, day: date) -> int:
    """Full months from the day to the end of service; 999 when there is no end, 0 when it is past."""
    if end is None:
        return FOREVER
    months = (end.year - day.year) * 12 + end.month - day.month - (end.day < day.day)
    return max(months, 0)


def is_relative(place: Place, one: Applicant) -> bool:
    """Whether the helper is of this household: the same certificate, or the same address."""
    same_person = one.certificate is not None and one.certificate in place.certificates
    return same_person or bool(one.address and one.address in place.addresses)


class Board:
    """Families against helpers, as columns. `f` and `h` are positions of families and helpers in shapes that broadcast:
    (n, 1) and (1, m) compare everybody with everybody, (n,) and (n,) compare pairs.

    All families ask for the same day.
    """

    def __init__(self, places: Sequence[Place], applicants: Sequence[Applicant]) -> None:
        self.places, self.applicants = places, applicants
        self.free: Ints = np.maximum(_column(one.places - one.load for one in applicants), 0)

    # --- hard rules

    def obstacles(self, f: Ints, h: Ints) -> NDArray[np.uint8]:
        """For each pair the first hard rule that fails, by its place in RULES from 1; 0: the helper may be asked."""
        shape = np.broadcast_shapes(f.shape, h.shape)
        found: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        of_pairs = {
            "not_for_minors": self._minor[f] & ~self._takes_minors[h],
            "same_village": self._elsewhere[f] & (self._home[f] == self._base[h]),
            **{rule: self._related(rule, f, h, shape) for rule in RELATED},
        }
        for rule, mask in reversed(of_pairs.items()):
            if mask is not None:
                np.copyto(found, _NUMBER[rule], where=np.broadcast_to(mask, shape))
        for fails in (self._kind_fails[f, self._kind[h]], self.unfit[h]):
            np.copyto(found, fails, where=np.broadcast_to(fails > 0, shape))
        return found

    @cached_property
    def unfit(self) -> NDArray[np.uint8]:
        """For each helper the first rule that keeps everybody from asking, as in `obstacles`."""
        found: NDArray[np.uint8] = np.zeros(len(self.applicants), np.uint8)
        day = self.places[0].day if self.places else date.min
        served = [
            (one.from_date is None or one.from_date <= day) and (one.to_date is None or one.to_date > day)
            for one in self.applicants
        ]
        masks = (
            [not one.is_active for one in self.applicants],
            [not each for each in served],
            self._months < _column(one.min_months for one in self.applicants),
            self.free == 0,
        )
        for number, mask in reversed(list(enumerate(masks, start=1))):
            found[np.asarray(mask, bool)] = number
        return found

    # --- points

    def scores(self, f: Ints, h: Ints) -> NDArray[np.int16]:
        """The sum of the parts for each pair."""
        total: NDArray[np.int16] = np.zeros(np.broadcast_shapes(f.shape, h.shape), np.int16)
        for part in PARTS:
            total += self._part(part, f, h)
        return total

    def parts(self, f: Ints, h: Ints) -> NDArray[np.int16]:
        """The points of each part, in the order of PARTS along the last axis."""
        shape = np.broadcast_shapes(f.shape, h.shape)
        return np.stack([np.broadcast_to(self._part(part, f, h), shape) for part in PARTS], axis=-1).astype(np.int16)

    def reasons(self, f: Ints, h: Ints) -> list[tuple[str, ...]]:
        """What speaks for each helper, for positions of pairs."""
        shared = self._shared(f, h)
        speaks = {
            **{near: shared == LEVELS - step for step, near in enumerate(NEAREST)},
            "same_language": _common(self._tongues, f, h) > 0,
            "has_skills": _common(self._abilities, f, h) > 0,
            "preferred_sex": self._wanted[f] == self._sexes[h],
            "no_family_yet": self._loads[h] == 0,
            "ready": self._is_ready(f, h),
            "known_to_family": self._related("previous", f, h, f.shape),
        }
        table = np.stack([np.broadcast_to(speaks[reason], f.shape) for reason in REASONS], axis=-1)
        return [tuple(reason for reason, holds in zip(REASONS, row, strict=True) if holds) for row in table.tolist()]

    def _part(self, part: str, f: Ints, h: Ints) -> Numbers:
        """What a pair earns in one part: the method of that name."""
        earned: Numbers = getattr(self, f"_{part}")(f, h)
        return earned.astype(np.int16)

    def _distance(self, f: Ints, h: Ints) -> Numbers:
        shared = self._shared(f, h)
        points = self._weight(NEAREST[-1])[f] * (shared > LEVELS - len(NEAREST))
        for step in range(len(NEAREST) - 1):
            more = self._weight(NEAREST[step]) - self._weight(NEAREST[step + 1])
            points = points + more[f] * (shared >= LEVELS - step)
        return points

    def _shared(self, f: Ints, h: Ints) -> NDArray[np.int8]:
        """How many levels of the region tree both share."""
        levels: NDArray[np.int8] = np.zeros(np.broadcast_shapes(f.shape, h.shape), np.int8)
        for mine, theirs in zip(*self._regions, strict=True):
            levels += mine[f] == theirs[h]
        return levels

    def _language(self, f: Ints, h: Ints) -> Numbers:
        """The whole part with a common language, half of it where one side's is not known."""
        mine, theirs = self._tongues
        weight = self._weight("language")[f]
        told: tuple[Bools, Bools] = (np.any(mine, axis=1), np.any(theirs, axis=1))
        known = told[0][f] & told[1][h]
        return np.where(known, weight * (_common(self._tongues, f, h) > 0), weight // 2)

    def _skills(self, f: Ints, h: Ints) -> Numbers:
        """By the share of the family's needs that the helper can meet; a family without needs lacks nothing."""
        needs: Ints = np.bitwise_count(self._abilities[0]).sum(axis=1)
        weight, met = self._weight("skills")[f], _common(self._abilities, f, h) / np.maximum(needs, 1)[f]
        return np.where(needs[f] > 0, np.rint(weight * met), weight)

    def _load(self, f: Ints, h: Ints) -> Numbers:
        """By the share of the helper's places that are free."""
        earned: Numbers = np.rint(self._weight("load")[f] * self._free_share[h])
        return earned

    def _window(self, f: Ints, h: Ints) -> Numbers:
        """By the months of service that are left."""
        earned: Numbers = np.rint(self._weight("window")[f] * self._window_share[h])
        return earned

    def _sex(self, f: Ints, h: Ints) -> Numbers:
        """As the family wishes, or it does not mind."""
        earned: Numbers = self._weight("sex")[f] * ((self._wanted[f] == 0) | (self._wanted[f] == self._sexes[h]))
        return earned

    def _ready(self, f: Ints, h: Ints) -> Numbers:
        """Whether the pairing gate would let the two pass today."""
        earned: Numbers = self._weight("ready")[f] * self._is_ready(f, h)
        return earned

    def _is_ready(self, f: Ints, h: Ints) -> Bools:
        ready: Bools = self._gated[h] & (self._checked[h] | ~self._minor[f])
        return ready

    def _previous(self, f: Ints, h: Ints) -> Numbers:
        known = self._related("previous", f, h, np.broadcast_shapes(f.shape, h.shape))
        return self._weight("previous")[f] * (False if known is None else known)

    def _weight(self, name: str) -> NDArray[np.int16]:
        return self._weights[name]

    # --- columns of families

    @cached_property
    def _weights(self) -> dict[str, NDArray[np.int16]]:
        kept: dict[Weights, tuple[int, ...]] = {}
        names = [each.name for each in fields(Weights)]
        rows = []
        for place in self.places:
            known = kept.get(place.weights)
            if known is None:
                known = kept[place.weights] = tuple(int(getattr(place.weights, name)) for name in names)
            rows.append(known)
        table = np.array(rows, np.int16).reshape(len(rows), len(names))
        return {name: np.ascontiguousarray(table[:, number]) for number, name in enumerate(names)}

    @cached_property
    def _elsewhere(self) -> Bools:
        return self._weights["other_village"].astype(bool)

    @cached_property
    def _minor(self) -> Bools:
        return _flags(place.has_minor for place in self.places)

    @cached_property
    def _wanted(self) -> Ints:
        return _column(int(place.wanted_sex or 0) for place in self.places)

    @cached_property
    def _kind_fails(self) -> NDArray[np.uint8]:
        """Family × kind of helper: the first rule that fails, as in `obstacles`."""
        kinds = sorted({one.kind for one in self.applicants})

        def fails(*wanted: frozenset[str]) -> list[int]:
            allowed, *barred = wanted
            tests = (lambda kind: kind not in allowed, *(each.__contains__ for each in barred))
            codes = [[_NUMBER[rule] for rule, test in zip(ABOUT_KINDS, tests, strict=True) if test(k)] for k in kinds]
            return [found[0] if found else 0 for found in codes]

        kept = cache(fails)
        rows = [kept(place.kinds, place.other_categories, place.full_seats) for place in self.places]
        return np.array(rows, np.uint8).reshape(len(rows), len(kinds))

    # --- columns of helpers

    @cached_property
    def _kind(self) -> Ints:
        number = {kind: place for place, kind in enumerate(sorted({one.kind for one in self.applicants}))}
        return _column(number[one.kind] for one in self.applicants)

    @cached_property
    def _takes_minors(self) -> Bools:
        return _flags(one.minors for one in self.applicants)

    @cached_property
    def _gated(self) -> Bools:
        return _flags(one.ready for one in self.applicants)

    @cached_property
    def _checked(self) -> Bools:
        return _flags(one.checked for one in self.applicants)

    @cached_property
    def _sexes(self) -> Ints:
        return _column(int(one.sex) if one.sex in {"1", "2"} else -1 for one in self.applicants)

    @cached_property
    def _loads(self) -> Ints:
        return _column(one.load for one in self.applicants)

    @cached_property
    def _months(self) -> Ints:
        day = self.places[0].day if self.places else date.min
        return _column(months_left(one.to_date, day) for one in self.applicants)

    @cached_property
    def _free_share(self) -> NDArray[np.float64]:
        share: NDArray[np.float64] = self.free / np.maximum(_column(one.places for one in self.applicants), 1)
        return share

    @cached_property
    def _window_share(self) -> NDArray[np.float64]:
        share: NDArray[np.float64] = np.minimum(self._months, WINDOW_MONTHS) / WINDOW_MONTHS
        return share

    # --- columns of both

    @cached_property
    def _regions(self) -> tuple[list[Ints], list[Ints]]:
        """For each level of the region tree a number per region, of families and of helpers; none is -1 and -2."""
        number: dict[str, int] = {}
        mine = _by_level((place.path for place in self.places), number, missing=-1)
        theirs = _by_level((one.path for one in self.applicants), number, missing=-2)
        return mine, theirs

    @property
    def _home(self) -> Ints:
        return self._regions[0][LEVELS - 1]

    @property
    def _base(self) -> Ints:
        return self._regions[1][LEVELS - 1]

    def region(self, level: int) -> tuple[Ints, Ints]:
        """The region of each family and helper at a level: 1 province … 5 village; at level 0 all share one."""
        if level == 0:
            return np.zeros(len(self.places), np.int64), np.zeros(len(self.applicants), np.int64)
        return self._regions[0][level - 1], self._regions[1][level - 1]

    @cached_property
    def _tongues(self) -> tuple[Numbers, Numbers]:
        return _bits([place.languages for place in self.places], [one.languages for one in self.applicants])

    @cached_property
    def _abilities(self) -> tuple[Numbers, Numbers]:
        return _bits([place.needs for place in self.places], [one.skills for one in self.applicants])

    # --- relations: few pairs, kept as lists

    @cached_property
    def _relations(self) -> dict[str, tuple[Ints, Ints]]:
        """Pairs of positions by what they are to each other, ordered by family."""
        position = {one.id: number for number, one in enumerate(self.applicants)}

        def known(name: str) -> Iterable[tuple[int, int]]:
            for number, place in enumerate(self.places):
                for helper in getattr(place, name):
                    if helper in position:
                        yield number, position[helper]

        pairs = {
            "same_household": self._relatives(),
            "with_family_now": known("paired"),
            "asked_before": known("asked"),
            "previous": known("previous"),
        }
        return {name: _sorted_pairs(several) for name, several in pairs.items()}

    def _relatives(self) -> Iterable[tuple[int, int]]:
        """As `is_relative` says, found by looking certificates and addresses up."""
        households: dict[bytes | str, list[int]] = {}
        for number, place in enumerate(self.places):
            marks: tuple[bytes | str, ...] = (*place.certificates, *place.addresses)
            for key in marks:
                households.setdefault(key, []).append(number)
        for number, one in enumerate(self.applicants):
            for mark in (one.certificate, one.address):
                for family in households.get(mark, ()) if mark else ():
                    yield family, number

    def _related(self, name: str, f: Ints, h: Ints, shape: tuple[int, ...]) -> Bools | None:
        """Which of the pairs stand in this relation; None: none at all."""
        mine, theirs = self._relations[name]
        if not len(mine):
            return None
        if len(shape) == 1:
            many = len(self.applicants)
            return np.isin(f * many + h, mine * many + theirs)
        rows, columns = f.ravel(), h.ravel()
        wanted = np.isin(mine, rows)
        if not wanted.any():
            return None
        row, column = _positions(rows, len(self.places)), _positions(columns, len(self.applicants))
        at = row[mine[wanted]], column[theirs[wanted]]
        inside = at[1] >= 0
        marked: Bools = np.zeros(shape, bool)
        marked[at[0][inside], at[1][inside]] = True
        return marked


def _column(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)


def _flags(values: Iterable[bool]) -> Bools:
    return np.fromiter(values, bool)


def _by_level(paths: Iterable[str], number: dict[str, int], *, missing: int) -> list[Ints]:
    kept: dict[str, tuple[int, ...]] = {}
    rows = []
    for path in paths:
        if path not in kept:
            parts = path.rstrip(".").split(".")[:LEVELS]
            prefixes = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
            known = [number.setdefault(prefix, len(number)) for prefix in prefixes]
            kept[path] = (*known, *[missing] * (LEVELS - len(known)))
        rows.append(kept[path])
    table = np.array(rows, np.int64).reshape(len(rows), LEVELS)
    return [np.ascontiguousarray(table[:, level]) for level in range(LEVELS)]


def _bits(mine: Sequence[frozenset[str]], theirs: Sequence[frozenset[str]]) -> tuple[Numbers, Numbers]:
    """Sets of words as bits: one row per set, as many 64-bit words as the vocabulary takes."""
    vocabulary = sorted(frozenset().union(*set(mine), *set(theirs)))
    place = {word: number for number, word in enumerate(vocabulary)}
    width = len(vocabulary) // WORD + 1
    kept: dict[frozenset[str], list[int]] = {}

    def row(words: frozenset[str]) -> list[int]:
        if words not in kept:
            kept[words] = [0] * width
            for word in words:
                kept[words][place[word] // WORD] |= 1 << place[word] % WORD
        return kept[words]

    tables = [np.array([row(words) for words in side], np.uint64).reshape(len(side), width) for side in (mine, theirs)]
    return tables[0], tables[1]


def _common(bits: tuple[Numbers, Numbers], f: Ints, h: Ints) -> Numbers:
    """How many words both have."""
    mine, theirs = bits
    common: Numbers = np.bitwise_count(mine[f, 0] & theirs[h, 0])
    for word in range(1, mine.shape[1]):
        common = common + np.bitwise_count(mine[f, word] & theirs[h, word])
    return common


def _sorted_pairs(pairs: Iterable[tuple[int, int]]) -> tuple[Ints, Ints]:
    table = np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)
    return np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1])


def _positions(chosen: Ints, many: int) -> Ints:
    """Where each of `many` stands among the chosen; -1: nowhere."""
    where: Ints = np.full(many, -1, np.int64)
    where[chosen] = np.arange(len(chosen))
    return where
