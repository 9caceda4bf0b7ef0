"""Recoveries at their doors: begun when an exit was explained, objected to, called off when the exit was wrong."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast
from django.utils import timezone

from backend.audit.history import collect
from backend.core import prepared
from backend.core.jobs import enqueue
from backend.org.access import SYSTEM, Actor
from backend.payments.models import Transfer
from backend.rights.offices import office_for
from backend.subsidies import recoveries
from backend.subsidies.models import Exit, Recovery
from backend.subsidies.paid import REFERENCE
from backend.subsidies.recoveries import NothingOverpaid
from workflows import services
from workflows.activities import office_of
from workflows.subsidy_exits import county_of

PROCESS = "recovery"


def begin(*, exit_id: UUID, actor: Actor, now: datetime) -> Recovery | None:
    """What was overpaid by an exit, and the process that deals with it; None when nothing was. Twice is once."""
    ended = prepared.found(Exit, exit_id, follow=("unit", "entitlement__person__family"))
    with suppress(NothingOverpaid), collect():
        row = recoveries.find(ended=ended, actor=actor, now=now)
        if row.instance_id is None:
            row.instance_id = services.start(process=PROCESS, case=None, data=_data(row, now), actor=actor, now=now).pk
            row.save(update_fields=["instance_id"])
        return row
    return None


def find_late(*, batch_id: UUID) -> int:
    """The bank has answered: whose right had ended when it paid is looked at again, where the county wants it back and
    it was explained already; explaining looks by itself. Returns how many exits."""
    arrived = Transfer.objects.filter(
        batch=batch_id, state=Transfer.State.PAID, payable__reference_kind=REFERENCE,
        payable__reference_id=Cast(OuterRef("entitlement_id"), CharField()),
    )  # fmt: skip
    told = (Exit.State.EXPLAINED, Exit.State.APPEALED, Exit.State.EXITED)
    found = list(Exit.objects.filter(Exists(arrived), collect=True, state__in=told).values_list("pk", flat=True))
    for pk in found:
        enqueue("recoveries.begin", lock=f"exit:{pk}", exit_id=str(pk), actor=SYSTEM.as_json())
    return len(found)


def object_to(*, row: Recovery, text: str, actor: Actor, now: datetime) -> None:
    """An objection goes to somebody who had no hand in it. Raises NoObjection."""
    with collect():
        recoveries.take_objection(row=row, text=text, actor=actor, now=now)
        if row.instance_id is not None:
            services.send_message(instance_id=row.instance_id, name="appeal_lodged", data={}, actor=actor, now=now)


def call_off(*, recovery_id: UUID, actor: Actor, now: datetime) -> None:
    """The exit was wrong, so nothing was overpaid. Calling off twice is harmless."""
    row = Recovery.objects.select_for_update(of=("self",)).select_related("unit", "exit__entitlement__person")
    held = row.get(pk=recovery_id)
    if held.state == Recovery.State.WITHDRAWN:
        return
    with collect():
        if held.instance_id is not None:
            services.cancel(instance_id=held.instance_id, reason=held.exit.number, actor=actor, now=now)
        recoveries.withdraw(row=held, actor=actor, now=now)


def _data(row: Recovery, now: datetime) -> dict[str, str]:
    return {
        "recovery": str(row.pk),
        "reference": row.number,
        "village": str(row.unit_id),
        "office": str(office_of(row.unit).pk),
        "county": str(county_of(row.unit).pk),
        "independent": str(office_for("auditor", place=row.unit, about=None, day=timezone.localdate(now)).pk),
    }
