"""What each kind of step costs, month by month: time of the processor, time on the clock, statements."""

from __future__ import annotations

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.db import connection

FEWEST = 20
"""Steps of a kind in each of two months, before these are compared."""


@dataclass
class Cost:
    """Of all steps of one kind in one month: a value for each, in milliseconds and statements."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)

    def add(self, other: Cost) -> None:
        """Count those of another process in."""
        self.cpu += other.cpu
        self.wall += other.wall
        self.statements += other.statements


Month = dict[str, Cost]


@dataclass
class Meter:
    """Kind of step → cost, for the month that runs."""

    month: Month = field(default_factory=lambda: defaultdict(Cost))
    _count: int = 0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """While this lasts, statements of this process's connection are counted."""

        def count(execute: Callable[..., Any], *given: Any) -> Any:
            self._count += 1
            return execute(*given)

        with connection.execute_wrapper(count):
            yield

    @contextmanager
    def step(self, kind: str) -> Iterator[None]:
        """One step of this kind; one that fails is not counted."""
        cpu, wall, statements = time.process_time(), time.perf_counter(), self._count
        yield
        cost = self.month[kind]
        cost.cpu.append((time.process_time() - cpu) * 1000)
        cost.wall.append((time.perf_counter() - wall) * 1000)
        cost.statements.append(self._count - statements)

    def turn(self) -> Month:
        """The month is over: its costs."""
        over, self.month = self.month, defaultdict(Cost)
        return dict(over)


def together(parts: list[Month]) -> Month:
    """The same month of several processes."""
    whole: Month = {}
    for part in parts:
        for kind, cost in part.items():
            whole.setdefault(kind, Cost()).add(cost)
    return whole


@dataclass(frozen=True)
class Ratio:
    """A later month over an earlier one, for the same kinds of steps in the earlier month's numbers."""

    cpu: float
    wall: float
    statements: float
    kinds: Mapping[str, tuple[float, float]]
    """Kind → medians of processor milliseconds in both months."""


def ratio(later: Month, earlier: Month) -> Ratio:
    """By the medians of each kind, so that a moment in which the machine did something else does not count. Raises
    ValueError when the months have no kind in common."""
    kinds = sorted(
        kind for kind in later.keys() & earlier.keys() if min(len(later[kind].cpu), len(earlier[kind].cpu)) >= FEWEST
    )
    if not kinds:
        raise ValueError("these months have nothing in common")

    def weighted(month: Month, of: Callable[[Cost], float]) -> float:
        return sum(len(earlier[kind].cpu) * of(month[kind]) for kind in kinds)

    def over(of: Callable[[Cost], float]) -> float:
        return weighted(later, of) / weighted(earlier, of)

    return Ratio(
        cpu=over(lambda cost: median(cost.cpu)),
        wall=over(lambda cost: median(cost.wall)),
        statements=over(lambda cost: sum(cost.statements) / len(cost.statements)),
        kinds={kind: (median(later[kind].cpu), median(earlier[kind].cpu)) for kind in kinds},
    )


def memory() -> float:
    """The most memory that this process ever had, in megabytes."""
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobyte / 1e6
