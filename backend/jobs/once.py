"""Exactly once: a job that moves a case leaves its mark in the transaction of its effect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from procrastinate import JobContext

from backend.core.models import JobDone

KEPT = timedelta(days=30)
"""Far longer than a job is ever tried again."""


@contextmanager
def once(context: JobContext) -> Iterator[bool]:
    """A transaction for a job's effect; says False when an earlier try of the same job has committed it already."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_jobdone (job_id, created_at) VALUES (%s, now()) ON CONFLICT DO NOTHING",
                [context.job.id],
            )
            first = cursor.rowcount == 1
        yield first


def purge(*, now: datetime) -> int:
    """Forget old marks; returns how many."""
    return JobDone.objects.filter(created_at__lt=now - KEPT).delete()[0]
