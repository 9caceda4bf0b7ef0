"""Jobs that move instances: load ids, one call. Jobs of one instance or case run one after another (their lock)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from backend.audit.history import collect
from backend.cases.cases import AlreadyOpen, FamilyGone
from backend.cases.models import Case, Family, Programme
from backend.helpers.models import Pairing
from backend.jobs.once import once
from backend.org.access import Actor
from workflows import beginnings, cases, services, visitors, visits

# A busy case or a lost connection passes; a fault in a step does not, and stays visible as a failed job.
RETRY = RetryStrategy(max_attempts=8, exponential_wait=2)


@app.task(name="processes.start", retry=RETRY, pass_context=True)
def start(
    context: JobContext,
    *,
    process: str,
    case_id: str,
    parent_id: str | None = None,
    data: dict[str, Any] | None = None,
    actor: dict[str, Any] | None = None,
) -> None:
    """Begin a process for a case; a phase only while the instance that asked for it still runs."""
    with once(context) as first:
        if first:
            services.start_phase(
                process=process,
                case=Case.objects.get(pk=case_id),
                data=data,
                actor=Actor.from_json(actor),
                now=timezone.now(),
                parent_id=UUID(parent_id) if parent_id else None,
            )


@app.task(name="processes.begin", retry=RETRY, pass_context=True)
def begin(context: JobContext, *, noun: str, id: str, actor: dict[str, Any] | None = None) -> None:
    """Begin the process of a row that a step has written: an emergency, a complaint, a health service."""
    with once(context) as first:
        if first:
            beginnings.begin(noun=noun, id=UUID(id), actor=Actor.from_json(actor), now=timezone.now())


@app.task(name="processes.look_through", retry=RETRY, pass_context=True)
def look_through(context: JobContext, *, visit_id: str, submission_id: str | None = None) -> None:
    """Look for danger in a record that no run of a process looks at: nobody waits for it, it was corrected, or it
    differs from another one of the visit (`submission_id`)."""
    with once(context) as first:
        if first:
            submission = UUID(submission_id) if submission_id else None
            visits.look_through(visit_id=UUID(visit_id), submission_id=submission, now=timezone.now())


@app.task(name="processes.plan_anew", retry=RETRY, pass_context=True)
def plan_anew(context: JobContext, *, family_id: str, is_event: bool) -> None:
    """What was planned for a family is planned by what is known of it now; after an event within 24 hours."""
    with once(context) as first:
        if first:
            visitors.plan_anew([UUID(family_id)])
            if is_event:
                visitors.come_soon(UUID(family_id), timezone.now())


@app.task(name="processes.start_cases", retry=RETRY)
def start_cases(*, family_ids: list[str], programme: str, actor: dict[str, Any] | None = None) -> None:
    """Open a case for each family that has none in the programme; tried again, it goes on where it was."""
    chosen, now = Programme.objects.get(code=programme), timezone.now()
    for family in Family.objects.filter(pk__in=family_ids).select_related("unit").order_by("pk"):
        with suppress(AlreadyOpen, FamilyGone), transaction.atomic():
            cases.start_case(family=family, programme=chosen, actor=Actor.from_json(actor), now=now)


@app.task(name="processes.message", retry=RETRY, pass_context=True)
def message(
    context: JobContext,
    *,
    instance_id: str,
    name: str,
    data: dict[str, Any] | None = None,
    actor: dict[str, Any] | None = None,
) -> None:
    """Deliver a message to one instance; when it does not wait for it, nothing happens."""
    with once(context) as first:
        if first:
            services.send_message(
                instance_id=UUID(instance_id),
                name=name,
                data=data or {},
                actor=Actor.from_json(actor),
                now=timezone.now(),
            )


@app.task(name="processes.message_case", retry=RETRY, pass_context=True)
def message_case(
    context: JobContext,
    *,
    case_id: str,
    name: str,
    data: dict[str, Any] | None = None,
    actor: dict[str, Any] | None = None,
) -> None:
    """Deliver a message to what conducts a case, by a job of its own."""
    with once(context) as first:
        if first:
            case = Case.objects.get(pk=case_id)
            services.send_to_case(
                case=case, name=name, data=data or {}, actor=Actor.from_json(actor), now=timezone.now()
            )


@app.task(name="processes.message_phase", retry=RETRY, pass_context=True)
def message_phase(
    context: JobContext,
    *,
    parent_id: str,
    name: str,
    data: dict[str, Any] | None = None,
    actor: dict[str, Any] | None = None,
) -> None:
    """Deliver a message to the phase that an instance had queued when the message came, and that runs by now."""
    with once(context) as first:
        if first:
            services.send_to_phases(parent_id=UUID(parent_id), name=name, data=data or {}, actor=Actor.from_json(actor))


@app.task(name="processes.hand_visits", retry=RETRY, pass_context=True)
def hand_visits(context: JobContext, *, pairing_id: str, actor: dict[str, Any] | None = None) -> None:
    """Planned visits that a pairing has taken over go to whoever is there, and their open work items with them."""
    with once(context) as first, collect():
        if first:
            visitors.follow(Pairing.objects.filter(pk=pairing_id), Actor.from_json(actor), timezone.now())


@app.task(name="processes.cancel", retry=RETRY)
def cancel(*, instance_id: str, reason: str, actor: dict[str, Any] | None = None) -> None:
    """Stop an instance; stopping twice is harmless."""
    with transaction.atomic():
        services.cancel(instance_id=UUID(instance_id), reason=reason, actor=Actor.from_json(actor), now=timezone.now())


@app.task(name="processes.move_items", retry=RETRY)
def move_items(*, case_id: str) -> None:
    """Bring the open work items of a case to the inboxes of the place its family belongs to now."""
    with transaction.atomic():
        services.move_items(case=Case.objects.get(pk=case_id))
