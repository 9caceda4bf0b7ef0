"""What is known of a batch, and of a payment that came back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Sum

from backend.org.models import Unit
from backend.payments import batches, posting
from backend.payments.models import Batch, Payable, Transfer
from backend.payments.programmes import programme_name
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def due(context: Context, data: Mapping[str, Any]) -> Known:
    """How much a batch of today would pay to how many."""
    unit = Unit.objects.get(pk=data["office"])
    programme = str(data.get("programme") or "")
    found = batches.payable_for(unit=unit, programme=programme, pay_on=context.today)
    told = found.aggregate(count=Count("pk"), total=Sum("amount"))
    facts = {"payments": told["count"], "payment_sum": str(told["total"] or 0), **_named(programme)}
    return {"facts": facts, "values": {"pay_on": context.today.isoformat()}}


def batch(context: Context, data: Mapping[str, Any]) -> Known:
    """Its figures, and who drew it up."""
    row = Batch.objects.get(pk=data["batch"])
    facts = {
        "batch_number": row.number,
        "payments": row.count,
        "payment_sum": str(row.total),
        **_named(row.programme),
        "pay_on": text(row.pay_on),
        "drawn_by": row.drawn_label,
    }
    return {"facts": facts}


def _named(programme: str) -> dict[str, str]:
    """What the programme is called, in both languages."""
    return {
        "payment_programme": programme_name(programme, "zh-hans") if programme else "",
        "payment_programme_en": programme_name(programme, "en") if programme else "",
    }


def answered(context: Context, data: Mapping[str, Any]) -> Known:
    """How far the bank has answered."""
    row = Batch.objects.get(pk=data["batch"])
    known = posting.progress(row)
    told = {
        "payments_answered": known.answered,
        "payments_received": known.paid,
        "payments_returned": known.returned,
    }
    return {"facts": {**batch(context, data)["facts"], **told}}


def returned(context: Context, data: Mapping[str, Any]) -> Known:
    """What came back, why, and which account is proposed: by its last digits only."""
    row = Payable.objects.get(pk=data["payable"])
    last = row.transfers.filter(state=Transfer.State.RETURNED).order_by("created_at", "id").last()
    facts = {
        "payee": row.payee_label,
        "payment_amount": str(row.amount),
        "payment_period": row.period,
        "payment_purpose": row.purpose,
        "payment_returned_because": last.reason if last else "",
        "payment_account": f"****{row.account_tail}" if row.account_tail else "",
        "payment_account_proposed": f"****{row.proposed_tail}" if row.proposed_tail else "",
        "payment_account_proposed_by": row.proposed_label if row.proposed_tail else "",
    }
    return {"facts": facts}


FORM_VALUES: FormValues = {
    ("payment_batch", "draw_up"): due,
    ("payment_batch", "release_batch"): batch,
    ("payment_batch", "read_answer"): answered,
    ("returned_payment", "ask_payee"): returned,
    ("returned_payment", "find_account"): returned,
    ("returned_payment", "check_account"): returned,
    ("returned_payment", "confirm_cancelling"): returned,
}
