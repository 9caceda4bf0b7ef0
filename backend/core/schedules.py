"""The dead man's switch: which scheduled jobs should have run and did not.

A job that never runs raises no error. So each that comes to its end is noted, and whoever asks compares with its cron.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from croniter import croniter
from django.db import DatabaseError, connection, connections
from django.utils import timezone

if TYPE_CHECKING:
    from procrastinate import JobContext
    from procrastinate.worker import Worker

GRACE = timedelta(minutes=15)
"""So long after its time a job may still be running, or wait for another."""
NOTED = """
INSERT INTO core_schedulerun (name, first_at, at) VALUES (%(name)s, %(at)s, %(at)s)
ON CONFLICT (name) DO UPDATE SET at = excluded.at
"""
RUNS = "SELECT name, first_at, at FROM core_schedulerun"


@dataclass(frozen=True)
class Late:
    """A job that should have come to its end since `expected`; `last`: when it did so before, None for never."""

    name: str
    expected: datetime
    last: datetime | None


async def note(call_next: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
    """Around every job (procrastinate's worker_middleware): a scheduled one that succeeded is noted."""
    result = await call_next()
    if "timestamp" in context.job.task_kwargs:
        await sync_to_async(_note)(context.job.task_name)
    return result


def note_run(name: str, now: datetime) -> None:
    """The job came to its end."""
    with connection.cursor() as cursor:
        cursor.execute(NOTED, {"name": name, "at": now})


def late(now: datetime) -> list[Late]:
    """The jobs that did not run when they should have, by name."""
    with connection.cursor() as cursor:
        cursor.execute(RUNS)
        return late_among(cursor.fetchall(), now)


def late_among(runs: Iterable[tuple[Any, ...]], now: datetime) -> list[Late]:
    """The same, of what was read already: rows of name, first_at, at."""
    # Here, because the settings name this module before the queue can be loaded.
    from procrastinate.contrib.django import app

    app.perform_import_paths()  # type: ignore[no-untyped-call]  # only a worker has read the jobs already
    known = {name: (first, last) for name, first, last in runs}
    if not known:
        return []  # nothing ever ran here: the probe tells of a missing worker
    since = min(first for first, _last in known.values())
    found = []
    for (name, _id), task in sorted(app.periodic_registry.periodic_tasks.items()):
        expected: datetime = croniter(task.cron, timezone.localtime(now - GRACE)).get_prev(datetime)
        last = known[name][1] if name in known else None
        if expected > since and (last is None or last < expected):
            found.append(Late(name, expected, last))
    return found


def _note(name: str) -> None:
    try:
        with suppress(DatabaseError):  # the job itself is done
            note_run(name, timezone.now())
    finally:
        connections.close_all()  # this thread does nothing else
