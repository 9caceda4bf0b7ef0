"""Subsidies in the background: what falls due is owed, yearly reviews begin, deaths and moves are looked into,
recoveries begin and end."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from backend.jobs.once import once
from backend.jobs.processes import RETRY
from backend.org.access import Actor
from backend.subsidies import ages, owing
from workflows import annual_reviews, recoveries, subsidy_exits, subsidy_tables
from workflows.models import NotDeployed


@app.periodic(cron="17 5 * * *")
@app.task(name="annual_reviews.start_due", queueing_lock="annual_reviews.start_due")
def start_due(timestamp: int) -> None:
    """Every morning: villages whose yearly review of subsidies begins."""
    annual_reviews.start_due(timezone.now())


@app.periodic(cron="27 5 * * *")
@app.task(name="subsidy_exits.find_events", queueing_lock="subsidy_exits.find_events")
def find_events(timestamp: int) -> None:
    """Every morning: who died or moved away and is still entitled."""
    subsidy_exits.find_events(timezone.now())


@app.periodic(cron="2 5 * * *")
@app.task(name="entitlements.raise_rates", queueing_lock="entitlements.raise_rates")
def raise_rates(timestamp: int) -> None:
    """Every morning, before anything is owed: who has reached an age that a layer asks for."""
    with contextlib.suppress(NotDeployed):  # where nobody can apply, rates stay as they are
        ages.raise_rates(judge=subsidy_tables.judge(), now=timezone.now())


@app.periodic(cron="7 5 * * *")
@app.task(name="entitlements.owe", queueing_lock="entitlements.owe")
def owe(timestamp: int) -> None:
    """Every morning: what has fallen due of subsidies and is not drawn up yet."""
    owing.owe_due(timezone.now())


@app.task(name="recoveries.begin", retry=RETRY, pass_context=True)
def begin(context: JobContext, *, exit_id: str, actor: dict[str, Any] | None = None) -> None:
    """What an exit shows as overpaid is looked into."""
    with once(context) as first:
        if first:
            recoveries.begin(exit_id=UUID(exit_id), actor=Actor.from_json(actor), now=timezone.now())


@app.task(name="recoveries.find_late", retry=RETRY, pass_context=True)
def find_late(context: JobContext, *, batch_id: str) -> None:
    """What the bank paid after a right had ended is looked into."""
    with once(context) as first:
        if first:
            recoveries.find_late(batch_id=UUID(batch_id))


@app.task(name="recoveries.call_off", retry=RETRY, pass_context=True)
def call_off(context: JobContext, *, recovery_id: str, actor: dict[str, Any] | None = None) -> None:
    """The exit was wrong: nothing is asked back."""
    with once(context) as first:
        if first:
            recoveries.call_off(recovery_id=UUID(recovery_id), actor=Actor.from_json(actor), now=timezone.now())
