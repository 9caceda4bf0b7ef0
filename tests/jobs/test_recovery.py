"""Jobs of workers that died."""

import asyncio
from typing import Any

import pytest
from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from backend.core.jobs import enqueue
from backend.jobs.recovery import MOST_ATTEMPTS, STALE_SECONDS, take_up

pytestmark = pytest.mark.django_db(transaction=True)


def begun(seconds_ago: int, *, attempts: int = 0, **locks: Any) -> None:
    """A job that a worker has begun, who last told this long ago that it lives."""
    enqueue("processes.start", **locks)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - make_interval(secs => %s)) RETURNING id",
            [seconds_ago],
        )
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s, attempts = %s WHERE status = 'todo'",
            [cursor.fetchone()[0], attempts],
        )


def run() -> None:
    """The job, as a worker runs it: with a connection of its own."""

    async def inside() -> None:
        async with app.open_async():
            job = Job(id=0, queue="default", lock=None, queueing_lock=None, task_name=take_up.name)
            context = JobContext(app=app, job=job, start_timestamp=0, abort_reason=lambda: None)
            await take_up(context, timestamp=0)

    with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
        asyncio.run(inside())


def states() -> list[str]:
    """Of all jobs, oldest first."""
    return list(ProcrastinateJob.objects.order_by("id").values_list("status", flat=True))


def test_a_dead_workers_job_waits_again() -> None:
    begun(STALE_SECONDS + 5, lock="case:1")
    run()
    assert states() == ["todo"]


def test_a_living_workers_job_is_left_alone() -> None:
    begun(STALE_SECONDS - 10)
    run()
    assert states() == ["doing"]


def test_a_job_that_kills_every_worker_is_given_up() -> None:
    begun(STALE_SECONDS + 5, attempts=MOST_ATTEMPTS)
    run()
    assert states() == ["failed"]


def test_of_two_of_a_kind_the_waiting_one_stays() -> None:
    begun(STALE_SECONDS + 5, queueing_lock="timers")
    enqueue("processes.start", queueing_lock="timers")
    run()
    assert states() == ["todo"]
