"""Queueing background work by name, in the transaction that causes it."""

from datetime import datetime

from procrastinate.contrib.django import app


def enqueue(name: str, *, lock: str | None = None, queueing_lock: str | None = None, at: datetime | None = None, **args: object) -> None:
    """Queue the job `name` (see backend/jobs) with JSON arguments, in the current transaction: rolled back, it never was.

    `lock`: jobs of one lock run one after another. `queueing_lock`: not queued again while one waits (raises nothing).
    `at`: not before this time.
    """
    deferrer = app.configure_task(name, lock=lock, queueing_lock=queueing_lock, schedule_at=at, allow_unknown=True)
    deferrer.defer(**args)
