"""What became of pairings, by the score with which they had been proposed: whether the points foretell anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median

from django.db.models import OuterRef, Subquery

from backend.helpers.models import PairingQuerySet, Proposal

BANDS = (80, 60, 40, 0)
"""Lowest score of each band, the best first."""
UNSCORED = -1
"""Of those who were chosen beside the list."""


@dataclass(frozen=True)
class Outcome:
    """Pairings of one band of scores."""

    least: int
    """The band's lowest score; UNSCORED: not on the list."""
    spells: int
    going_on: int
    median_days: int | None
    """Of those that have ended."""
    reasons: Mapping[str, int]
    """Why they ended: code of the list helper_end_reason → how many."""


def outcomes(spells: PairingQuerySet, day: date) -> list[Outcome]:
    """By band, as of a day; bands without pairings are left out. One statement."""
    proposed = Proposal.objects.filter(
        case=OuterRef("case"), helper=OuterRef("helper"), created_at__lte=OuterRef("offer__created_at")
    )
    scored = spells.filter(offer__isnull=False).annotate(
        proposed=Subquery(proposed.order_by("-created_at", "-id").values("score")[:1])
    )
    bands: dict[int, list[tuple[date, date | None, str]]] = {least: [] for least in (*BANDS, UNSCORED)}
    for score, begin, end, reason in scored.values_list("proposed", "from_date", "to_date", "end_reason"):
        least = UNSCORED if score is None else next(each for each in BANDS if score >= each)
        bands[least].append((begin, end if end is not None and end <= day else None, reason))
    return [_outcome(least, rows) for least, rows in bands.items() if rows]


def _outcome(least: int, rows: list[tuple[date, date | None, str]]) -> Outcome:
    ended = [(end - begin).days for begin, end, _ in rows if end is not None]
    return Outcome(
        least=least,
        spells=len(rows),
        going_on=len(rows) - len(ended),
        median_days=round(median(ended)) if ended else None,
        reasons=dict(Counter(reason for _, end, reason in rows if end is not None).most_common()),
    )
