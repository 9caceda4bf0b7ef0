"""Waking what is due: timers are a column, claimed with SKIP LOCKED; a case with nothing due costs no statement."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from workflows import services, store
from workflows.models import Instance

logger = structlog.get_logger(__name__)
BATCH = 500
LONGEST_WAIT = timedelta(hours=6)
DOUBLINGS = 9
"""After so many failures the wait is the longest anyway: a power of two without end is more than a time can hold."""


@app.periodic(cron="* * * * *")
@app.task(name="timers.wake_due", queueing_lock="timers.wake_due")
def wake_due(timestamp: int) -> None:
    """Every minute: wake all instances whose time has come."""
    wake_all(timezone.now())


def wake_all(now: datetime) -> int:
    """Wake every instance that is due; returns how many. Several workers may do so at once, each takes others' rest.

    One transaction per instance: what was woken stays woken when a later one fails or the process is killed.
    """
    woken = 0
    while batch := list(Instance.objects.due(now).values_list("pk", flat=True)[:BATCH]):
        before = woken
        for instance_id in batch:
            woken += _wake(instance_id, now)
        if woken == before:  # all of these are in other hands
            break
    return woken


def _wake(instance_id: UUID, now: datetime) -> bool:
    try:
        with transaction.atomic():
            return services.wake(instance_id=instance_id, now=now)
    except store.Busy:
        return False
    except Exception as error:
        # One faulty case must not hold up the others: it waits longer and longer, and says why.
        logger.exception("timer failed", instance=str(instance_id))
        try:
            _put_off(instance_id, now, error)
        except Exception:
            logger.exception("timer not put off", instance=str(instance_id))
        return False


def _put_off(instance_id: UUID, now: datetime, error: Exception) -> None:
    with transaction.atomic():
        instance = Instance.objects.select_for_update().get(pk=instance_id)
        instance.failures += 1
        instance.error = f"{type(error).__name__}: {error}"[:400]
        instance.wake_at = now + min(timedelta(minutes=2 ** min(instance.failures, DOUBLINGS)), LONGEST_WAIT)
        instance.save(update_fields=["failures", "error", "wake_at"])
