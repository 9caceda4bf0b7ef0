"""Small numbers: what may be told of counts so that nobody can work out a figure of one to four (E32, domain.md 2g).

Hidden is what is below the smallest figure; a told figure as well, where one that is hidden could be worked out from
it: by subtraction in one list, or between two lists of the same unit and kind that follow one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SMALLEST = 5
"""Nothing below it is told, whatever a parameter says: the database has the same number."""


@dataclass(frozen=True)
class Told:
    """What a list told: the sum of all and each figure by its label; None where it is kept back."""

    total: int | None
    cells: Mapping[str, int | None]


def told(cells: Mapping[str, int], smallest: int = SMALLEST, earlier: Iterable[Told] = ()) -> Told:
    """The total and the figures as they may be told beside what earlier lists have told.

    What the told total and the told figures leave over is itself a figure that anybody can work out: it is nothing, or
    at least the smallest, and fits more than one way of filling the gaps. Until then the smallest of the told figures
    is kept back as well.
    """
    total, before = sum(cells.values()), list(earlier)
    nothing = Told(None, dict.fromkeys(cells))
    if total < smallest:
        return nothing
    shown = {name: number for name, number in cells.items() if number >= smallest}
    shown = {name: number for name, number in shown.items() if _moved_safely(name, number, before, smallest)}
    while True:
        result = Told(total, {name: shown.get(name) for name in cells})
        if _is_safe(result, smallest) and all(is_safe_beside(result, each, smallest) for each in before):
            return result
        if not shown:
            return nothing
        least = min(shown.values())  # equal figures go together: which of them went would tell of the others
        shown = {name: number for name, number in shown.items() if number > least}


def is_safe_beside(new: Told, old: Told, smallest: int = SMALLEST) -> bool:
    """Whether no difference between two lists is one to four: of a figure, of the total, or of what both leave over."""
    both = [name for name, number in new.cells.items() if number is not None and old.cells.get(name) is not None]
    moves = [(new.cells[name] or 0) - (old.cells[name] or 0) for name in both]
    if new.total is not None and old.total is not None:
        moved = new.total - old.total
        moves += [moved, moved - sum(moves)]
    return all(move == 0 or abs(move) >= smallest for move in moves)


def _is_safe(result: Told, smallest: int) -> bool:
    """Whether what is left over tells nobody: nothing hidden, or enough of it, spread over two figures or more, and
    not so much that all of them must be the largest hidden one."""
    hidden = sum(1 for number in result.cells.values() if number is None)
    if hidden == 0 or result.total is None:
        return True
    left_over = result.total - sum(number or 0 for number in result.cells.values())
    return hidden > 1 and left_over >= smallest and left_over != hidden * (smallest - 1)


def _moved_safely(name: str, number: int, before: list[Told], smallest: int) -> bool:
    figures = (each.cells.get(name) for each in before)
    return all(figure is None or figure == number or abs(figure - number) >= smallest for figure in figures)
