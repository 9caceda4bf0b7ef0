"""Steps of a payment batch: drawn up, released by another person, answered by the bank (P06 steps 7 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.core import prepared
from backend.core.errors import Conflict
from backend.org import parameters
from backend.org.models import Unit
from backend.org.working_days import add_working_days, end_of_day
from backend.payments import batches, posting
from backend.payments.models import Batch
from backend.reminders.outbox import intend, role_at
from backend.subsidies.hands import hold_payment
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


class BankSilent(Conflict):
    """Lines have no result, or it is not posted yet."""

    code = "bank_silent"
    message = _("%(missing)s payments have no result yet. Upload the bank's answer on the batch's page first.")


def draw_up(call: Call) -> Mapping[str, Any]:
    """Everything that is due becomes one order; or nothing is paid now."""
    context, answers = of(call), call.answers
    if answers["drawing"] == "give_up":
        return {}
    batch = batches.draw_up(
        unit=Unit.objects.get(pk=call.data["office"]),
        programme=str(call.data.get("programme") or ""),
        pay_on=date.fromisoformat(str(answers["pay_on"])),
        actor=context.actor,
        now=context.now,
    )
    return {"batch": str(batch.pk), "reference": batch.number}


def record_release(call: Call) -> Mapping[str, Any]:
    """Released, sent back to be drawn up anew, or given up."""
    context, batch = of(call), _batch(call)
    reason = str(call.answers.get("reason") or "")
    if call.answers["release"] == "return":
        batches.send_back(batch=batch, reason=reason, actor=context.actor, now=context.now)
        return {}
    if call.answers["release"] == "give_up":
        batches.give_up(batch=batch, reason=reason, actor=context.actor, now=context.now)
        return {}
    over_reason = str(call.answers.get("over_reason") or "")
    batches.release(batch=batch, actor=context.actor, now=context.now, over_reason=over_reason)
    hold_payment(batch=batch, actor=context.actor, now=context.now)
    days = int(parameters.value("payment.answer_days", path=batch.unit_path, day=context.today, default=5))
    return {"answer_by": end_of_day(add_working_days(context.today, days)).isoformat()}


def submit_answer(call: Call) -> None:
    """Every line has its result in the ledger. Raises BankSilent."""
    known = posting.progress(_batch(call))
    if known.posted < known.lines:
        raise BankSilent(params={"missing": known.lines - known.posted})


def tell_late(call: Call) -> None:
    """The bank has not answered in full in time: the finance officers hear it."""
    context, batch = of(call), _batch(call)
    batches.tell_late(batch=batch, actor=context.actor, now=context.now)
    intend(
        "batch.late",
        to=role_at("finance", batch.unit),
        key=f"batch.late:{batch.pk}",
        about=batch,
        label=batch.number,
        page=f"/payments/batches/{batch.pk}/",
        now=context.now,
    )


def _batch(call: Call) -> Batch:
    return prepared.found(Batch, call.data["batch"], follow=("unit",), lock=True)


STEPS: Mapping[str, Step] = {
    "payment_batch.draw_up": draw_up,
    "payment_batch.record_release": record_release,
    "payment_batch.submit_answer": submit_answer,
    "payment_batch.tell_late": tell_late,
}
