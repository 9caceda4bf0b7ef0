"""Rounds of reconciliation in the background: compared, and remembered in time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from backend.helpers.rounds import remind_rounds
from backend.org.access import Actor
from workflows import rounds

# Killed or disconnected, a comparison begins anew: what it found before it finds again.
RETRY = RetryStrategy(max_attempts=8, exponential_wait=2)


@app.periodic(cron="31 5 * * *")
@app.task(name="rounds.remind", queueing_lock="rounds.remind")
def remind(timestamp: int) -> None:
    """Every morning: rounds that end soon, with villages that have not reported."""
    with transaction.atomic():
        remind_rounds(now=timezone.now())


@app.task(name="rounds.compare", retry=RETRY)
def compare(*, round_id: str, run: int, actor: dict[str, Any] | None = None) -> None:
    """Hold the file against what was reported."""
    rounds.compare_round(round_id=UUID(round_id), run=run, actor=Actor.from_json(actor), now=timezone.now())
