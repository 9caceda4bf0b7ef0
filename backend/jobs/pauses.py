"""Pauses of families: those that end by themselves, and those of a whole place, begun and ended at once."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from backend.cases.models import Family
from backend.jobs.processes import RETRY
from backend.org.access import Actor
from workflows import pauses


@app.periodic(cron="11 0 * * *")
@app.task(name="pauses.turn", queueing_lock="pauses.turn")
def turn(timestamp: int) -> None:
    """Soon after midnight: what was to go on by this day goes on."""
    with transaction.atomic():
        pauses.turn(timezone.now())


@app.task(name="pauses.begin_below", retry=RETRY)
def begin_below(*, path: str, reason: str, actor: dict[str, Any] | None = None) -> None:
    """Families of a unit and below it pause; those that are paused already stay so. Doing it twice is harmless."""
    families = Family.objects.filter(unit__path__startswith=path)
    with transaction.atomic():
        pauses.begin_many(families=families, reason=reason, actor=Actor.from_json(actor), now=timezone.now())


@app.task(name="pauses.end_below", retry=RETRY)
def end_below(*, path: str, reason: str, actor: dict[str, Any] | None = None) -> None:
    """Pauses of this reason at a unit and below it end. Doing it twice is harmless."""
    families = Family.objects.filter(unit__path__startswith=path)
    with transaction.atomic():
        pauses.end_many(families=families, reason=reason, actor=Actor.from_json(actor), now=timezone.now())
