"""Every night: whoever leaves soon is to be followed by somebody."""

from django.utils import timezone
from procrastinate.contrib.django import app

from workflows import successions


@app.periodic(cron="41 4 * * *")
@app.task(name="successions.start_due", queueing_lock="successions.start_due")
def start_due(timestamp: int) -> None:
    """Begin the succession of every spell whose known end lies within the lead time of its area."""
    successions.start_due(timezone.now())
