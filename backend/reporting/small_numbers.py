"""Small numbers (E32): a count below five tells of persons, so it is not shown where figures are shared, and neither is
a figure from which it could be worked out by subtraction.

Of a rate both sides are looked at: "31 of 33" tells of the two as well. What the shown total and the shown rows leave
over is a figure that anybody can work out: it is nothing, or large enough on both sides and spread over two rows or
more. Until it is, one row more is kept back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SMALLEST = 5
"""Where no parameter `indicator.smallest` is set."""


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

    def is_small(self, smallest: int) -> bool:
        """Whether a side of it tells of so few that they could be made out."""
        sides = (self.hits,) if self.of is None else (self.hits, self.of, self.of - self.hits)
        return any(0 < side < smallest for side in sides)


def shown(rows: Mapping[str, Pair], smallest: int = SMALLEST) -> tuple[bool, frozenset[str]]:
    """Whether the total may be shown, and the rows that may."""
    total = sum(rows.values(), Pair())
    empty = {name for name, pair in rows.items() if pair.is_empty}
    if total.is_small(smallest):
        return False, frozenset(empty)
    told = {name for name, pair in rows.items() if not pair.is_small(smallest)}
    while not _is_safe([pair for name, pair in rows.items() if name not in told], smallest):
        left = told - empty
        if not left:
            return False, frozenset(told)
        told.remove(min(left, key=lambda name: (rows[name].of or rows[name].hits, name)))
    return True, frozenset(told)


def _is_safe(kept_back: Sequence[Pair], smallest: int) -> bool:
    if not kept_back:
        return True
    return len(kept_back) > 1 and not sum(kept_back, Pair()).is_small(smallest)
