"""Small numbers (E32, domain.md 2g): a count of one to four tells of persons, so it is not told where figures are
shared, and neither is a figure from which it could be worked out.

Worked out by subtraction: what the told total and the told figures leave over is a figure that anybody can work out. It
has to be nothing, or large enough, spread over two figures or more, and to fit more than one way of filling the gaps.
Until then the smallest told figures are kept back as well. Of a rate all sides are looked at: "31 of 33" tells of the
two. Between two lists that follow one another the differences are looked at in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SMALLEST = 5
"""Nothing below it is told where no parameter `indicator.smallest` is set; notices' own table has the same number."""


@dataclass(frozen=True)
class Pair:
    """How many hit, of how many; `of` is None where only a number is told."""

    hits: int = 0
    of: int | None = None

    def __add__(self, other: Pair) -> Pair:
        if self.of is None and other.of is None:
            return Pair(self.hits + other.hits)
        return Pair(self.hits + other.hits, (self.of or 0) + (other.of or 0))

    @property
    def is_empty(self) -> bool:
        """Nothing was counted: that tells of nobody."""
        return not self.hits and not self.of

    @property
    def size(self) -> int:
        """How many it is about."""
        return self.hits if self.of is None else self.of

    @property
    def sides(self) -> tuple[int, ...]:
        """Every number that it tells: hits, and of a rate also of how many, and how many missed."""
        return (self.hits,) if self.of is None else (self.hits, self.of, self.of - self.hits)

    def is_small(self, smallest: int = SMALLEST) -> bool:
        """Whether a side of it tells of so few that they could be made out."""
        return any(0 < side < smallest for side in self.sides)


@dataclass(frozen=True)
class Told:
    """What a list told: the sum of all and each figure by its label; None where it is kept back."""

    total: int | None
    cells: Mapping[str, int | None]


def shown(rows: Mapping[str, Pair], smallest: int = SMALLEST) -> tuple[bool, frozenset[str]]:
    """Whether the total may be told, and the rows that may; rows in which nothing was counted always may."""
    empty = {name for name, pair in rows.items() if pair.is_empty}
    if sum(rows.values(), Pair()).is_small(smallest):
        return False, frozenset(empty)
    told = {name for name, pair in rows.items() if not pair.is_small(smallest)}
    while not _leaves_no_trace([pair for name, pair in rows.items() if name not in told], smallest):
        if not told - empty:
            return False, frozenset(told)
        told -= _least({name: rows[name] for name in told - empty})
    return True, frozenset(told)


def told(cells: Mapping[str, int], smallest: int = SMALLEST, earlier: Iterable[Told] = ()) -> Told:
    """The total and the figures as they may be told beside what earlier lists have told; 0 is kept back as well, for
    a list that names what it has none of tells who is missing."""
    rows = {name: Pair(number) for name, number in cells.items()}
    total, before = sum(cells.values()), list(earlier)
    nothing = Told(None, dict.fromkeys(cells))
    if total < smallest:
        return nothing
    kept = {name for name, number in cells.items() if number >= smallest}
    kept = {name for name in kept if _moved_safely(name, cells[name], before, smallest)}
    while True:
        result = Told(total, {name: number if name in kept else None for name, number in cells.items()})
        hidden = [pair for name, pair in rows.items() if name not in kept]
        beside = all(is_safe_beside(result, each, smallest) for each in before)
        if beside and (not hidden or (_leaves_no_trace(hidden, smallest) and not sum(hidden, Pair()).is_empty)):
            return result
        if not kept:
            return nothing
        kept -= _least({name: rows[name] for name in kept})


def is_safe_beside(new: Told, old: Told, smallest: int = SMALLEST) -> bool:
    """Whether no difference between two lists is one to four: of a figure, of the total, or of what both leave over."""
    both = [name for name, number in new.cells.items() if number is not None and old.cells.get(name) is not None]
    moves = [(new.cells[name] or 0) - (old.cells[name] or 0) for name in both]
    if new.total is not None and old.total is not None:
        moved = new.total - old.total
        moves += [moved, moved - sum(moves)]
    return all(move == 0 or abs(move) >= smallest for move in moves)


def _leaves_no_trace(hidden: Sequence[Pair], smallest: int) -> bool:
    """Whether what is kept back tells nobody: nothing hidden, or enough of it, spread over two figures or more, and
    not so much that all of them must be the largest hidden one."""
    if not hidden:
        return True
    left_over = sum(hidden, Pair())
    full = any(side == len(hidden) * (smallest - 1) for side in left_over.sides)
    return len(hidden) > 1 and not left_over.is_small(smallest) and not full


def _least(rows: Mapping[str, Pair]) -> set[str]:
    """The smallest of them. Equal ones go together: which of them went would tell of the others."""
    least = min(pair.size for pair in rows.values())
    return {name for name, pair in rows.items() if pair.size == least}


def _moved_safely(name: str, number: int, before: list[Told], smallest: int) -> bool:
    figures = (each.cells.get(name) for each in before)
    return all(figure is None or figure == number or abs(figure - number) >= smallest for figure in figures)
