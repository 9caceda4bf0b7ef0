"""Pairings suspended and taken up again."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from backend.audit.history import collect
from backend.helpers.models import Pairing
from backend.helpers.suspensions import follow_checks
from backend.jobs.once import once
from backend.jobs.processes import RETRY
from backend.org.access import Actor
from workflows import visitors


@app.periodic(cron="2 0 * * *")
@app.task(name="suspensions.follow_checks", queueing_lock="suspensions.follow_checks")
def note_checks(timestamp: int) -> None:
    """Soon after midnight: what the dates of background checks have said since then is written down and told."""
    with transaction.atomic():
        follow_checks(now=timezone.now())


@app.task(name="suspensions.follow", retry=RETRY, pass_context=True)
def follow(
    context: JobContext, *, pairing_id: str, what: str, reason: str, actor: dict[str, Any] | None = None
) -> None:
    """Visits of a pairing that is suspended go to whoever may make them; taken up again, they are the helper's."""
    with once(context) as first, collect():
        if first:
            visitors.follow(Pairing.objects.filter(pk=pairing_id), Actor.from_json(actor), timezone.now())
