"""What is queued, read from the queue itself."""

from typing import Any

from procrastinate.contrib.django.models import ProcrastinateJob


def queued(name: str = "") -> list[dict[str, Any]]:
    """The arguments of waiting jobs, oldest first: all, or those of one name."""
    rows = ProcrastinateJob.objects.filter(status="todo").order_by("id")
    return [dict(row.args) for row in rows if not name or row.task_name == name]


def messages(name: str = "") -> list[dict[str, Any]]:
    """Waiting messages to instances and cases: all, or those of one name."""
    found = [*queued("processes.message"), *queued("processes.message_case")]
    return [args for args in found if not name or args["name"] == name]
