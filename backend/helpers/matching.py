"""Who might help whom: the best for one family, or the best overall for many. Pure: no database, no clock.

Rules and points are those of `scoring`, fairness that of `flows`. The result is a proposal to people, never an
assignment: a helper can only be asked (志愿服务条例 art. 25; domain.md D04).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from backend.helpers.flows import NOBODY, Pairs, best_assignment, most_served
from backend.helpers.scoring import PARTS, RULES, Applicant, Board, Ints, Place

TIERS = ("A", "B", "C", "", "D")
"""The order of urgency; who has not been classified comes before who wants to be left alone."""
CANDIDATES = 30
"""So many helpers are weighed for each family of a large batch: the best of its township, else of wider areas."""
EVERYBODY = 60_000
"""Up to so many pairs every helper is weighed for every family, and the answer is the best there is."""
BLOCK = 1 << 18
"""Pairs that are compared at once: what the processor keeps near."""
WIDEST = 2_000
"""In an area with more helpers, so many are looked at for each family, others for the next families."""
AREAS = (4, 3, 0)
"""Township, county, everywhere: levels of the region tree that are searched until there are candidates enough."""
SECOND_LOOKS = 3


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


@dataclass(frozen=True)
class Proposed:
    """What a batch proposes for one family; without a helper, why not."""

    place: Place
    helper: Ranked | None
    rank: int
    """Of the family in the order of need: 1 is served first."""
    candidates: int
    """How many helpers were weighed."""
    excluded: Mapping[str, int]
    """How many of the helpers looked at each hard rule ruled out."""

    @property
    def nobody_because(self) -> str:
        """`none_fits`: the rules leave nobody; `needed_elsewhere`: all who fit go to families in greater need."""
        if self.helper is not None:
            return ""
        return "needed_elsewhere" if self.candidates else "none_fits"


def rank(place: Place, applicants: Sequence[Applicant], *, top: int = 3) -> Ranking:
    """The `top` best helpers for a place. Equal scores: the one with less to do, then the one known for longer."""
    board = Board([place], applicants)
    f, h = np.zeros((1, 1), np.int64), np.arange(len(applicants))[None, :]
    obstacles = board.obstacles(f, h)[0]
    fitting = np.flatnonzero(obstacles == 0)
    scores = board.scores(f, fitting[None, :])[0]
    order = zip((-scores).tolist(), fitting.tolist(), strict=True)
    best = heapq.nsmallest(top, order, key=lambda each: (each[0], applicants[each[1]].load, applicants[each[1]].id))
    chosen = np.array([number for _, number in best], np.int64)
    counts = np.bincount(obstacles, minlength=len(RULES) + 1)
    return Ranking(best=tuple(_ranked(board, np.zeros_like(chosen), chosen)), excluded=_by_rule(counts[1:]))


def obstacle_of(place: Place, one: Applicant) -> str:
    """The first hard rule that keeps this helper from this family, as a code; empty when none does."""
    here = np.zeros((1, 1), np.int64)
    found = int(Board([place], [one]).obstacles(here, here)[0, 0])
    return RULES[found - 1] if found else ""


def score(place: Place, one: Applicant) -> Ranked:
    """How well the helper fits, whether or not a hard rule stands against it."""
    here = np.zeros(1, np.int64)
    return next(_ranked(Board([place], [one]), here, here))


def assign(
    places: Sequence[Place], applicants: Sequence[Applicant], *, seed: int = 0, candidates: int = CANDIDATES
) -> list[Proposed]:
    """The best overall proposal: at most one helper for each family, nobody beyond their free places.

    Families come in the order of need (see `by_need`), and who is served follows this order alone; by whom, the sum of
    scores. All places ask for the same day and carry ids. The same rows and seed give the same answer, in whatever
    order the rows come. In small batches every pair is weighed and the answer is optimal; in large ones it is optimal
    over the `candidates` best of each family's area, and whoever is left with nobody is looked at again among helpers
    with places left.
    """
    families = by_need(places, seed)
    helpers = sorted(applicants, key=lambda one: (_lot(seed, one.id), one.id))
    search = _Search(Board(families, helpers), seed, candidates)
    served = search.solve()
    got = np.flatnonzero(served != NOBODY)
    chosen = dict(zip(got.tolist(), _ranked(search.board, got, served[got]), strict=True))
    counts = search.excluded.tolist()
    return [
        Proposed(
            place=place,
            helper=chosen.get(number),
            rank=number + 1,
            candidates=int(search.weighed[number]),
            excluded=_by_rule(counts[number]),
        )
        for number, place in enumerate(families)
    ]


def by_need(places: Sequence[Place], seed: int = 0) -> list[Place]:
    """Families in the order in which they are served: the most urgent tier first, then who has had nobody for longest;
    among equals lots are drawn by the seed (D22)."""
    return sorted(places, key=lambda each: (_urgency(each.tier), each.since or date.max, _lot(seed, each.id), each.id))


class _Search:
    """The candidates of a batch and the assignment over them."""

    def __init__(self, board: Board, seed: int, candidates: int) -> None:
        many, helpers = len(board.places), len(board.applicants)
        self.board = board
        weighs_all = many * helpers <= EVERYBODY
        self.areas: tuple[int, ...] = AREAS[-1:] if weighs_all else AREAS
        self.limit = helpers if weighs_all else candidates
        self.weighed: Ints = np.zeros(many, np.int64)
        self.excluded: Ints = np.zeros((many, len(RULES)), np.int64)
        self._mine = _lots(seed, [place.id for place in board.places])
        self._theirs = _lots(seed, [one.id for one in board.applicants])

    def solve(self) -> Ints:
        """For each family its helper's position, or NOBODY.

        Who cannot be served by the candidates of a large batch is looked at again, among helpers with places left.
        """
        everybody = np.arange(len(self.board.applicants))
        pairs = self._candidates(np.arange(len(self.board.places)), everybody, first=True)
        for _ in range(SECOND_LOOKS if len(self.areas) > 1 else 0):
            helper_of, competing = most_served(pairs)
            left = self.board.free - np.bincount(helper_of[helper_of != NOBODY], minlength=len(self.board.free))
            more = self._candidates(np.flatnonzero(competing), everybody[left > 0])
            if not len(more.families):
                break
            pairs = self._joined([pairs, more])
        return best_assignment(pairs)

    def _candidates(self, rows: Ints, columns: Ints, *, first: bool = False) -> Pairs:
        """The best helpers of each family's area, wider areas for those who find fewer than the limit.

        On the `first` search it is kept who was weighed and who ruled out.
        """
        found: list[Pairs] = []
        for level in self.areas:
            if not len(rows):
                break
            last = level == self.areas[-1]
            poor: list[Ints] = []
            for area, helpers in self._areas(rows, columns, level):
                unfit = self.board.unfit[helpers]
                if first:
                    self.excluded[area] = np.bincount(unfit, minlength=len(RULES) + 1)[1:]
                for block, some in self._blocks(area, helpers[unfit == 0]):
                    pairs, several = self._best(block, some, note=first)
                    enough = (several >= self.limit) | last
                    found.append(pairs.of(enough[np.searchsorted(block, pairs.families)]))
                    poor.append(block[~enough])
            rows = np.sort(np.concatenate(poor)) if poor else rows[:0]
        return self._joined(found)

    def _areas(self, rows: Ints, columns: Ints, level: int) -> Iterator[tuple[Ints, Ints]]:
        """Families and the helpers of their area, area by area."""
        mine, theirs = self.board.region(level)
        order = rows[np.argsort(mine[rows], kind="stable")]
        near = columns[np.argsort(theirs[columns], kind="stable")]
        regions, begins = np.unique(mine[order], return_index=True)
        ends = zip(*(np.searchsorted(theirs[near], regions, side) for side in ("left", "right")), strict=True)
        for several, (low, high) in zip(np.split(order, begins[1:]), ends, strict=True):
            yield several, np.sort(near[low:high])

    def _blocks(self, rows: Ints, columns: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Pieces that are compared at once; of very many helpers each piece of families sees others."""
        wide = len(self.areas) > 1 and len(columns) > WIDEST
        seen = WIDEST if wide else len(columns)
        height = max(BLOCK // max(seen, 1), 1)
        for number, begin in enumerate(range(0, len(rows), height)):
            turn = np.arange(number * seen, (number + 1) * seen)
            some = np.sort(np.take(columns, turn, mode="wrap")) if wide else columns
            yield rows[begin : begin + height], some

    def _best(self, rows: Ints, columns: Ints, *, note: bool) -> tuple[Pairs, Ints]:
        """The best pairs of each family of a block, and how many helpers may be asked for each."""
        f, h = rows[:, None], columns[None, :]
        obstacles = self.board.obstacles(f, h)
        free = obstacles == 0
        several: Ints = np.count_nonzero(free, axis=1)
        if note:
            self._note(rows, obstacles, several)
        scores = self.board.scores(f, h)
        if len(columns) > self.limit:
            free &= self._among_best(f, h, np.where(free, scores, -1))
        row, column = np.nonzero(free)
        return self._pairs(rows[row], columns[column], scores[row, column]), several

    def _among_best(self, f: Ints, h: Ints, scores: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Which helpers are among each family's best; equals by lot, so that not all families have the same."""
        lot = ((self._mine[f] ^ self._theirs[h]) * np.uint32(0x9E3779B1)) >> np.uint32(8)
        keys = scores.astype(np.int32) << 24 | lot.astype(np.int32)
        least = np.partition(keys, keys.shape[1] - self.limit, axis=1)[:, [keys.shape[1] - self.limit]]
        chosen: NDArray[np.bool_] = keys >= least
        return chosen

    def _note(self, rows: Ints, obstacles: NDArray[np.uint8], several: Ints) -> None:
        """Who was weighed for each family and who ruled out, in the widest area looked at."""
        width = len(RULES) + 1
        cells = (np.arange(len(rows)) * width)[:, None] + obstacles
        counts = np.bincount(cells.ravel(), minlength=len(rows) * width).reshape(len(rows), width)
        self.weighed[rows] = several
        self.excluded[rows] += counts[:, 1:]

    def _pairs(self, families: Ints, helpers: Ints, scores: NDArray[np.int16]) -> Pairs:
        return Pairs(families, helpers, scores, len(self.board.places), self.board.free)

    def _joined(self, several: Sequence[Pairs]) -> Pairs:
        """All pairs, each once, ordered by family and helper."""
        nothing = self._pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int16))
        every = (nothing, *several)
        families = np.concatenate([each.families for each in every])
        helpers = np.concatenate([each.helpers for each in every])
        _, once = np.unique(families * max(len(self.board.applicants), 1) + helpers, return_index=True)
        scores = np.concatenate([each.scores for each in every])
        return self._pairs(families[once], helpers[once], scores[once])


def _ranked(board: Board, f: Ints, h: Ints) -> Iterator[Ranked]:
    """Pairs of positions as people read them."""
    told = zip(h.tolist(), board.parts(f, h).tolist(), board.reasons(f, h), strict=True)
    for number, points, reasons in told:
        parts = dict(zip(PARTS, points, strict=True))
        yield Ranked(id=board.applicants[number].id, score=sum(points), parts=parts, reasons=reasons)


def _by_rule(counts: Sequence[int] | NDArray[np.int64]) -> dict[str, int]:
    return {rule: int(number) for rule, number in zip(RULES, counts, strict=True) if number}


def _urgency(tier: str) -> int:
    return TIERS.index(tier) if tier in TIERS else len(TIERS)


def _lot(seed: int, id: UUID | None) -> int:
    """A number that nobody can choose: the same for the same seed and id, on every machine."""
    drawn = blake2b(id.bytes if id else b"", digest_size=8, key=seed.to_bytes(8, "big", signed=True)).digest()
    return int.from_bytes(drawn, "big")


def _lots(seed: int, ids: Sequence[UUID | None]) -> NDArray[np.uint32]:
    return np.fromiter((_lot(seed, id) & 0xFFFFFFFF for id in ids), np.uint32, len(ids))
