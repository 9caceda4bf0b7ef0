"""Hours of service in the background: claimed from the day's visits, and brought to whoever verifies them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from backend.jobs.once import once
from backend.jobs.processes import RETRY
from backend.org.access import Actor
from workflows import hours


@app.periodic(cron="41 3 * * *")
@app.task(name="hours.claim_visits", queueing_lock="hours.claim_visits")
def claim_visits(timestamp: int) -> None:
    """Every night: hours of the visits that were recorded since."""
    hours.claim_visits(now=timezone.now())


@app.task(name="hours.have_verified", retry=RETRY, pass_context=True)
def have_verified(context: JobContext, *, claim_id: str, actor: dict[str, Any] | None = None) -> None:
    """Table D24 and what follows from it, for one claim."""
    with once(context) as first:
        if first:
            hours.have_verified(claim_id=UUID(claim_id), actor=Actor.from_json(actor), now=timezone.now())
