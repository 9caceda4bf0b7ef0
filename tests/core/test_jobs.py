"""Work is queued in the transaction that causes it."""

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.core.jobs import enqueue


def names() -> list[str]:
    """The waiting jobs."""
    return list(ProcrastinateJob.objects.order_by("id").values_list("task_name", flat=True))


@pytest.mark.django_db
def test_a_job_keeps_its_arguments_and_locks() -> None:
    enqueue("processes.start", lock="case:1", case_id="1", data={"tier": "A"})
    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.lock, job.args) == ("processes.start", "case:1", {"case_id": "1", "data": {"tier": "A"}})


@pytest.mark.django_db(transaction=True)
def test_rolled_back_it_never_was() -> None:
    with transaction.atomic():
        enqueue("processes.start")
        transaction.set_rollback(True)
    assert names() == []


@pytest.mark.django_db
def test_queued_once_while_one_waits_and_the_callers_transaction_stays_whole() -> None:
    enqueue("timers.wake_due", queueing_lock="timers")
    enqueue("timers.wake_due", queueing_lock="timers")
    enqueue("other")
    assert names() == ["timers.wake_due", "other"]
    assert connection.needs_rollback is False
