"""Doubting a refusal (E27): the row, and the process beside the case."""

from __future__ import annotations

from datetime import datetime

from backend.audit.history import collect
from backend.cases.models import Case
from backend.emergencies import safety_watches
from backend.emergencies.models import SafetyWatch
from backend.org.access import Actor
from workflows import services
from workflows.steps.needs import conductor_of

PROCESS = "safety_watch"


def doubt_refusal(*, case: Case, because: str, actor: Actor, now: datetime) -> SafetyWatch:
    """Have relatives and witnesses heard; until somebody has decided, the refusal counts. Raises WatchedAlready."""
    with collect():
        row = safety_watches.begin(case=case, because=because, actor=actor, now=now)
        instance = services.start(
            process=PROCESS, case=case, data={"watch": str(row.pk)}, actor=actor, now=now, parent_id=conductor_of(case)
        )
        row.instance_id = instance.pk
        row.save(update_fields=["instance_id"])
    return row
