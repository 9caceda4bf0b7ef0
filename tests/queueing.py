"""What is queued, read from the queue itself."""

from typing import Any

from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.core.jobs import enqueue


def queued(name: str = "") -> list[dict[str, Any]]:
    """The arguments of waiting jobs, oldest first: all, or those of one name."""
    rows = ProcrastinateJob.objects.filter(status="todo").order_by("id")
    return [dict(row.args) for row in rows if not name or row.task_name == name]


def messages(name: str = "") -> list[dict[str, Any]]:
    """Waiting messages to instances and cases: all, or those of one name."""
    found = [*queued("processes.message"), *queued("processes.message_case")]
    return [args for args in found if not name or args["name"] == name]


def failed_job(name: str = "processes.start", **args: Any) -> int:
    """The id of a job that failed."""
    enqueue(name, **args)
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM procrastinate_jobs")
        found: int = cursor.fetchone()[0]
        # A worker takes it up, and it fails: the queue's own trigger writes the events.
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", [found])
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed', attempts = 3 WHERE id = %s", [found])
    return found
