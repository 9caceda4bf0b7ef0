"""Asking for a loan, and recording what comes back: the row, and the process that conducts it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from backend.audit.history import collect
from backend.funds import loans
from backend.funds.loans import Request
from backend.funds.models import Loan, Repayment
from backend.org.access import Actor
from workflows import services
from workflows.activities import office_of

PROCESS = "micro_loan"


def ask(*, request: Request, actor: Actor, now: datetime) -> Loan:
    """Begin the way of a loan. Raises BadLoan, LoanRunning."""
    with collect():
        loan = loans.ask(request=request, actor=actor, now=now)
        data = {
            "loan": str(loan.pk),
            "reference": loan.number,
            "place": str(loan.unit_id),
            "office": str(office_of(loan.unit).pk),
            "county": str(loans.fund_unit(loan).pk),
            "closed_to": str(loan.kin_id or ""),
        }
        begun = services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
        Loan.objects.filter(pk=loan.pk).update(instance_id=begun.pk)
    loan.refresh_from_db()
    return loan


def repay(*, loan: Loan, amount: Decimal, on: date, receipt_number: str, actor: Actor, now: datetime) -> Repayment:
    """Record a repayment; its process looks what comes next. Raises NotRepayable, Overpaid, ReceiptTaken."""
    with collect():
        made = loans.repay(loan=loan, amount=amount, on=on, receipt_number=receipt_number, actor=actor, now=now)
        if loan.instance_id is not None:
            services.send_message(
                instance_id=loan.instance_id, name="repayment_recorded", data={}, actor=actor, now=now
            )
    return made
