"""What is known of a member unit's month: numbers that the system counted, why it was returned, what was reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.coordination import reports
from backend.coordination.models import MonthlyReport, Submission
from backend.core import prepared
from backend.reporting import member_months
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text

WORDS = ("progress", "content", "effect", "problems", "support")


def to_write(context: Context, data: Mapping[str, Any]) -> Known:
    """The numbers as they stand now, those of the time before, why it was returned; a returned one as it was."""
    report = _report(data)
    facts = {
        "reported_month": f"{report.month:%Y-%m}",
        "answer_until": text(report.due_at),
        "returned_because": report.returned,
        "codes": report.return_codes,
        "counted": member_months.counted(report.unit, report.month, context.now),
        "told_before": dict(reports.told_before(report)),
    }
    last = reports.latest(report)
    return {"facts": facts, "values": _answers(last) if last is not None else {}}


def to_decide(context: Context, data: Mapping[str, Any]) -> Known:
    """What was handed in, frozen, and what the check found."""
    report = _report(data)
    row = reports.last_of(report)
    facts = {
        "unit": report.unit.name,
        "reported_month": f"{report.month:%Y-%m}",
        "report_check": [code for code in data.get("codes") or [] if code != reports.FINE],
        "reported": _answers(row),
        "counted": row.counted,
        "told_before": dict(reports.told_before(report)),
        "reported_by": row.author_label,
        "signed_by": row.signer_label,
    }
    return {"facts": facts}


def _answers(row: Submission) -> dict[str, Any]:
    if row.nil:
        return {"nil": True}
    words = {name: getattr(row, name) for name in WORDS if getattr(row, name)}
    return {"nil": False, "standing": row.standing, **words, **row.told, "asks": row.asks}


def _report(data: Mapping[str, Any]) -> MonthlyReport:
    return prepared.found(MonthlyReport, data["report"], follow=("unit",))


FORM_VALUES: FormValues = {
    ("monthly_report", "write_report"): to_write,
    ("monthly_report", "sign_report"): to_decide,
    ("monthly_report", "review_report"): to_decide,
    ("monthly_report", "decide_support"): to_decide,
}
