"""Background work over HTTP: workers, queues, failures by their kind; never what a job is about."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.audit.models import Event
from backend.audit.timeline import sentence
from backend.core import queue
from backend.core.jobs import enqueue
from backend.core.models import JobFailure
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.queueing import failed_job
from tests.worker import work

SECRET = "欧阳春兰"


def system() -> Caller:
    return Caller(factories.user("sys", role="sysadmin"))


def beat(seconds_ago: int) -> None:
    """A worker told this long ago that it lives."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            [seconds_ago],
        )


@pytest.mark.django_db
def test_who_lives_what_waits_and_what_failed() -> None:
    enqueue("processes.start", case_id=SECRET)
    enqueue("rosters.check", at=timezone.now() + timedelta(hours=1), roster_id=SECRET)
    number = failed_job("processes.message", data={"name": SECRET})
    JobFailure.objects.create(job_id=number, error="OperationalError")
    beat(2)
    beat(90)
    caller = system()
    answer = caller.get("jobs/")
    told = answer.json()
    assert [worker["is_alive"] for worker in told["workers"]] == [True, False]
    [row] = told["queues"]
    assert (row["waiting"], row["later"], row["doing"], row["failed"]) == (1, 1, 0, 1)
    assert row["oldest"]
    [failure] = told["failed"]
    assert (failure["name"], failure["attempts"], failure["error"]) == ("processes.message", 3, "OperationalError")
    assert {"timers.wake_due", "history.seal"} <= {each["name"] for each in told["periodic"]}
    assert SECRET not in answer.content.decode()
    assert caller.statements("jobs/") <= 9  # four of them: what ran late, was not sent, not told, or is not known


@pytest.mark.django_db
def test_a_failed_job_is_tried_again() -> None:
    caller, number = system(), failed_job()
    assert caller.post(f"jobs/{number}/retry/").json() == {"id": number, "name": "processes.start"}
    assert ProcrastinateJob.objects.get(pk=number).status == "todo"
    event = Event.objects.get(action="job.retried")
    assert sentence(event, language="en") == "sys let the failed job processes.start be tried again."
    assert_problem(caller.post(f"jobs/{number}/retry/"), 404, "no_failed_job")
    assert_problem(caller.post("jobs/999999/retry/"), 404, "no_failed_job")


@pytest.mark.django_db
def test_of_two_that_do_the_same_one_is_enough() -> None:
    number = failed_job()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET queueing_lock = 'one' WHERE id = %s", [number])
    enqueue("processes.start", queueing_lock="one")
    assert_problem(system().post(f"jobs/{number}/retry/"), 409, "job_waits_already")
    assert ProcrastinateJob.objects.get(pk=number).status == "failed"


@pytest.mark.django_db(transaction=True)
def test_the_worker_notes_the_kind_of_error_and_nothing_else() -> None:
    arguments: dict[str, Any] = {"instance_id": SECRET, "reason": "x"}
    enqueue("processes.cancel", **arguments)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET attempts = 99")  # the last attempt
    work()
    failure = JobFailure.objects.get()
    assert failure.error == "ValueError"
    [told] = queue.failed()
    assert (told["name"], told["error"]) == ("processes.cancel", "ValueError")
    assert queue.purge(now=timezone.now() + queue.KEPT + timedelta(days=1)) == 1
