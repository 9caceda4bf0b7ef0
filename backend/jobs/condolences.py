"""Festival condolence: begun when a festival is near, kept free of whoever is gone, handed to the villages."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from backend.jobs.once import once
from backend.jobs.processes import RETRY
from workflows import condolences


@app.periodic(cron="23 4 * * *")
@app.task(name="condolences.turn", queueing_lock="condolences.turn")
def turn(timestamp: int) -> None:
    """Every night: campaigns whose time has come, lists without those who died, moved or refused; of the others it is
    decided again how they are visited."""
    condolences.start_due(timezone.now())
    condolences.leave_out_gone(timezone.now())
    condolences.judge_again(timezone.now())


@app.task(name="condolences.start_villages", retry=RETRY, pass_context=True)
def start_villages(context: JobContext, *, condolence_id: str) -> None:
    """The gifts go out: each village gets its work item."""
    with once(context) as first:
        if first:
            condolences.start_villages(condolence_id=UUID(condolence_id), now=timezone.now())
