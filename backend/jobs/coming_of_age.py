"""Subsidies: villages are asked to tell families of an age that is near."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from backend.subsidies import coming_of_age


@app.periodic(cron="23 1 * * *")
@app.task(name="subsidies.tell_ages", queueing_lock="subsidies.tell_ages")
def tell_ages(timestamp: int) -> None:
    """Every night: whoever reaches 49 or 60 within the next twelve. Doing it twice tells nobody twice."""
    with transaction.atomic():
        coming_of_age.tell_villages(now=timezone.now())
