"""Forgetting what nobody asks for any more."""

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from backend.core import idempotency, queue
from backend.jobs import once
from backend.org import tokens


@app.periodic(cron="17 3 * * *")
@app.task(name="housekeeping.purge", queueing_lock="housekeeping.purge")
def purge(timestamp: int) -> None:
    """Every night: answers kept for repeated requests, tokens long ended, marks of done jobs, old failures."""
    now = timezone.now()
    with transaction.atomic():
        idempotency.purge(now=now)
        tokens.purge(now=now)
        once.purge(now=now)
        queue.purge(now=now)
