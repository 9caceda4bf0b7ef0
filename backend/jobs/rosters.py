"""Rosters in the background: one at a time, so that two large files do not share the memory."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from backend.cases.rosters import services

# Killed or disconnected, an application goes on where it was.
RETRY = RetryStrategy(max_attempts=8, exponential_wait=2)


@app.task(name="rosters.check", retry=RETRY)
def check(*, roster_id: str) -> None:
    """The dry run of a large file."""
    services.in_background(verb=services.dry_run, roster_id=UUID(roster_id), now=timezone.now())


@app.task(name="rosters.apply", retry=RETRY)
def apply(*, roster_id: str) -> None:
    """Write the households of a roster, each as a whole."""
    services.in_background(verb=services.apply, roster_id=UUID(roster_id), now=timezone.now())


@app.periodic(cron="17 3 * * *")
@app.task(name="rosters.remove_files", queueing_lock="rosters.remove_files")
def remove_files(timestamp: int) -> None:
    """Every night: delete uploaded files that are older than they may be."""
    services.remove_files(now=timezone.now())
