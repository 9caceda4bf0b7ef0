"""Every night: sites whose inspection or check of the equipment has come."""

from django.utils import timezone
from procrastinate.contrib.django import app

from workflows import inspections


@app.periodic(cron="17 4 * * *")
@app.task(name="sites.start_checks", queueing_lock="sites.start_checks")
def start_checks(timestamp: int) -> None:
    """Begin the checks that are due."""
    inspections.start_due(timezone.now())
