"""Queueing background work by name, in the transaction that causes it."""

from datetime import datetime

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.types import JSONValue


def enqueue(
    name: str,
    /,
    *,
    lock: str | None = None,
    queueing_lock: str | None = None,
    at: datetime | None = None,
    **args: JSONValue,
) -> None:
    """Queue the job `name` (see backend/jobs) with JSON arguments, in the current transaction.

    Rolled back, it never was. `lock`: jobs of one lock run one after another. `queueing_lock`: while one with this
    name waits, nothing is queued. `at`: not before this time.
    """
    job = app.configure_task(name, lock=lock, queueing_lock=queueing_lock, schedule_at=at, allow_unknown=True)
    if queueing_lock is None:
        job.defer(**args)
        return
    try:
        # The unique index refuses the second one: a savepoint keeps the caller's transaction whole.
        with transaction.atomic():
            job.defer(**args)
    except AlreadyEnqueued:
        return
