"""Beginning a payment batch, and the correction of what the bank returned: both without a family's case."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.core.errors import Conflict
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from backend.payments import payables
from backend.payments.models import Payable
from workflows import services
from workflows.activities import office_of
from workflows.models import Instance, WorkItem

BATCH, CORRECTION = "payment_batch", "returned_payment"


class BatchBegun(Conflict):
    """A batch of the same unit and programme waits to be drawn up."""

    code = "batch_begun"
    message = _("A batch for this waits in the inbox already.")


def start_batch(*, unit: Unit, programme: str, actor: Actor, now: datetime) -> Instance:
    """A batch is to be drawn up by the unit's finance officers. Raises BatchBegun."""
    reference = f"{unit.code}-{programme or 'PAY'}"
    waiting = WorkItem.objects.filter(process=BATCH, step="draw_up", state=WorkItem.State.OPEN, unit=unit)
    if waiting.filter(case_number=reference).exists():
        raise BatchBegun
    data = {"office": str(unit.pk), "programme": programme, "reference": reference}
    return services.start(process=BATCH, case=None, data=data, actor=actor, now=now)


def start_correction(*, payable_id: UUID, now: datetime) -> None:
    """Somebody asks the payee what is wrong with the account: the caseworker of the family's township, or, for a payee
    who is nobody on file, a finance officer. What is settled meanwhile asks nobody."""
    row = Payable.objects.select_related("unit", "person__family__unit__parent").get(pk=payable_id)
    if row.state != Payable.State.RETURNED:
        return
    place = office_of(row.person.family.unit) if row.person else None
    data = {
        "payable": str(row.pk),
        "office": str(row.unit_id),
        "place": str(place.pk) if place else "",
        "reference": row.number,
    }
    with collect():
        services.start(process=CORRECTION, case=None, data=data, actor=SYSTEM, now=now)


def hold(*, payable: Payable, reason: str, actor: Actor, now: datetime) -> None:
    """Stop one payable, or let it go when it is stopped."""
    rows = Payable.objects.filter(pk=payable.pk)
    if payable.is_held:
        payables.let_go(payables=rows, reason=reason, actor=actor, now=now)
    else:
        payables.hold(payables=rows, reason=reason, actor=actor, now=now)
