"""The yearly survey in the background: rounds begun on their day, contacts asked."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from backend.jobs.once import once
from backend.jobs.processes import RETRY
from workflows import survey_rounds


@app.periodic(cron="11 5 * * *")
@app.task(name="survey_rounds.start_due", queueing_lock="survey_rounds.start_due")
def start_due(timestamp: int) -> None:
    """Every morning: villages whose survey of the year begins, and families that may be asked again from today on."""
    survey_rounds.start_due(timezone.now())
    survey_rounds.ask_again(timezone.now())


@app.task(name="survey_rounds.ask_known", retry=RETRY, pass_context=True)
def ask_known(context: JobContext, *, round_id: str) -> None:
    """What only a known contact may ask comes to that contact's inbox."""
    with once(context) as first:
        if first:
            survey_rounds.ask_known(round_id=UUID(round_id), now=timezone.now())
