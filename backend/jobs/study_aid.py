"""Study aid: called for when the school year comes near."""

from django.utils import timezone
from procrastinate.contrib.django import app

from workflows import study_aid


@app.periodic(cron="47 4 * * *")
@app.task(name="study_aid.turn", queueing_lock="study_aid.turn")
def turn(timestamp: int) -> None:
    """Every night: townships whose day has come."""
    study_aid.begin_due(timezone.now())
