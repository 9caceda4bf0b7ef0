"""What whoever comes next learns from those who came before: only notes whose writers share them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from backend.cases.surveys import answers_of
from backend.visits.models import RECORDED, Visit

NEWEST = 20


def shared_notes(visit: Visit) -> list[dict[str, Any]]:
    """Day and note of earlier visits to the family by others than this visit's helper; nothing else of them."""
    rows = Visit.objects.filter(family=visit.family_id, is_shared=True, state__in=RECORDED)
    others = rows.exclude(helper=visit.helper_id) if visit.helper_id else rows
    newest = others.order_by("-started_at", "-id").values_list("started_at", "answers")[:NEWEST]
    return [
        {"visited_on": timezone.localdate(started), "note": note}
        for started, answers in newest
        if started and (note := str(answers_of(answers).get("note") or ""))
    ]
