"""Payments: the bank's answers are posted, and whoever did not receive anything is asked for another account."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from backend.jobs.once import once
from backend.jobs.processes import RETRY
from backend.payments import posting
from workflows import payments


@app.task(name="payments.post_answers", retry=RETRY)
def post_answers(*, batch_id: str) -> None:
    """Portion by portion; killed, it goes on where the last one ended."""
    posting.post_answers(batch_id=UUID(batch_id), now=timezone.now())


@app.periodic(cron="47 7 * * *")
@app.task(name="payments.remind", queueing_lock="payments.remind")
def remind(timestamp: int) -> None:
    """Every morning: payments that near their last day, or are past it."""
    with transaction.atomic():
        payments.remind_of_last_days(timezone.now())


@app.task(name="payments.start_correction", retry=RETRY, pass_context=True)
def start_correction(context: JobContext, *, payable_id: str) -> None:
    """A payment came back: somebody calls the payee."""
    with once(context) as first:
        if first:
            payments.start_correction(payable_id=UUID(payable_id), now=timezone.now())


@app.task(name="payments.end_correction", retry=RETRY, pass_context=True)
def end_correction(context: JobContext, *, payable_id: str) -> None:
    """What is settled is asked for no more."""
    with once(context) as first:
        if first:
            payments.end_correction(payable_id=UUID(payable_id), now=timezone.now())
