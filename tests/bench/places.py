"""The county of the measurements: 16 townships of 12 villages, of very different size, and who works there.

Sizes follow Zipf's law: the largest township has three tenths of all families, its largest village a third of those. So
even among 1,000 items the people of the largest places have a full page, and among 1,000,000 their inboxes are far
larger than any real one.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.org.models import Unit
from tests import factories

TOWNS = 16
VILLAGES = 12
COUNTY = "990101"
ELSEWHERE = "990201001201"


@dataclass(frozen=True)
class Place:
    """A village with its township and a partner unit there, and the share of all families that live in the village."""

    village: Unit
    town: Unit
    partner: Unit
    share: float


def county() -> list[Place]:
    """Makes all units; the largest village of the largest township comes first."""
    return [place for town in range(TOWNS) for place in _town(f"{COUNTY}{town + 1:03d}", _zipf(town, TOWNS))]


def _town(code: str, share: float) -> list[Place]:
    town = factories.region(f"{code}000")
    partner = factories.partner(f"gj{code}", f"共建单位{code}", parent=town)
    villages = [factories.region(f"{code}{village + 201:03d}") for village in range(VILLAGES)]
    return [Place(village, town, partner, share * _zipf(rank, VILLAGES)) for rank, village in enumerate(villages)]


def _zipf(rank: int, count: int) -> float:
    return 1 / (rank + 1) / sum(1 / (other + 1) for other in range(count))
