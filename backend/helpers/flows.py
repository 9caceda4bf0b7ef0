"""Who is served, and by whom: the best assignment over given pairs of families and helpers. Pure.

**Who is served** follows need alone. The sets of families that can be helped at the same time form a matroid (they are
matched into helpers' places). In a matroid, taking elements by their rank, each one that still fits beside those
before, gives the heaviest set for *any* weights that fall with the rank. So with weights n, n - 1, …, 1 the heaviest
flow serves exactly whom that order serves: nobody waits because somebody of lower rank is easier to please, and no
larger number could be helped. Only families that some largest flow leaves out compete at all; they lie on the source's
side of the smallest cut (Dulmage and Mendelsohn 1958).

**By whom** is settled by score alone: of all ways to help exactly those families, the one with most points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.helpers.scoring import Bools, Ints

NOBODY = -1


class Unsolvable(ArithmeticError):
    """The solver gave no optimal answer: the numbers were beyond its range."""


@dataclass(frozen=True)
class Pairs:
    """Who may be proposed for whom, each pair once, with its score. Families are numbered in the order of need.

    The order of the pairs decides between answers that are equally good.
    """

    families: Ints
    helpers: Ints
    scores: NDArray[np.int16]
    many: int
    """How many families there are, with or without pairs."""
    places: Ints
    """Free places of each helper."""

    def of(self, chosen: Bools) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.families[chosen], self.helpers[chosen], self.scores[chosen], self.many, self.places)


def best_assignment(pairs: Pairs) -> Ints:
    """For each family its helper, or NOBODY. Raises Unsolvable."""
    _, competing = most_served(pairs)
    if competing.any():
        pairs = pairs.of((_neediest(pairs, competing) | ~competing)[pairs.families])
    return _helper_of(pairs, _heaviest(pairs, pairs.scores.astype(np.int64)))


def most_served(pairs: Pairs) -> tuple[Ints, Bools]:
    """Helpers of as many families as possible, whichever; and which families compete: nobody, if all can be served.

    A family without any pair competes as well: it waits.
    """
    from ortools.graph.python.max_flow import SimpleMaxFlow  # loaded where it is needed: each process starts without

    flow, source, sink = SimpleMaxFlow(), pairs.many + len(pairs.places), pairs.many + len(pairs.places) + 1
    families, helpers = np.split(np.arange(source, dtype=np.int32), [pairs.many])
    flow.add_arcs_with_capacity(np.full_like(families, source), families, np.ones(pairs.many, np.int64))
    arcs = flow.add_arcs_with_capacity(*_nodes(pairs), np.ones(len(pairs.families), np.int64))
    flow.add_arcs_with_capacity(helpers, np.full_like(helpers, sink), pairs.places)
    if flow.solve(source, sink) != SimpleMaxFlow.Status.OPTIMAL:
        raise Unsolvable
    cut = np.array(flow.get_source_side_min_cut(), np.int64)
    competing = np.zeros(pairs.many, bool)
    competing[cut[cut < pairs.many]] = True
    return _helper_of(pairs, flow.flows(arcs) > 0), competing


def _neediest(pairs: Pairs, competing: Bools) -> Bools:
    """Whom the order of need serves among those who compete."""
    rivals = pairs.of(competing[pairs.families])
    chosen = _heaviest(rivals, pairs.many - rivals.families)
    served = np.zeros(pairs.many, bool)
    served[rivals.families[chosen]] = True
    return served


def _heaviest(pairs: Pairs, gains: Ints) -> Bools:
    """Which pairs to choose, so that as many families as possible are served, with the greatest gain."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # as in most_served

    solver = SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(*_nodes(pairs), np.ones(len(gains), np.int64), -gains)
    solver.set_nodes_supplies(
        np.arange(pairs.many + len(pairs.places), dtype=np.int32), np.concatenate([_asking(pairs), -pairs.places])
    )
    if solver.solve_max_flow_with_min_cost() != SimpleMinCostFlow.Status.OPTIMAL:
        raise Unsolvable
    chosen: Bools = solver.flows(arcs) > 0
    return chosen


def _asking(pairs: Pairs) -> Ints:
    """1 for each family that has a pair."""
    asking: Ints = np.zeros(pairs.many, np.int64)
    asking[pairs.families] = 1
    return asking


def _nodes(pairs: Pairs) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return pairs.families.astype(np.int32), (pairs.many + pairs.helpers).astype(np.int32)


def _helper_of(pairs: Pairs, chosen: Bools) -> Ints:
    helper: Ints = np.full(pairs.many, NOBODY, np.int64)
    helper[pairs.families[chosen]] = pairs.helpers[chosen]
    return helper
