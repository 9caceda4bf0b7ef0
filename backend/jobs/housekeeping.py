"""Forgetting what nobody asks for any more."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from backend.core import idempotency, queue
from backend.jobs import once
from backend.org import tokens
from backend.reminders import retention
from backend.visits import photos


@app.periodic(cron="17 3 * * *")
@app.task(name="housekeeping.purge", queueing_lock="housekeeping.purge")
def purge(timestamp: int) -> None:
    """Every night: answers kept for repeated requests, tokens long ended, marks of done jobs, old failures; pictures
    of families that do not agree to photographs any more; the words of old reminders."""
    now = timezone.now()
    with transaction.atomic():
        idempotency.purge(now=now)
        tokens.purge(now=now)
        once.purge(now=now)
        queue.purge(now=now)
    while _remove_photos(now):
        pass
    while _empty_reminders(now):
        pass
    retention.remove_sent(now=now)


def _remove_photos(now: datetime) -> int:
    """Some of the pictures that nobody may see any more: in portions, so that no transaction grows long."""
    with transaction.atomic():
        return photos.remove_withdrawn(now)


def _empty_reminders(now: datetime) -> int:
    with transaction.atomic():
        return retention.empty(now=now)
