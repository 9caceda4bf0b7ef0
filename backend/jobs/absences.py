"""Days on which helpers go or come back."""

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from workflows import absences


@app.periodic(cron="5 0 * * *")
@app.task(name="absences.turn", queueing_lock="absences.turn")
def turn(timestamp: int) -> None:
    """Soon after midnight: visits go to whoever is there from this day on."""
    with transaction.atomic():
        absences.turn(timezone.now())
