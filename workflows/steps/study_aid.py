"""Steps of a school year's study aid: planned, applied for, checked, put in order by D22, made public, paid, told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from backend.core import prepared
from backend.funds import study_aid
from backend.funds.models import StudyAidCall
from backend.funds.study_aid import Plan
from backend.reminders.outbox import intend, role_at
from workflows.engine.runner import Call
from workflows.models import Process
from workflows.steps.context import Step, of
from workflows.steps.donation import judge_of

AMOUNTS = ("primary", "junior", "senior", "college")


def record_plan(call: Call) -> None:
    """How much for whom, until when."""
    context, answers = of(call), call.answers
    plan = Plan(
        closes_on=date.fromisoformat(str(answers["closes_on"])),
        budget=Decimal(int(answers["budget"])),
        amounts={name: Decimal(int(answers[name])) for name in AMOUNTS},
    )
    study_aid.plan(call=_call(call), plan=plan, actor=context.actor, now=context.now)


def record_approval(call: Call) -> None:
    """Signed, returned, or not held this year."""
    context, row, answer = of(call), _call(call), call.answers["approval"]
    if answer == "approve":
        study_aid.approve(call=row, actor=context.actor, now=context.now)
    elif answer == "drop":
        reason = str(call.answers.get("reason") or "")
        study_aid.drop(call=row, reason=reason, actor=context.actor, now=context.now)


def open_call(call: Call) -> Mapping[str, Any]:
    """Applications come in from now on."""
    context, row = of(call), _call(call)
    until = study_aid.open_call(call=row, actor=context.actor, now=context.now)
    return {"closes_at": until.isoformat()}


def finish_checks(call: Call) -> None:
    """Every application was checked by another person."""
    context = of(call)
    study_aid.finish_checks(call=_call(call), actor=context.actor, now=context.now)


def rank_applications(call: Call) -> Mapping[str, Any]:
    """Decision D22, as the process of donations has it now, and the lot among equals."""
    context = of(call)
    judge = judge_of(Process.objects.newest("donation"))
    return {"listed": study_aid.rank(call=_call(call), judge=judge, actor=context.actor, now=context.now)}


def record_shortlist(call: Call) -> None:
    """The list is signed, or returned; by nobody's relative."""
    context, row = of(call), _call(call)
    study_aid.check_no_kin(call=row, actor=context.actor, now=context.now)
    if call.answers["shortlist"] == "confirm":
        study_aid.confirm(call=row, actor=context.actor, now=context.now)


def publish_totals(call: Call) -> Mapping[str, Any]:
    """Made public as D19 allows."""
    context = of(call)
    until = study_aid.publish(call=_call(call), actor=context.actor, now=context.now)
    return {"publicity_until": until.isoformat()}


def record_objection(call: Call) -> None:
    """Whether it holds, and against which application."""
    context, answers, row = of(call), call.answers, _call(call)
    study_aid.check_no_kin(call=row, actor=context.actor, now=context.now)
    upheld = str(answers["application"]) if answers["objection"] == "upheld" else ""
    study_aid.settle(call=row, upheld=upheld, actor=context.actor, now=context.now)


def take_down(call: Call) -> None:
    """Not public any more."""
    context = of(call)
    study_aid.take_down(call=_call(call), actor=context.actor, now=context.now)


def record_grants(call: Call) -> None:
    """The county grants the list, or returns it; nobody grants a relative's."""
    context, row = of(call), _call(call)
    study_aid.check_no_kin(call=row, actor=context.actor, now=context.now)
    if call.answers["grants"] == "approve":
        study_aid.grant(call=row, actor=context.actor, now=context.now)


def order_payments(call: Call) -> None:
    """To the payment desk."""
    context = of(call)
    study_aid.order_payments(call=_call(call), actor=context.actor, now=context.now)


def look_for_payments(call: Call) -> Mapping[str, Any]:
    """Whether everything was received; the caseworkers hear whose money has come, to tell the families."""
    row = _call(call)
    for paid in study_aid.newly_paid(call=row):
        intend(
            "study_aid.paid", to=role_at("caseworker", paid.unit), key=f"study_aid.paid:{paid.pk}", about=paid,
            family_id=paid.family_id, label=row.number, page=f"/study-aid/{row.pk}/", now=of(call).now,
        )  # fmt: skip
    return {"settled": study_aid.is_settled(call=row, actor=of(call).actor, now=of(call).now)}


def record_report(call: Call) -> None:
    """What the donors are told beside the totals."""
    context = of(call)
    text = str(call.answers["use_account"])
    study_aid.report(call=_call(call), text=text, actor=context.actor, now=context.now)


def confirm_report(call: Call) -> None:
    """The donors may read it, or it is returned."""
    context = of(call)
    if call.answers["report"] == "confirm":
        study_aid.confirm_report(call=_call(call), actor=context.actor, now=context.now)


def _call(call: Call) -> StudyAidCall:
    return prepared.found(StudyAidCall, call.data["call"], follow=("unit",), lock=True)


STEPS: Mapping[str, Step] = {
    "study_aid.record_plan": record_plan,
    "study_aid.record_approval": record_approval,
    "study_aid.open_call": open_call,
    "study_aid.finish_checks": finish_checks,
    "study_aid.rank_applications": rank_applications,
    "study_aid.record_shortlist": record_shortlist,
    "study_aid.publish_totals": publish_totals,
    "study_aid.record_objection": record_objection,
    "study_aid.take_down": take_down,
    "study_aid.record_grants": record_grants,
    "study_aid.order_payments": order_payments,
    "study_aid.look_for_payments": look_for_payments,
    "study_aid.record_report": record_report,
    "study_aid.confirm_report": confirm_report,
}
