"""Reminders: what is due is written into the outbox every hour; the outbox goes out every minute."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from backend.reminders import sending, watch
from backend.reminders.channels import Message
from backend.reminders.reports import take_in
from workflows import reminders

LOCK = "reminders"
"""One at a time: what several found for one person goes out as one message."""


@app.periodic(cron="20 * * * *")
@app.task(name="reminders.remind", lock="reminders.remind", queueing_lock="reminders.remind")
def remind(timestamp: int) -> None:
    """Every hour: work items and visits whose time comes near or has passed."""
    now = timezone.now()
    reminders.remind_items(now)
    reminders.remind_visits(now)


@app.periodic(cron="50 * * * *")
@app.task(name="reminders.watch", queueing_lock="reminders.watch")
def look(timestamp: int) -> None:
    """Every hour: system administrators hear of jobs that did not run, and of due work that nobody was told of."""
    now = timezone.now()
    with transaction.atomic():
        watch.tell_administrators(untold=reminders.untold(now), now=now)


@app.periodic(cron="* * * * *")
@app.task(name="reminders.send", lock=LOCK, queueing_lock="reminders.send")
def send(timestamp: int) -> None:
    """Every minute: what is new is shown, what is due goes out, what became of messages is noted."""
    send_all()
    take_reports()


@app.task(name="reminders.send_urgent", lock=LOCK, queueing_lock="reminders.send_urgent")
def send_urgent() -> None:
    """The same at once, for what cannot wait."""
    send_all()


def send_all() -> None:
    """Everything that is due. Each message is marked, handed over, noted: a transaction before and one after."""
    now, book = timezone.now(), reminders.Book()
    left = True
    while left:
        with transaction.atomic():
            left = sending.show(now=now, book=book) == sending.BATCH
    while messages := _marked(book):
        for message in messages:
            outcome, detail = sending.hand_over(message)
            with transaction.atomic():
                sending.note(message=message, outcome=outcome, detail=detail, now=timezone.now())


def take_reports() -> None:
    """What channels were told of messages since the last time: noted first, forgotten by the channel after that."""
    for way in sending.reporting():
        with transaction.atomic():
            take_in(reports=way.reports(), now=timezone.now())
        way.forget_reports()


def _marked(book: reminders.Book) -> list[Message]:
    with transaction.atomic():
        now = timezone.now()
        return [*sending.mark(now=now, book=book), *sending.mark_again(now=now, book=book)]
