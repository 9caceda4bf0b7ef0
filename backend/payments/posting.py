"""What the bank answered goes into the ledger, portion by portion, each committed by itself: whoever is killed in the
middle goes on where the last portion ended, and no line is posted twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from backend.audit.history import collect, record
from backend.core import prepared
from backend.core.jobs import enqueue
from backend.ledger.models import Account
from backend.org.access import SYSTEM
from backend.payments.models import Batch, Payable, Transfer
from backend.payments.payables import Move, move_all, tell
from backend.reminders.outbox import intend_all, reminder_for, role_at

PORTION = 200
"""Lines posted by one transaction."""


@dataclass(frozen=True)
class Progress:
    """How far a batch is: lines in all, answered by the bank, posted, and of those paid and returned."""

    lines: int
    answered: int
    paid: int
    returned: int

    @property
    def posted(self) -> int:
        """Lines whose answer stands in the ledger."""
        return self.paid + self.returned


def progress(batch: Batch) -> Progress:
    """Counted from the lines themselves."""
    lines = batch.transfers.exclude(state=Transfer.State.DROPPED)
    return Progress(
        **lines.aggregate(
            lines=Count("pk"),
            answered=Count("pk", filter=~Q(answer="")),
            paid=Count("pk", filter=Q(state=Transfer.State.PAID)),
            returned=Count("pk", filter=Q(state=Transfer.State.RETURNED)),
        )
    )


def post_answers(*, batch_id: UUID, now: datetime, told: Callable[[int], None] = lambda _number: None) -> int:
    """Post everything that was answered and is not posted yet: how many lines. `told` hears after each portion."""
    posted = 0
    while number := post_some(batch_id=batch_id, now=now):
        posted += number
        told(posted)
    return posted


def post_some(*, batch_id: UUID, now: datetime) -> int:
    """One portion, in a transaction of its own; nothing left: the batch is settled when every line is answered."""
    with transaction.atomic(), collect():
        batch = prepared.found(Batch, batch_id, follow=("unit",), lock=True)
        unposted = batch.transfers.unposted().select_related("payable__person", "payable__standing")
        lines = list(unposted.order_by("number")[:PORTION])
        if lines:
            _post(lines, now)
        else:
            _settle(batch, now)
            enqueue("recoveries.find_late", batch_id=str(batch.pk))  # a right may have ended while the bank had it
        return len(lines)


def _post(lines: Sequence[Transfer], now: datetime) -> None:
    moves = [_move(line, now) for line in lines]
    move_all(moves, actor=SYSTEM, now=now)
    for line in lines:
        line.state = line.answer
        line.payable.state = Payable.State.PAID if line.answer == Transfer.State.PAID else Payable.State.RETURNED
        line.payable.version += 1
        on = line.answered_on.isoformat() if line.answered_on else ""
        tell(f"payable.{line.answer}", line.payable, SYSTEM, now, reason=line.reason, data={"on": on})
        if line.answer == Transfer.State.RETURNED:
            enqueue("payments.start_correction", payable_id=str(line.payable_id))
    Transfer.objects.bulk_update(lines, ["state"])
    Payable.objects.bulk_update([line.payable for line in lines], ["state", "standing", "version"])


def _move(line: Transfer, now: datetime) -> Move:
    """To what was paid out; or to what came back from the bank and is still owed."""
    is_paid = line.answer == Transfer.State.PAID
    return Move(
        payable=line.payable,
        kind=Account.Kind.PAID if is_paid else Account.Kind.RETURNED,
        entry="payment" if is_paid else "return",
        on=line.answered_on or timezone.localdate(now),
        mark=str(line.pk),
    )


def _settle(batch: Batch, now: datetime) -> None:
    waiting = batch.transfers.filter(state=Transfer.State.WAITING).exists()
    if batch.state == Batch.State.RELEASED and not waiting:
        batch.state, batch.settled_at = Batch.State.SETTLED, now
        batch.version += 1
        batch.save(update_fields=["state", "settled_at", "version"])
        record(action="batch.settled", object=batch, actor=SYSTEM, now=now)
        _let_villages_tell(batch, now)


def _let_villages_tell(batch: Batch, now: datetime) -> None:
    """The village tells each family that its money has arrived when it next sees them: one word for a batch, without
    names, amounts or a message to the family that comes at the wrong time."""
    paid = batch.transfers.filter(state=Transfer.State.PAID, payable__person__died_on=None)
    villages = paid.exclude(payable__person=None).order_by().values_list("payable__person__family__unit", flat=True)
    intend_all(
        reminder_for(
            role_at("village", village), kind="payable.paid", key=f"payable.paid:{batch.pk}:{village}", created_at=now,
            about_kind="batch", about_id=batch.pk, label=batch.number, label_en=batch.number,
            page="/subsidies/entitlements/",
        )
        for village in villages.distinct()
    )  # fmt: skip
