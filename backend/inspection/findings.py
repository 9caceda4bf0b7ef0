"""Findings: raised by an auditor, answered by the unit, confirmed by its supervisor, checked by the auditor."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from backend.audit.history import record
from backend.cases.models import Case
from backend.inspection.models import Finding, SampleRow
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.working_days import end_of_day

DAYS = 30
"""P-7, where no parameter `finding.days` is set."""


def usual_due(case: Case, now: datetime) -> datetime:
    """The end of the last day on which the unit may answer."""
    today = timezone.localdate(now)
    days = int(parameters.value("finding.days", path=case.unit_path, day=today, default=DAYS))
    return end_of_day(today + timedelta(days=days))


def create_finding(
    *,
    case: Case,
    kind: str,
    text: str,
    due_at: datetime,
    office: Unit,
    actor: Actor,
    now: datetime,
    row: SampleRow | None = None,
) -> Finding:
    """Keep what was found. The case may be open or closed; what it is about is no part of the history."""
    finding = Finding.objects.create(
        case=case, kind=kind, text=text, due_at=due_at, office=office, sample_row=row,
        raised_by_id=actor.user_id, raised_label=actor.label, created_at=now,
    )  # fmt: skip
    record(
        action="finding.raised", object=finding, actor=actor, now=now, data={"kind": kind, "due": due_at.isoformat()}
    )
    return finding


def answer(*, finding: Finding, done: str, evidence: str, actor: Actor, now: datetime) -> None:
    """What the unit did, and what shows it."""
    finding.answer, finding.evidence = done, evidence
    finding.answered_at, finding.answered_label = now, actor.label
    _move(finding, Finding.State.ANSWERED, "finding.answered", actor, now)


def confirm(*, finding: Finding, actor: Actor, now: datetime) -> None:
    """The supervisor signs the unit's answer."""
    finding.confirmed_label = actor.label
    _move(finding, Finding.State.CONFIRMED, "finding.confirmed", actor, now)


def return_answer(
    *, finding: Finding, reason: str, actor: Actor, now: datetime, due_at: datetime | None = None
) -> None:
    """The answer is not enough; by when there has to be another one, when that changes."""
    finding.returned, finding.rounds, finding.confirmed_label = reason, finding.rounds + 1, ""
    if due_at is not None:
        finding.due_at, finding.escalated_at = due_at, None
    _move(finding, Finding.State.OPEN, "finding.returned", actor, now)


def accept(*, finding: Finding, actor: Actor, now: datetime) -> None:
    """The auditor is satisfied."""
    finding.closed_at = now
    _move(finding, Finding.State.CLOSED, "finding.accepted", actor, now)


def escalate(*, finding: Finding, actor: Actor, now: datetime) -> None:
    """Its day is over without an answer: the supervisor is told."""
    finding.escalated_at = now
    _move(finding, Finding.State(finding.state), "finding.escalated", actor, now)


def kinds(now: datetime) -> list[str]:
    """The codes that a finding's kind may have today."""
    return list(codes.choices("finding_kind", day=timezone.localdate(now)))


def _move(finding: Finding, state: Finding.State, action: str, actor: Actor, now: datetime) -> None:
    finding.state, finding.version = state, finding.version + 1
    finding.save()
    record(
        action=action,
        object=finding,
        actor=actor,
        now=now,
        data={"kind": finding.kind, "due": finding.due_at.isoformat()},
    )
