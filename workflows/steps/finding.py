"""Steps of a finding: the unit's answer, the supervisor's signature, the auditor's verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.core import prepared
from backend.inspection import findings
from backend.inspection.models import Finding
from workflows.engine.runner import Call
from workflows.steps.context import Step, case_of, let_hear, of


def record_answer(call: Call) -> None:
    """What was done, and what shows it."""
    context, answers = of(call), call.answers
    findings.answer(
        finding=_finding(call),
        done=str(answers["done"]),
        evidence=str(answers["evidence"]),
        actor=context.actor,
        now=context.now,
    )


def record_confirmation(call: Call) -> None:
    """The supervisor signs, or returns the answer; its day stays."""
    context = of(call)
    if call.answers["confirmation"] == "return":
        _return(call)
    else:
        findings.confirm(finding=_finding(call), actor=context.actor, now=context.now)


def record_acceptance(call: Call) -> Mapping[str, Any] | None:
    """The auditor closes the finding, or returns the answer; then the unit has as long as at first."""
    context, finding = of(call), _finding(call)
    if call.answers["acceptance"] == "accept":
        findings.accept(finding=finding, actor=context.actor, now=context.now)
        return None
    due_at = findings.usual_due(case_of(call), context.now)
    findings.return_answer(finding=finding, reason=_reason(call), due_at=due_at, actor=context.actor, now=context.now)
    return {"due_at": due_at.isoformat()}


def tell_supervisor(call: Call) -> None:
    """Its day is over: the supervisor is told, once a round."""
    context, finding = of(call), _finding(call)
    if finding.escalated_at is None:
        findings.escalate(finding=finding, actor=context.actor, now=context.now)
        let_hear(call, "finding.escalated")


def _return(call: Call) -> None:
    context = of(call)
    findings.return_answer(finding=_finding(call), reason=_reason(call), actor=context.actor, now=context.now)


def _reason(call: Call) -> str:
    return str(call.answers.get("reason") or "")


def _finding(call: Call) -> Finding:
    return prepared.found(Finding, call.data["finding"], follow=("case__unit",))


STEPS: Mapping[str, Step] = {
    "finding.record_answer": record_answer,
    "finding.record_confirmation": record_confirmation,
    "finding.record_acceptance": record_acceptance,
    "finding.tell_supervisor": tell_supervisor,
}
