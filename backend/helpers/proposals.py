"""Whom a family might be paired with, proposed: kept with its reasons, for a person to choose from (D04)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from backend.audit.history import record
from backend.cases.models import Case
from backend.helpers.candidates import applicants_for, place_of
from backend.helpers.matching import Ranking, rank
from backend.helpers.models import Candidate
from backend.org import parameters
from backend.org.access import Actor

TOP = 3
"""Parameter `pairing.shortlist`: how many helpers a person chooses from (D04)."""


def make_shortlist(*, case: Case, asked: Collection[UUID], actor: Actor, now: datetime) -> Ranking:
    """Rank the helpers of the county for this case and keep the best; those `asked` before are left out.

    History tells who came to stand on the list, and how many were left out by which rule.
    """
    today = timezone.localdate(now)
    top = int(parameters.value("pairing.shortlist", path=case.unit_path, day=today, default=TOP))
    ranking = rank(place_of(case, today, asked=asked), applicants_for(case, today), top=top)
    Candidate.objects.filter(case=case).delete()
    Candidate.objects.bulk_create(
        Candidate(
            case=case,
            helper_id=entry.id,
            place=number,
            score=entry.score,
            parts=dict(entry.parts),
            reasons=list(entry.reasons),
            created_at=now,
        )
        for number, entry in enumerate(ranking.best, start=1)
    )
    shown = [{"helper": str(entry.id), "score": entry.score} for entry in ranking.best]
    data = {"shortlist": shown, "excluded": dict(ranking.excluded)}
    record(action="helpers.ranked", object=case, actor=actor, now=now, data=data)
    return ranking
