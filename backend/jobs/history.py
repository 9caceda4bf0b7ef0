"""Sealing the history from time to time."""

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from backend.audit.seals import seal


@app.periodic(cron="*/10 * * * *")
@app.task(name="history.seal", lock="history.seal", queueing_lock="history.seal")
def seal_heads(timestamp: int) -> None:
    """Every ten minutes: seal what was told since the last seal, in portions, each in its own transaction."""
    made = True
    while made:
        with transaction.atomic():
            made = seal(now=timezone.now()) is not None
