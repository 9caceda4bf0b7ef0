"""Steps of a member unit's monthly report (P14): written, checked by D28, signed, accepted; who hears when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from backend.coordination import members, quality, reports
from backend.coordination.clocks import morning_after
from backend.coordination.models import MonthlyReport
from backend.org.working_days import due_at
from backend.reminders.outbox import To, intend, one_user, role_at
from backend.reporting import member_months
from workflows.engine.runner import Call
from workflows.steps.context import Step, of

AGAIN = "3wd"
"""So long there is to hand in again what the office returned."""
WORDS = ("progress", "content", "effect", "problems", "support")
KEPT_OPEN = timedelta(days=10)
"""A returned report is taken for so much longer at least."""


def record_report(call: Call) -> dict[str, Any]:
    """What the correspondent wrote; what the system counts is read at this moment, and frozen."""
    context, report = of(call), _report(call)
    counted = member_months.counted(report.unit, report.month, context.now)
    row = reports.hand_in(
        report=report, content=_content(call.answers), counted=counted, actor=context.actor, now=context.now
    )
    return {"nil": row.nil}


def check_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D28."""
    return dict(reports.facts_of(_report(call), of(call).today))


def record_signature(call: Call) -> None:
    """The head signs, or gives it back."""
    context, report = of(call), _report(call)
    if call.answers["signature"] == "sign":
        codes = call.data.get("codes") or []
        reports.sign(report=report, codes=codes, actor=context.actor, now=context.now)
    else:
        reason = str(call.answers.get("reason") or "")
        reports.send_back(report=report, reason=reason, actor=context.actor, now=context.now)


def record_review(call: Call) -> dict[str, Any]:
    """The office accepts it, or returns it with codes; then there are three more working days."""
    context, report, answers = of(call), _report(call), call.answers
    if answers["review"] == "accept":
        note = str(answers.get("note") or "")
        reports.accept(report=report, note=note, actor=context.actor, now=context.now)
        return _to_the_leader(call, report)
    reason, codes = str(answers.get("reason") or ""), list(answers.get("codes") or [])
    reports.return_report(report=report, codes=codes, reason=reason, actor=context.actor, now=context.now)
    due = due_at(context.now, AGAIN)
    return {
        "due_at": due.isoformat(),
        "late_at": morning_after(due).isoformat(),
        "close_at": max(str(call.data["close_at"]), (due + KEPT_OPEN).isoformat()),
    }


def _to_the_leader(call: Call, report: MonthlyReport) -> dict[str, Any]:
    """A linked leader hears of every report (S16), and decides when help was asked for (S13)."""
    context = of(call)
    found = members.leader_of(report.unit, context.today)
    if found is None:
        return {"asks_leader": False}
    leader, desk = found
    _let_hear("monthly_report.for_leader", one_user(leader), call, report)
    row = reports.last_of(report)
    return {"asks_leader": row.asks, "leader": str(leader.pk), "leader_unit": str(desk)}


def record_support(call: Call) -> None:
    """What the leader gives."""
    context, answers = of(call), call.answers
    kind, text = str(answers["support"]), str(answers["words"])
    reports.decide_support(report=_report(call), kind=kind, text=text, actor=context.actor, now=context.now)


def remind(call: Call) -> None:
    """The third day: the correspondent is reminded."""
    report = _report(call)
    if reports.note_reminded(report=report, now=of(call).now):
        _let_hear("monthly_report.reminded", role_at("liaison", report.unit), call, report)


def tell_late(call: Call) -> None:
    """The sixth day: head and office hear that nothing has come."""
    context, report = of(call), _report(call)
    if reports.note_late(report=report, actor=context.actor, now=context.now):
        for role, unit in (("liaison", report.unit), ("head", report.unit), ("leading_group", report.office)):
            _let_hear("monthly_report.late", role_at(role, unit), call, report, f":{role}")


def note_missing(call: Call) -> None:
    """It never came."""
    context = of(call)
    reports.note_missing(report=_report(call), actor=context.actor, now=context.now)


def _let_hear(kind: str, to: To, call: Call, report: MonthlyReport, apart: str = "") -> None:
    page = f"/monthly-reports/{report.pk}/"
    key = f"{kind}:{report.pk}{apart}"
    intend(kind, to=to, key=key, about=report, label=str(report), page=page, now=of(call).now)


def _content(answers: Mapping[str, Any]) -> reports.Content:
    if answers["nil"]:
        return reports.Content(nil=True)
    return reports.Content(
        nil=False,
        standing=str(answers["standing"]),
        words={name: str(answers.get(name) or "") for name in WORDS},
        asks=bool(answers.get("asks")),
        told={name: int(answers[name]) for name in quality.TOLD if name in answers},
    )


def _report(call: Call) -> MonthlyReport:
    rows = MonthlyReport.objects.select_for_update(of=("self",)).select_related("unit", "office")
    return rows.get(pk=call.data["report"])


STEPS: Mapping[str, Step] = {
    "monthly_report.record_report": record_report,
    "monthly_report.check_facts": check_facts,
    "monthly_report.record_signature": record_signature,
    "monthly_report.record_review": record_review,
    "monthly_report.record_support": record_support,
    "monthly_report.remind": remind,
    "monthly_report.tell_late": tell_late,
    "monthly_report.note_missing": note_missing,
}
