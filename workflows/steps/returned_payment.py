"""Steps after a payment came back: the payee is asked, another person agrees, the next batch pays (domain.md E14).

A payment may be settled while somebody is asked: its right ended (P07), or an account came to be known otherwise. Then
an answer changes nothing, and the process ends.
"""

from __future__ import annotations

from collections.abc import Mapping

from backend.core.jobs import enqueue
from backend.payments import payables
from backend.payments.models import Payable
from backend.reminders.outbox import intend, role_at
from backend.subsidies import owing
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def record_answer(call: Call) -> None:
    """A new account after an identity check; or that nothing is owed, which somebody else decides."""
    context, answers, row = of(call), call.answers, _payable(call)
    if answers["finding"] == "new_account" and not _is_settled(row):
        payables.propose_account(
            payable=row,
            number=str(answers["account_number"]),
            identity_check=str(answers["identity_check"]),
            actor=context.actor,
            now=context.now,
        )


def record_check(call: Call) -> None:
    """The next batch pays to it, or the payee is asked again."""
    context, row = of(call), _payable(call)
    if _is_settled(row):
        return
    if call.answers["account_fits"] == "agree":
        payables.agree_account(payable=row, actor=context.actor, now=context.now)
        owing.keep_account(row)
        _tell_agreed(call, row)
    else:
        reason = str(call.answers.get("reason") or "")
        payables.decline_account(payable=row, reason=reason, actor=context.actor, now=context.now)


def record_cancelling(call: Call) -> None:
    """It is owed no more, or still owed."""
    context, row = of(call), _payable(call)
    if not _is_settled(row) and call.answers["cancelling"] == "agree":
        payables.cancel(payable=row, reason=str(call.answers["reason"]), actor=context.actor, now=context.now)


def tell_late(call: Call) -> None:
    """Nobody has reached the payee for weeks: the township's supervisor hears it."""
    context, row = of(call), _payable(call)
    payables.tell("payable.asked_long", row, context.actor, context.now)
    intend(
        "payable.asked_long",
        to=role_at("supervisor", call.data["place"]),
        key=f"payable.asked_long:{context.instance_id}",
        about=row,
        label=row.number,
        page=f"/payments/payables/{row.pk}/",
        now=context.now,
    )


def _is_settled(row: Payable) -> bool:
    """Whether there is nothing to ask any more; a job ends the process then, whatever its version goes on to."""
    if payables.wants_account(row):
        return False
    enqueue("payments.end_correction", payable_id=str(row.pk))
    return True


def _tell_agreed(call: Call, row: Payable) -> None:
    """Whoever asked the family can tell it: the account is known, the next batch pays."""
    if call.data.get("place"):
        intend(
            "payable.account_agreed",
            to=role_at("caseworker", call.data["place"]),
            key=f"payable.account_agreed:{of(call).instance_id}",
            label=row.number,
            label_en=row.number,
            page=f"/payments/payables/{row.pk}/",
            now=of(call).now,
        )


def _payable(call: Call) -> Payable:
    rows = Payable.objects.select_for_update(of=("self",)).select_related("unit", "person", "standing")
    return rows.get(pk=call.data["payable"])


STEPS: Mapping[str, Step] = {
    "returned_payment.record_answer": record_answer,
    "returned_payment.record_check": record_check,
    "returned_payment.record_cancelling": record_cancelling,
    "returned_payment.tell_late": tell_late,
}
