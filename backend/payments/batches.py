"""Batches: drawn up by one person, released by another, or given up (P06 step 7, domain.md section 3.0).

What is held, has no account, or was confirmed by whoever draws up stays out of a batch and waits for the next one;
who stands in for somebody counts as both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.numbers import next_number
from backend.core import bulk
from backend.core.crypto import encrypt_bytes
from backend.core.errors import Conflict, NotAllowed
from backend.ledger import budgets
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.powers import behind
from backend.payments import bank_file
from backend.payments.models import Batch, BatchFile, Payable, PayableQuerySet, Transfer

MOST = 50_000
"""Lines of one batch; the rest waits for the next one."""
DIGITS = 4


class NothingToPay(Conflict):
    """No payable is due, or all of them are held, without an account or in another batch."""

    code = "nothing_to_pay"
    message = _("There is nothing to pay: nothing is due, or it is held, without an account, or in another batch.")


class NotDrawn(Conflict):
    """The batch was released or given up already."""

    code = "batch_not_drawn"
    message = _("This payment batch has been released or given up already.")


class OwnBatch(NotAllowed):
    """Who drew a batch up does not release it."""

    code = "own_batch"
    message = _("You drew this payment batch up; somebody else has to release it.")


class OwnConfirmation(NotAllowed):
    """Who confirmed a right does not pay it (四权分离)."""

    code = "own_confirmation"
    message = _("You confirmed the right to a payment in this batch; somebody else has to release it.")


def payable_for(*, unit: Unit, programme: str, pay_on: date) -> PayableQuerySet:
    """What a batch of this unit may take on that day."""
    due = Payable.objects.payable_now().filter(Q(due_on__isnull=True) | Q(due_on__lte=pay_on), unit=unit)
    return due.filter(programme=programme) if programme else due


def draw_up(*, unit: Unit, programme: str, pay_on: date, actor: Actor, now: datetime) -> Batch:
    """Everything that this unit owes and may pay on that day, as one order. Raises NothingToPay.

    Whatever another batch has taken in the meantime is not taken again: its row is locked, and looked at after that.
    """
    assert actor.user_id is not None, "a batch is drawn up by a person"
    people = list(behind(actor, day=timezone.localdate(now)))
    found = payable_for(unit=unit, programme=programme, pay_on=pay_on).exclude(confirmed_by__overlap=people)
    taken = list(found.select_for_update(of=("self",)).order_by("programme", "unit_path", "id")[:MOST])
    if not taken:
        raise NothingToPay
    year = timezone.localdate(now).year
    scope = f"{unit.code}-PAY-{year}"
    batch = Batch(
        created_at=now,
        number=f"{scope}-{next_number(scope):0{DIGITS}d}",
        unit=unit,
        programme=programme,
        pay_on=pay_on,
        count=len(taken),
        total=_sum(taken),
        drawn_by_id=actor.user_id,
        drawn_label=actor.label,
    )
    batch.save(force_insert=True)
    bulk.insert([_transfer(batch, number, each, now) for number, each in enumerate(taken, start=1)])
    Payable.objects.filter(pk__in=[each.pk for each in taken]).update(
        state=Payable.State.BATCHED, version=F("version") + 1
    )
    _tell("batch.drawn", batch, actor, now)
    return batch


def release(*, batch: Batch, actor: Actor, now: datetime, over_reason: str = "") -> BatchFile:
    """Another person lets it go to the bank: what was held since is left out, and the file is made. Whoever stands in
    for an absent colleague counts as both.

    `over_reason`: why more is paid than the year's budget holds; this person signs for it. Raises NotDrawn, OwnBatch,
    OwnConfirmation, NothingToPay, OverBudget, BudgetSpent.
    """
    if batch.state != Batch.State.DRAWN:
        raise NotDrawn
    people = behind(actor, day=timezone.localdate(now))
    if not people or batch.drawn_by_id in people:
        raise OwnBatch
    _take_off(batch.transfers.filter(payable__is_held=True))
    lines = list(batch.transfers.filter(state=Transfer.State.WAITING).select_related("payable").order_by("number"))
    if not lines:
        raise NothingToPay
    if any(people.intersection(line.payable.confirmed_by) for line in lines):
        raise OwnConfirmation
    _check_budget(batch, lines, over_reason, actor, now)
    batch.count, batch.total = len(lines), _sum(lines)
    batch.state = Batch.State.RELEASED
    batch.released_by_id, batch.released_label, batch.released_at = actor.user_id, actor.label, now
    batch.version += 1
    batch.save(update_fields=["count", "total", "state", "released_by", "released_label", "released_at", "version"])
    file = _order_file(batch, lines, actor, now)
    _tell("batch.released", batch, actor, now, digest=file.digest)
    return file


def send_back(*, batch: Batch, reason: str, actor: Actor, now: datetime) -> None:
    """It is not released: what was in it waits for another batch. Raises NotDrawn."""
    _drop(batch)
    _tell("batch.returned", batch, actor, now, reason=reason)


def give_up(*, batch: Batch, reason: str, actor: Actor, now: datetime) -> None:
    """It is not paid for now. Raises NotDrawn."""
    _drop(batch)
    _tell("batch.dropped", batch, actor, now, reason=reason)


def take_off(*, payables: PayableQuerySet) -> None:
    """No batch that still waits for its release pays these: they are open again. What is with the bank stays there."""
    lines = Transfer.objects.filter(payable__in=payables, state=Transfer.State.WAITING)
    drawn = Batch.objects.filter(state=Batch.State.DRAWN, pk__in=lines.values("batch")).order_by("pk")
    for batch in drawn.select_for_update():
        _take_off(batch.transfers.filter(payable__in=payables))
        left = batch.transfers.filter(state=Transfer.State.WAITING)
        batch.count, batch.total = left.count(), _sum(list(left))
        batch.version += 1
        batch.save(update_fields=["count", "total", "version"])


def downloaded(*, file: BatchFile, actor: Actor, now: datetime) -> None:
    """Account numbers in full left the system: history tells who took them."""
    _tell("batch.downloaded", file.batch, actor, now, digest=file.digest)


def tell_late(*, batch: Batch, actor: Actor, now: datetime) -> None:
    """The bank has not answered in full in time."""
    _tell("batch.late", batch, actor, now)


def _drop(batch: Batch) -> None:
    if batch.state != Batch.State.DRAWN:
        raise NotDrawn
    _take_off(batch.transfers.all())
    batch.state = Batch.State.DROPPED
    batch.version += 1
    batch.save(update_fields=["state", "version"])


def _take_off(transfers: models.QuerySet[Transfer]) -> None:
    lines = Transfer.objects.filter(state=Transfer.State.WAITING, pk__in=transfers.values("pk"))
    owed = list(lines.values_list("payable_id", flat=True))
    lines.update(state=Transfer.State.DROPPED)
    Payable.objects.filter(pk__in=owed).update(state=Payable.State.OPEN, version=F("version") + 1)


def _transfer(batch: Batch, number: int, payable: Payable, now: datetime) -> Transfer:
    return Transfer(
        created_at=now,
        batch=batch,
        number=number,
        payable=payable,
        payee_label=payable.payee_label,
        account_number=payable.account_number,
        account_tail=payable.account_tail,
        amount=payable.amount,
    )


def _check_budget(batch: Batch, lines: Sequence[Transfer], reason: str, actor: Actor, now: datetime) -> None:
    """Raises OverBudget, BudgetSpent. What other released batches still wait for is not in the ledger yet."""
    waiting = Transfer.objects.filter(state=Transfer.State.WAITING, batch__state=Batch.State.RELEASED)
    there = waiting.filter(batch__unit=batch.unit, batch__pay_on__year=batch.pay_on.year).exclude(batch=batch)
    sums = there.values_list("payable__programme").annotate(sum=models.Sum("amount"))
    amounts: dict[str, Decimal] = {}
    for line in lines:
        programme = line.payable.programme
        amounts[programme] = amounts.get(programme, Decimal(0)) + line.amount
    budgets.check(
        unit=batch.unit,
        amounts=amounts,
        on=batch.pay_on,
        about=batch,
        reason=reason,
        actor=actor,
        now=now,
        under_way=dict(sums),
    )


def _order_file(batch: Batch, lines: Sequence[Transfer], actor: Actor, now: datetime) -> BatchFile:
    made = bank_file.order(batch, lines, day=timezone.localdate(now))
    file = BatchFile(
        created_at=now,
        batch=batch,
        kind=BatchFile.Kind.ORDER,
        name=made.name,
        content=encrypt_bytes(made.content),
        digest=made.digest,
        count=batch.count,
        total=batch.total,
        label=actor.label,
    )
    file.save(force_insert=True)
    return file


def _sum(rows: Sequence[Payable] | Sequence[Transfer]) -> Decimal:
    return sum((row.amount for row in rows), Decimal("0.00"))


def _tell(action: str, batch: Batch, actor: Actor, now: datetime, *, reason: str = "", digest: str = "") -> None:
    told = {"count": batch.count, "total": str(batch.total), **({"sha256": digest} if digest else {})}
    record(action=action, object=batch, actor=actor, now=now, reason=reason, data=told)
