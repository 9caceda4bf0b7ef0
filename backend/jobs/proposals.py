"""Proposals in the background: large batches one at a time, and offers for those that were taken up."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from backend.helpers.models import Batch, Proposal
from backend.helpers.proposals import run_batch
from backend.jobs.once import once
from backend.org.access import Actor
from workflows.proposals import offer_as_proposed

RETRY = RetryStrategy(max_attempts=8, exponential_wait=2)


@app.task(name="proposals.run", retry=RETRY, pass_context=True)
def run(context: JobContext, *, batch_id: str) -> None:
    """Work a batch out."""
    with once(context) as first:
        if first:
            run_batch(batch=Batch.objects.get(pk=batch_id), now=timezone.now())


@app.task(name="proposals.offer", retry=RETRY, pass_context=True)
def offer(context: JobContext, *, proposal_id: str, actor: dict[str, Any] | None = None) -> None:
    """Have the proposed helper asked."""
    with once(context) as first:
        if first:
            proposal = Proposal.objects.get(pk=proposal_id)
            offer_as_proposed(proposal=proposal, actor=Actor.from_json(actor), now=timezone.now())
