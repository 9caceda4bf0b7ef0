"""Whether reminders go out at all: a schedule that does not run sends nothing and complains of nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from backend.core import schedules
from backend.org.models import Unit
from backend.reminders.models import Delivery, Reminder
from backend.reminders.outbox import intend, role_at

LONG = timedelta(hours=1)
"""What is due for so long should have gone out."""


def unsent(now: datetime) -> int:
    """Reminders that should have gone out an hour ago and more."""
    waiting = Q(told_at__isnull=True, state=Reminder.State.INTENDED, created_at__lt=now - LONG)
    return Reminder.objects.filter(waiting | Q(send_at__lt=now - LONG)).count()


def unknown(now: datetime) -> int:
    """Messages of the last days of which nobody knows whether they went out."""
    handed = Delivery.objects.filter(state=Delivery.State.MARKED, at__lt=now - LONG, at__gt=now - timedelta(days=7))
    return handed.values("message").distinct().count()


def tell_administrators(*, untold: int, now: datetime) -> None:
    """What did not run, once each time it should have; and, once a day, that nothing was said of so much due work."""
    root = Unit.objects.order_by("path").first()
    if root is None:
        return
    to = role_at("sysadmin", root)
    for each in schedules.late(now):
        key = f"schedule.late:{each.name}:{each.expected.isoformat()}"
        intend(
            "schedule.late", to=to, key=key, now=now, label=each.name, label_en=each.name, page="/administration/jobs/"
        )
    if untold or unsent(now):
        key = f"schedule.silent:{now.date().isoformat()}"
        intend("schedule.silent", to=to, key=key, now=now, page="/administration/jobs/")
