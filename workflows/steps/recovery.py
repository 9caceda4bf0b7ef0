"""Steps of a recovery (P07, D17): cause, notice in person, hearing, the county's decision, instalments, reminders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from backend.org.working_days import end_of_day
from backend.reminders.outbox import intend, role_at
from backend.subsidies import recoveries
from backend.subsidies.models import Recovery
from backend.subsidies.months import later, month_of
from workflows.engine.runner import Call
from workflows.steps.context import Step, of

MORNING = time(9)
UNKNOWN_AGE = -1


def record_cause(call: Call) -> None:
    """Whose mistake it was. Raises OwnPerson."""
    context, answers = of(call), call.answers
    recoveries.classify(
        row=_recovery(call),
        cause=str(answers["cause"]),
        known=str(answers["known"]),
        hardship=bool(answers["hardship"]),
        actor=context.actor,
        now=context.now,
    )


def record_notice(call: Call) -> Mapping[str, Any]:
    """The notice is in their hands; their days begin."""
    context, answers, row = of(call), call.answers, _recovery(call)
    served_on = date.fromisoformat(str(answers["served_on"]))
    manner = str(answers["manner"])
    recoveries.serve(row=row, served_on=served_on, manner=manner, actor=context.actor, now=context.now)
    assert row.answer_until is not None
    assert row.objection_until is not None
    return {
        "answer_until": end_of_day(row.answer_until).isoformat(),
        "appeal_by": end_of_day(row.objection_until).isoformat(),
    }


def record_answer(call: Call) -> None:
    """What they said."""
    context, answers = of(call), call.answers
    recoveries.hear(
        row=_recovery(call),
        answer=str(answers["answer"]),
        words=str(answers.get("summary") or ""),
        months=answers.get("months"),
        actor=context.actor,
        now=context.now,
    )


def plan_facts(call: Call) -> Mapping[str, Any]:
    """What decision D17 looks at."""
    row = _recovery(call)
    age = row.exit.entitlement.person.age_on(of(call).today)
    return {
        "cause": row.cause,
        "hardship": row.hardship == "yes",
        "age": UNKNOWN_AGE if age is None else age,
        "months_owed": recoveries.months_owed(row),
    }


def note_proposal(call: Call) -> None:
    """What the table proposes, before the county."""
    context, data = of(call), call.data
    proposal, reason = str(data["proposal"]), str(data["proposal_reason"])
    recoveries.propose(row=_recovery(call), proposal=proposal, reason=reason, actor=context.actor, now=context.now)


def record_decision(call: Call) -> Mapping[str, Any]:
    """The county's word. Raises NoNotice, WaiverNotPossible, AppealOpen, OwnPerson."""
    context, answers = of(call), call.answers
    decision, reason = str(answers["decision"]), str(answers["reason"])
    recoveries.decide(row=_recovery(call), decision=decision, reason=reason, actor=context.actor, now=context.now)
    return {"months": int(answers.get("months") or 1), "first_due": str(answers.get("first_due") or "")}


def set_plan(call: Call) -> Mapping[str, Any]:
    """Instalments that come to exactly what is left. Raises BadPlan."""
    context, data, row = of(call), call.data, _recovery(call)
    count = int(data["months"]) if data["decision"] == "instalment" else 1
    first = date.fromisoformat(str(data["first_due"]))
    due = recoveries.plan(row=row, count=count, first_due=first, actor=context.actor, now=context.now)
    return _waiting_for(due, context.today)


def record_receipt(call: Call) -> Mapping[str, Any]:
    """Something was paid back. Raises BadReceipt, NoNotice."""
    context, answers, row = of(call), call.answers, _recovery(call)
    recoveries.receive(
        row=row,
        amount=Decimal(str(answers["amount"])),
        received_on=date.fromisoformat(str(answers["received_on"])),
        method=str(answers["method"]),
        number=str(answers["receipt_number"]),
        actor=context.actor,
        now=context.now,
    )
    due = row.next_due()
    return {"settled": due is None} | (_waiting_for(due, context.today) if due else {})


def remind_in_person(call: Call) -> Mapping[str, Any]:
    """The village reminds them at the door; never by a message to the person (E2). Long overdue goes to the county."""
    context, row = of(call), _recovery(call)
    overdue = recoveries.remind(row=row, actor=context.actor, now=context.now)
    intend(
        "recovery.unpaid",
        to=role_at("village", row.unit_id),
        key=f"recovery.unpaid:{row.pk}:{context.today:%Y%m}",
        about=row,
        label=row.number,
        page=f"/recoveries/{row.pk}/",
        now=context.now,
    )
    arrears = overdue > recoveries.days_of(row, context.now)["arrears"]
    return {"arrears": arrears} | _waiting_for(row.next_due() or context.today, context.today)


def record_arrears(call: Call) -> Mapping[str, Any]:
    """What the county says of arrears. Raises WaiverNotPossible, OwnPerson."""
    return record_decision(call)


def write_off(call: Call) -> None:
    """What is left is let go."""
    context = of(call)
    recoveries.write_off(row=_recovery(call), actor=context.actor, now=context.now)


def refer_to_law(call: Call) -> None:
    """The law takes over."""
    context = of(call)
    recoveries.refer(row=_recovery(call), actor=context.actor, now=context.now)


def record_appeal(call: Call) -> None:
    """The written answer to an objection. Raises OwnPerson."""
    context, answers = of(call), call.answers
    upheld, reason = answers["appeal"] == "upheld", str(answers["reason"])
    row = _recovery(call)
    recoveries.settle_objection(row=row, upheld=upheld, reason=reason, actor=context.actor, now=context.now)


def withdraw_claim(call: Call) -> None:
    """Nothing is asked back."""
    context = of(call)
    recoveries.withdraw(row=_recovery(call), actor=context.actor, now=context.now)


def _waiting_for(due: date, since: date) -> dict[str, str]:
    """Until when the next instalment is due, and when the next reminder is: a month after it, or after the last one."""
    remind = max(due, since) + timedelta(days=1) if since < due else later(month_of(since), 1).replace(day=_day(since))
    at = timezone.make_aware(datetime.combine(remind, MORNING))
    return {"due_at": end_of_day(due).isoformat(), "remind_at": at.isoformat()}


def _day(of_month: date) -> int:
    return min(of_month.day, 28)


def _recovery(call: Call) -> Recovery:
    rows = Recovery.objects.select_related(
        "unit", "exit__entitlement__person__family", "exit__entitlement__application"
    )
    return rows.get(pk=call.data["recovery"])


STEPS: Mapping[str, Step] = {
    "recovery.record_cause": record_cause,
    "recovery.record_notice": record_notice,
    "recovery.record_answer": record_answer,
    "recovery.plan_facts": plan_facts,
    "recovery.note_proposal": note_proposal,
    "recovery.record_decision": record_decision,
    "recovery.set_plan": set_plan,
    "recovery.record_receipt": record_receipt,
    "recovery.remind_in_person": remind_in_person,
    "recovery.record_arrears": record_arrears,
    "recovery.write_off": write_off,
    "recovery.refer_to_law": refer_to_law,
    "recovery.record_appeal": record_appeal,
    "recovery.withdraw_claim": withdraw_claim,
}
