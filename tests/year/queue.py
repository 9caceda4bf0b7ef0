"""The queue and the clock of the year: what is queued is done in its order, in this process, by the jobs themselves.

The worker's own statements (taking a job, marking it done) are left out: two for each job.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model, QuerySet
from procrastinate.contrib.django import app

from tests.year.meter import Meter
from workflows import services
from workflows.models import Instance

Row = TypeVar("Row", bound=Model)

AT_ONCE = 500
OWN = frozenset({"timers.wake_due", "recovery.take_up"})
"""Periodic jobs that the year does in its own way: timers one by one, so that each is measured; no worker dies here."""
HOURS = (9, 18)
"""When what the schedule does every hour, or oftener, is done here."""

TAKE = """
SELECT id, task_name, args FROM procrastinate_jobs
WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= %s)
  AND abs(hashtext(coalesce(lock, id::text))) %% %s = %s
ORDER BY id LIMIT %s
"""
DONE = "DELETE FROM procrastinate_jobs WHERE id = ANY(%s)"


@dataclass(frozen=True)
class Share:
    """Which part of the work this process does: number `number` of `of`."""

    number: int = 0
    of: int = 1

    def of_rows(self, rows: QuerySet[Row], *columns: str) -> QuerySet[Row]:
        """Those of the rows that are done here, by the first of these columns that says something."""
        if self.of == 1:
            return rows
        key = f"abs(hashtext(coalesce({', '.join(columns)})::text)) %% %s = %s"
        return rows.extra(where=[key], params=[self.of, self.number])

    def has(self, key: UUID) -> bool:
        """Whether what is known by this is done here: the same in every process."""
        return key.int % self.of == self.number


def do_jobs(share: Share, meter: Meter, now: datetime, again: Callable[[Callable[[], None]], None]) -> int:
    """Do every job of this share that may be done now, and what these queue; returns how many."""
    done = 0
    while jobs := _waiting(share, now):
        for number, name, args in jobs:
            task = app.tasks[name]
            job = SimpleNamespace(id=number, attempts=0)
            context = [SimpleNamespace(job=job, app=app)] if task.pass_context else []
            with meter.step(f"job {name}"):
                again(lambda task=task, context=context, args=args: task.func(*context, **args))  # type: ignore[misc]
        with connection.cursor() as cursor:
            cursor.execute(DONE, [[job[0] for job in jobs]])
        done += len(jobs)
    return done


def is_waiting(now: datetime) -> bool:
    """Whether any job may be done now, in whatever share."""
    return bool(_waiting(Share(), now, most=1))


def _waiting(share: Share, now: datetime, *, most: int = AT_ONCE) -> list[tuple[int, str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [now, share.of, share.number, most])
        return [(number, name, json.loads(args)) for number, name, args in cursor.fetchall()]


def wake(share: Share, meter: Meter, now: datetime, again: Callable[[Callable[[], None]], None]) -> int:
    """Wake what is due in this share, as the job does every minute, but let a fault be seen; returns how many."""
    woken = 0
    while due := _due(share, now):
        before = woken
        for instance_id, process in due:
            fired: list[bool] = []

            def fire(instance_id: UUID = instance_id, fired: list[bool] = fired) -> None:
                with transaction.atomic():
                    fired.append(services.wake(instance_id=instance_id, now=now))

            with meter.step(f"timer {process}"):
                again(fire)
            woken += fired[-1]
        if woken == before:
            break
    return woken


def _due(share: Share, now: datetime) -> list[tuple[UUID, str]]:
    rows = share.of_rows(Instance.objects.due(now), "workflows_instance.case_id", "workflows_instance.id")
    return list(rows.values_list("pk", "process__key"))


def schedule() -> list[tuple[time, str]]:
    """When a day's periodic jobs are done: each at its hour, those of every hour at HOURS."""
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    return sorted(_times())


def _times() -> Iterator[tuple[time, str]]:
    for task in app.periodic_registry.periodic_tasks.values():
        minute, hour, *_days = task.cron.split()
        if task.task.name in OWN:
            continue
        at = 55 if not minute.isdecimal() else int(minute)
        for each in HOURS if hour == "*" else (int(hour),):
            yield time(each, at), task.task.name
