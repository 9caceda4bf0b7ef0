"""Runs that cannot go on: whenever one is woken its step fails, and it waits longer for the next time.

The administrators hear which process it is, how often it failed and with what kind of error, never whose case it is.
They have it tried at once, when what stopped it is gone, or stop it for good; the case's office is told then.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.cases.models import Case
from backend.core.errors import Conflict
from backend.org.access import Actor
from backend.reminders.outbox import intend, role_at
from workflows import services, store
from workflows.chronicle import record_instance
from workflows.models import Instance


class NotFailing(Conflict):
    """It goes on by itself, has ended, or was stopped before: there is nothing to mend."""

    code = "run_not_failing"
    message = _("This run does not fail any more.")


def failing() -> QuerySet[Instance]:
    """Running instances that failed when they were last woken, without their state, whoever's they are."""
    rows = Instance.objects.filter(state=Instance.State.RUNNING, wake_at__isnull=False, failures__gt=0)
    return rows.select_related("process").defer("data", "process__files")


def try_again(*, instance_id: UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Have it woken with what is due now, instead of after its long wait. Raises NotFailing, ReasonMissing."""
    services.need_reason(reason)
    with collect():
        instance = _held(instance_id)
        instance.wake_at = now
        instance.save(update_fields=["wake_at"])
        record_instance(instance, "instance.tried_again", actor, now, reason=reason)


def stop(*, instance_id: UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Stop it for good, and tell the supervisor of its case, who closes the case and opens it again.

    Raises NotFailing, ReasonMissing.
    """
    services.need_reason(reason)
    with collect():
        instance = _held(instance_id)
        services.cancel(instance_id=instance_id, reason=reason, actor=actor, now=now)
        if (case := instance.case_in_full) is not None:
            _tell_office(instance, case, now)


def _held(instance_id: UUID) -> Instance:
    """The instance under lock. Raises NotFailing."""
    instance = store.locked(instance_id)
    if instance.state != Instance.State.RUNNING or not instance.failures:
        raise NotFailing
    return instance


def _tell_office(instance: Instance, case: Case, now: datetime) -> None:
    intend(
        "instance.stopped",
        to=role_at("supervisor", case.family.unit),
        key=f"instance:{instance.pk}:stopped",
        about=case,
        label=f"{instance.process.name} {case.number}",
        label_en=f"{instance.process.name_en} {case.number}",
        page=f"/cases/{case.pk}/",
        now=now,
    )
