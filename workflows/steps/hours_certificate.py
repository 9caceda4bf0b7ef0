"""Steps of a certificate of hours: checked and announced, objected to, signed (民发〔2015〕149号)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from backend.activities import certificates
from backend.activities.models import Certificate
from backend.core import prepared
from backend.org.working_days import end_of_day
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def record_check(call: Call) -> Mapping[str, Any] | None:
    """The hours are right and announced until a day, or it is not issued."""
    context, row = of(call), _certificate(call)
    if call.answers["check"] == "refuse":
        _refuse(call, row)
        return None
    until = certificates.announce(certificate=row, actor=context.actor, now=context.now)
    return {"over_at": (end_of_day(until) + timedelta(microseconds=1)).isoformat()}


def record_objection(call: Call) -> None:
    """Upheld, it is not issued."""
    if call.answers["objection"] == "uphold":
        _refuse(call, _certificate(call))


def record_signature(call: Call) -> None:
    """Signed, it is valid."""
    context, row = of(call), _certificate(call)
    if call.answers["signature"] == "refuse":
        _refuse(call, row)
    else:
        certificates.issue(certificate=row, actor=context.actor, now=context.now)


def _refuse(call: Call, row: Certificate) -> None:
    context = of(call)
    certificates.refuse(certificate=row, reason=str(call.answers["reason"]), actor=context.actor, now=context.now)


def _certificate(call: Call) -> Certificate:
    return prepared.found(Certificate, call.data["certificate"], follow=("helper__unit", "unit"))


STEPS: Mapping[str, Step] = {
    "hours_certificate.record_check": record_check,
    "hours_certificate.record_objection": record_objection,
    "hours_certificate.record_signature": record_signature,
}
