"""Delivery reports: what the network says of a message after it was taken, and whom to tell when it did not arrive.

Taken is not arrived. What did not arrive climbs to the person's next channel; when there is none left, somebody of the
office hears that this person has to be told by voice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from backend.core.models import new_id
from backend.org.models import Unit
from backend.reminders.channels import Report, available
from backend.reminders.models import Channel, Delivery, Reminder, Try
from backend.reminders.outbox import intend, role_at
from backend.reminders.quiet import hours_at

OPEN = (Delivery.State.MARKED, Delivery.State.AGAIN, Delivery.State.SENT)
CALLER = "caseworker"
"""Who hears that somebody without an account could not be reached."""


def take_in(*, reports: Iterable[Report], now: datetime) -> int:
    """Note what became of messages; returns how many reports said something new. One that comes again, or of a message
    that nobody sent, changes nothing; what arrived has arrived, whatever is said later."""
    return sum(_arrived(each, now) if each.arrived else _lost(each, now) for each in reports)


def climb(*, message: UUID, now: datetime) -> None:
    """A message did not arrive for good: its reminders go out by the person's next channel, or the office hears of it.

    One message collects several reminders to one person: they climb together.
    """
    failed = Delivery.objects.filter(message=message, state=Delivery.State.FAILED)
    rows = list(failed.select_related("reminder", "user").order_by("id"))
    if not rows:
        return
    following = _next_channel(rows[0])
    if following:
        _send_by(following, rows, now)
    elif rows[0].user_id is None:
        _tell_office(message, rows[0], now)
    _settle_failed(message)


def _arrived(report: Report, now: datetime) -> bool:
    rows = Delivery.objects.filter(message=report.message).exclude(state=Delivery.State.DELIVERED)
    channel = rows.values_list("channel", flat=True).first()
    if channel is None:
        return False
    reminders = list(rows.values_list("reminder", flat=True))
    rows.update(state=Delivery.State.DELIVERED, at=now)
    Reminder.objects.filter(pk__in=reminders).update(state=Reminder.State.DELIVERED)
    _note(report, channel, Try.Outcome.ARRIVED, now)
    return True


def _lost(report: Report, now: datetime) -> bool:
    rows = Delivery.objects.filter(message=report.message, state__in=OPEN)
    channel = rows.values_list("channel", flat=True).first()
    if channel is None:
        return False
    rows.update(state=Delivery.State.FAILED, at=now)
    _note(report, channel, Try.Outcome.LOST, now)
    climb(message=report.message, now=now)
    return True


def _note(report: Report, channel: str, outcome: str, now: datetime) -> None:
    Try.objects.create(message=report.message, channel=channel, outcome=outcome, at=now, detail=report.detail)


def _next_channel(row: Delivery) -> str:
    """E-mail, unless it has been tried: whatever the person chose went out together with what failed. An account's
    address is known to the office, so it is used without having been chosen; empty where there is none (D20)."""
    mail = Channel.EMAIL
    if row.user is None or not row.user.email or mail not in available():
        return ""
    tried = Delivery.objects.filter(reminder=row.reminder_id, user=row.user_id, channel=mail).exists()
    return "" if tried else mail


def _send_by(channel: str, rows: list[Delivery], now: datetime) -> None:
    """One more message with the same reminders, out of quiet hours unless one of them is urgent."""
    message = new_id()
    urgent = any(row.reminder.urgent for row in rows)
    at = now if urgent else hours_at(rows[0].reminder.unit_path, now).after_quiet(now)
    again = [
        Delivery(
            reminder_id=row.reminder_id,
            user_id=row.user_id,
            channel=channel,
            message=message,
            state=Delivery.State.AGAIN,
            at=at,
        )
        for row in rows
    ]
    Delivery.objects.bulk_create(again, ignore_conflicts=True)


def _tell_office(message: UUID, row: Delivery, now: datetime) -> None:
    """A helper without an account has nothing but this number: the office rings them."""
    place = Unit.objects.filter(path=row.reminder.unit_path).first()
    if place is None:
        return
    intend(
        "helper.unreached",
        to=role_at(CALLER, place),
        key=f"helper.unreached:{message}",
        now=now,
        unit_path=place.path,
        page=f"/helpers/{row.helper_id}/",
    )


def _settle_failed(message: UUID) -> None:
    """A reminder of which no delivery is left that might have arrived did not arrive."""
    hopeful = Delivery.objects.filter(reminder=OuterRef("pk")).exclude(state=Delivery.State.FAILED)
    lost = Reminder.objects.filter(deliveries__message=message).exclude(Exists(hopeful))
    Reminder.objects.filter(pk__in=lost.values("pk")).update(state=Reminder.State.FAILED)
