"""What kind of error a job failed with, noted by the worker: the queue itself keeps only that it failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connections
from django.utils import timezone

if TYPE_CHECKING:
    from procrastinate import JobContext
    from procrastinate.worker import Worker


async def note(call_next: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
    """Around every job (procrastinate's worker_middleware): a failure is noted in a transaction of its own."""
    try:
        return await call_next()
    except Exception as error:
        if context.job.id is not None:
            await sync_to_async(_note)(context.job.id, type(error).__name__)
        raise


def _note(job_id: int, error: str) -> None:
    # Here, because the settings name this module before the models can be loaded.
    from backend.core.models import JobFailure

    told = {"error": error[:120], "at": timezone.now()}
    try:
        with suppress(DatabaseError):  # the job's own error is the one to be told
            JobFailure.objects.update_or_create(job_id=job_id, defaults=told)
    finally:
        connections.close_all()  # this thread does nothing else
