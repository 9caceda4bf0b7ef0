"""Every night: public notices whose last day has passed."""

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from backend.org.access import SYSTEM
from backend.publicity import notices


@app.periodic(cron="7 0 * * *")
@app.task(name="notices.take_down", queueing_lock="notices.take_down")
def take_down(timestamp: int) -> None:
    """Soon after midnight their lines are deleted; nobody has read them since."""
    with transaction.atomic():
        notices.take_down_what_is_over(actor=SYSTEM, now=timezone.now())
