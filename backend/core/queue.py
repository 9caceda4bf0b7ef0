"""The queue as people look at it: which workers live, what waits how long, what failed. Never what a job is about.

The tables are procrastinate's; the arguments of jobs and the messages of errors stay there and in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from backend.core.errors import Conflict, NotFound
from backend.core.models import JobFailure

STALE = timedelta(seconds=30)
"""A worker tells every 5 seconds that it lives; after this long it is thought dead (see settings)."""
KEPT = timedelta(days=90)
SHOWN = 50

WORKERS = "SELECT id, last_heartbeat FROM procrastinate_workers ORDER BY last_heartbeat DESC LIMIT 20"
QUEUES = """
SELECT job.queue_name AS queue,
  count(*) FILTER (WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= %(now)s)) AS waiting,
  count(*) FILTER (WHERE job.status = 'todo' AND job.scheduled_at > %(now)s) AS later,
  count(*) FILTER (WHERE job.status = 'doing') AS doing,
  count(*) FILTER (WHERE job.status = 'failed') AS failed,
  min(coalesce(job.scheduled_at, queued.at))
    FILTER (WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= %(now)s)) AS oldest
FROM procrastinate_jobs job
LEFT JOIN LATERAL (SELECT min(at) AS at FROM procrastinate_events WHERE job_id = job.id) queued ON job.status = 'todo'
WHERE job.status IN ('todo', 'doing', 'failed') GROUP BY job.queue_name ORDER BY job.queue_name
"""
PERIODIC = "SELECT task_name, max(defer_timestamp) FROM procrastinate_periodic_defers GROUP BY task_name"
FAILED = """
SELECT job.id, job.task_name AS name, job.attempts, coalesce(failure.at, ended.at) AS at, failure.error
FROM procrastinate_jobs job
LEFT JOIN core_jobfailure failure ON failure.job_id = job.id
LEFT JOIN LATERAL (
  SELECT max(at) AS at FROM procrastinate_events WHERE job_id = job.id AND type = 'failed'
) ended ON true
WHERE job.status = 'failed' ORDER BY job.id DESC LIMIT %(shown)s
"""


class NoFailedJob(NotFound):
    """There is no such job, or it has not failed."""

    code = "no_failed_job"
    message = _("There is no such failed job.")


class WaitsAlready(Conflict):
    """The next one of its kind waits: it does the same."""

    code = "job_waits_already"
    message = _("The next job of this kind is waiting already and does the same.")


def workers(now: datetime) -> list[dict[str, Any]]:
    """Those that told lately that they live, and those that stopped without saying so."""
    return [row | {"is_alive": row["last_heartbeat"] > now - STALE} for row in _rows(WORKERS, {})]


def queues(now: datetime) -> list[dict[str, Any]]:
    """How much waits in each queue, for how long, and how much failed."""
    return _rows(QUEUES, {"now": now})


def periodic() -> list[dict[str, Any]]:
    """What runs at fixed times, and when it was last queued (None: never)."""
    app.perform_import_paths()  # type: ignore[no-untyped-call]  # only a worker has read the jobs already
    last = {row["task_name"]: row["max"] for row in _rows(PERIODIC, {})}
    return [
        {"name": name, "cron": task.cron, "last": _moment(last.get(name))}
        for (name, _id), task in sorted(app.periodic_registry.periodic_tasks.items())
    ]


def failed() -> list[dict[str, Any]]:
    """The newest failed jobs: name, attempts, when, and the kind of error ("" when the worker itself died)."""
    return [row | {"error": row["error"] or ""} for row in _rows(FAILED, {"shown": SHOWN})]


def retry(*, job_id: int, now: datetime) -> str:
    """Let a failed job be tried again; returns its name. Raises NoFailedJob, WaitsAlready."""
    found = _rows("SELECT task_name FROM procrastinate_jobs WHERE id = %(id)s AND status = 'failed' FOR UPDATE",
                  {"id": job_id})  # fmt: skip
    if not found:
        raise NoFailedJob
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT procrastinate_retry_job_v2(%s, %s, NULL, NULL, NULL)", [job_id, now])
    except IntegrityError as collision:
        raise WaitsAlready from collision
    return str(found[0]["task_name"])


def purge(*, now: datetime) -> int:
    """Forget old failures; returns how many."""
    return JobFailure.objects.filter(at__lt=now - KEPT).delete()[0]


def _rows(statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column[0] for column in cursor.description]
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return [dict(zip(names, row, strict=True)) for row in found]


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
