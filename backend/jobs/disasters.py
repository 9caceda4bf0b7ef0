"""Disasters: the families' other deadlines stand still while the roll runs, and go on afterwards."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from backend.core import prepared
from backend.emergencies.models import Disaster
from backend.jobs.once import once
from backend.org.access import Actor
from workflows import disasters

RETRY = RetryStrategy(max_attempts=8, exponential_wait=2)


@app.task(name="disasters.pause", retry=RETRY, pass_context=True)
def pause(context: JobContext, *, disaster_id: str, actor: dict[str, Any] | None = None) -> None:
    """Everything that can wait does."""
    with once(context) as first:
        if first:
            row = prepared.found(Disaster, disaster_id, follow=("unit",))
            disasters.pause_families(disaster=row, actor=Actor.from_json(actor), now=timezone.now())


@app.task(name="disasters.go_on", retry=RETRY, pass_context=True)
def go_on(context: JobContext, *, disaster_id: str, actor: dict[str, Any] | None = None) -> None:
    """It falls due later by the days that the roll took."""
    with once(context) as first:
        if first:
            row = prepared.found(Disaster, disaster_id, follow=("unit",))
            disasters.let_go_on(disaster=row, actor=Actor.from_json(actor), now=timezone.now())
