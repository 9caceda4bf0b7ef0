"""How long the outbox tells what was said: then the words go, and that something was said stays."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone

from backend.org import parameters
from backend.reminders.channels import remove_files
from backend.reminders.models import Reminder

KEY = "reminder.kept_days"
DEFAULT = 180
"""Where the parameter is not set."""
BATCH = 5000


def last_day(now: datetime) -> date:
    """What was said before this day is kept no longer."""
    today = timezone.localdate(now)
    return today - timedelta(days=int(parameters.value(KEY, path="", day=today, default=DEFAULT)))


def empty(*, now: datetime) -> int:
    """Take the words out of some old reminders; returns out of how many, 0 when none is left.

    What stays: which kind, about which family, to whom, by which channel, when, and whether it arrived.
    """
    old = Reminder.objects.filter(created_at__date__lt=last_day(now)).exclude(label="", label_en="", page="")
    some = list(old.values_list("pk", flat=True)[:BATCH])
    return Reminder.objects.filter(pk__in=some).update(label="", label_en="", page="")


def remove_sent(*, now: datetime) -> int:
    """Remove the files of the adapter that writes messages into a folder, with the addresses in them."""
    return remove_files(before=last_day(now))
