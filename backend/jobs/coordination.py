"""The leading group in the background: reports asked for, bulletins begun, resolutions handed out."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from backend.jobs.once import once
from backend.jobs.processes import RETRY
from workflows import coordination


@app.periodic(cron="7 6 * * *")
@app.task(name="coordination.turn", queueing_lock="coordination.turn")
def turn(timestamp: int) -> None:
    """Every morning: reports from the first working day of the month on, bulletins when their day has come."""
    coordination.turn(timezone.now())


@app.task(name="coordination.start_tasks", retry=RETRY, pass_context=True)
def start_tasks(context: JobContext, *, meeting_id: str) -> None:
    """Minutes are confirmed: each resolution becomes its unit's work."""
    with once(context) as first:
        if first:
            coordination.start_tasks(meeting_id=UUID(meeting_id), now=timezone.now())
