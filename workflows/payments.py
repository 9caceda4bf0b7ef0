"""Beginning a payment batch, and the correction of what the bank returned: both without a family's case."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.core import prepared
from backend.core.errors import Conflict
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from backend.org.working_days import end_of_day
from backend.payments import payables
from backend.payments.models import Payable
from backend.payments.programmes import programme_name
from backend.reminders.models import Reminder
from backend.reminders.outbox import intend_all, reminder_for, role_at
from backend.subsidies import exits
from workflows import ladder, services, store
from workflows.activities import office_of
from workflows.models import Instance, WorkItem
from workflows.reminders import stage_of

BATCH, CORRECTION = "payment_batch", "returned_payment"
SOONEST = timedelta(days=7)
"""The largest `soon_days` of the parameter `reminder.ladder`."""
TOLD = {"escalated": "county", "leading": "head"}
"""Who hears of it on the upper rungs; on the lower ones those who pay."""


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
    """Somebody asks the payee for an account, as none is known or the bank returned it: the caseworker of the family's
    township, or, for a payee who is nobody on file, a finance officer.

    What is settled meanwhile asks nobody, and for whatever else waits for the same account nobody is asked again. What
    is owed no more because its right ended while the bank had it is taken back first.
    """
    came_back = Payable.objects.get(pk=payable_id)
    exits.came_back(payable=came_back, actor=SYSTEM, now=now)
    row = prepared.found(Payable, payable_id, follow=("unit", "person__family__unit__parent"))
    if (row.state != Payable.State.RETURNED and not _lacks_account(row)) or _asked_for(row, now):
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


def end_correction(*, payable_id: UUID, now: datetime) -> None:
    """What is settled is asked for no more: it is not owed, or has an account by now. Twice is once."""
    row = Payable.objects.get(pk=payable_id)
    if payables.wants_account(row):
        return
    for instance_id in _asked_for(row, now):
        services.cancel(instance_id=instance_id, reason=row.number, actor=SYSTEM, now=now)


def _asked_for(row: Payable, now: datetime) -> set[UUID]:
    """The corrections of this payable that wait for somebody."""
    items = WorkItem.objects.filter(process=CORRECTION, state=WorkItem.State.OPEN, case_number=row.number)
    instances = {each.instance for each in items.select_related("instance")}
    return {each.pk for each in instances if _is_about(each, row, now)}


def _is_about(instance: Instance, row: Payable, now: datetime) -> bool:
    waiting = store.restore(instance, actor=SYSTEM, now=now).waiting
    return any(entry.data.get("payable") == str(row.pk) for entry in waiting)


def _lacks_account(row: Payable) -> bool:
    """No account is known, and nobody is asked for it: what was owed first is what they are asked for."""
    if row.state != Payable.State.OPEN or row.account_tail:
        return False
    asked = Payable.objects.filter(person__isnull=False, person=row.person_id, account_tail="").exclude(pk=row.pk)
    earlier = Q(created_at__lt=row.created_at) | Q(created_at=row.created_at, pk__lt=row.pk)
    under_way = (Payable.State.OPEN, Payable.State.CHECKING)
    return not asked.filter(earlier, state__in=under_way).exists()


def remind_of_last_days(now: datetime) -> int:
    """Whoever has to hear that payments near their last day or are past it, once for each rung of table D20: finance,
    then the county's officers, then its head. One word for a unit, programme and day; returns how many were told."""
    near = timezone.localdate(now) + SOONEST
    waiting = Payable.objects.exclude(state__in=(Payable.State.PAID, Payable.State.CANCELLED))
    waiting = waiting.filter(is_held=False, pay_by__lte=near).order_by("unit__path", "programme", "pay_by")
    groups = waiting.values_list("unit_id", "unit__path", "programme", "pay_by").distinct()
    told = (_last_day(unit, path, programme, day, now) for unit, path, programme, day in groups if day is not None)
    rows = [row for row in told if row is not None]
    known = set(Reminder.objects.filter(key__in=[row.key for row in rows]).values_list("key", flat=True))
    fresh = [row for row in rows if row.key not in known]
    intend_all(fresh)
    return len(fresh)


def _last_day(unit: UUID, path: str, programme: str, day: date, now: datetime) -> Reminder | None:
    stage = stage_of(end_of_day(day), high_risk=False, path=path, now=now)
    if not stage:
        return None
    kind = "payment.soon" if stage in {"soon", "due"} else "payment.late"
    return reminder_for(
        role_at(TOLD.get(stage, "finance"), unit), kind=kind, key=f"payment:{unit}:{programme}:{day:%Y%m%d}:{stage}",
        created_at=now, unit_path=path, label=programme_name(programme), label_en=programme_name(programme),
        page=f"/payments/payables/?show=overdue&programme={programme}" if kind == "payment.late" else "/payments/",
        decided_by=ladder.rung(timer=stage, high_risk=False).decided_by,
    )  # fmt: skip


def hold(*, payable: Payable, reason: str, actor: Actor, now: datetime) -> None:
    """Stop one payable, or let it go when it is stopped."""
    rows = Payable.objects.filter(pk=payable.pk)
    if payable.is_held:
        payables.let_go(payables=rows, reason=reason, actor=actor, now=now)
    else:
        payables.hold(payables=rows, reason=reason, actor=actor, now=now)
