"""Assessments in the background: years that begin, months whose figures are kept."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from workflows import assessments


@app.periodic(cron="41 4 * * *")
@app.task(name="assessments.turn", queueing_lock="assessments.turn")
def turn(timestamp: int) -> None:
    """Every morning: agreements of the new year, figures of the month that is over."""
    assessments.turn(timezone.now())
