"""The revolving fund that loans come from and go back to, as accounts of the ledger.

    budget line ──endow──> fund ──set aside──> budget line ──owed and paid by the payment desk──> paid ──lend──> lent
                           ^  ^                    │                                                             │
                           │  └─────put back───────┘                                                             │
                           └────────────────────────────────take back────────────────────────────────────────────┘

The payment desk pays out of the programme's budget line, so what is lent is moved there first. What was lent is an
account for each loan; what is given up stands in an account of its own. Interest comes from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict
from backend.funds.instalments import Owed
from backend.funds.models import Loan
from backend.ledger import budgets
from backend.ledger.accounts import account
from backend.ledger.balances import balance
from backend.ledger.entries import Line, post
from backend.ledger.models import Account, Entry, EntryLine
from backend.org.access import Actor
from backend.org.models import Unit

CODE = "micro_loan"
"""Of the fund, of its programme at the payment desk, and of its budget line."""
CAPITAL = "micro_loan_capital"
"""The budget line that the fund was endowed from."""
INTEREST = "micro_loan_interest"
Kind = Account.Kind


class FundEmpty(Conflict):
    """The fund does not hold that much."""

    code = "fund_empty"
    message = _("The fund does not hold that much now. It can lend again what comes back.")


def holds(unit: Unit) -> Decimal:
    """Yuan that can be lent now."""
    return balance(_fund(unit))


def lent(unit: Unit) -> Decimal:
    """Yuan that are lent now, all loans together."""
    lines = EntryLine.objects.filter(account__unit=unit, account__kind=Kind.LOAN, account__code=CODE)
    return lines.aggregate(sum=Sum("amount"))["sum"] or Decimal("0.00")


def check_holds(unit: Unit, amount: Decimal) -> None:
    """Raises FundEmpty. The fund's row is held until the transaction ends, so that it is not lent twice."""
    fund = Account.objects.select_for_update().get(pk=_fund(unit).pk)
    if balance(fund) < amount:
        raise FundEmpty


def endow(*, unit: Unit, amount: Decimal, basis: str, actor: Actor, now: datetime, over_reason: str = "") -> Entry:
    """Put money into the fund; `basis`: the decision that says so, which does it once; `over_reason`: why more than
    the year's budget holds. Raises KeyTaken when it did so with another amount; OverBudget, BudgetSpent."""
    key, day = f"loan_endowed:{unit.pk}:{sha256(basis.encode()).hexdigest()}", timezone.localdate(now)
    if not Entry.objects.filter(key=key).exists():
        budgets.check(
            unit=unit, amounts={CAPITAL: amount}, on=day, about=unit, reason=over_reason, actor=actor, now=now
        )
    entry = post(
        kind="loan_endowed",
        on=day,
        lines=[Line(_fund(unit), amount), Line(_account(Kind.BUDGET_LINE, unit, CAPITAL), -amount)],
        reference=("unit", unit.pk),
        basis=basis,
        key=key,
        actor=actor,
        now=now,
    )
    if entry.created_at == now:  # not when the same decision is entered again
        told = {"amount": str(amount), "basis": basis}
        record(action="loan_fund.endowed", object=unit, actor=actor, now=now, data=told)
    return entry


def set_aside(*, loan: Loan, unit: Unit, actor: Actor, now: datetime) -> None:
    """What is to be paid leaves the fund. Raises FundEmpty."""
    amount = _principal(loan)
    check_holds(unit, amount)
    line = _account(Kind.BUDGET_LINE, unit, CODE)
    _post(loan, "loan_set_aside", [Line(line, amount), Line(_fund(unit), -amount)], actor, now)


def put_back(*, loan: Loan, unit: Unit, actor: Actor, now: datetime) -> None:
    """It is not paid out any more, and the payment desk gave it back to the budget line: the fund can lend it again."""
    amount = _principal(loan)
    lines = [Line(_fund(unit), amount), Line(_account(Kind.BUDGET_LINE, unit, CODE), -amount)]
    _post(loan, "loan_put_back", lines, actor, now)


def lend(*, loan: Loan, unit: Unit, actor: Actor, now: datetime) -> None:
    """The bank paid it: from now on the borrower owes it."""
    amount = _principal(loan)
    lines = [Line(_lent(loan, unit), amount), Line(_account(Kind.PAID, unit, CODE), -amount)]
    _post(loan, "loan_lent", lines, actor, now)


def take_back(
    *, loan: Loan, unit: Unit, shares: Sequence[Owed], on: date, receipt: str, actor: Actor, now: datetime
) -> Entry:
    """Principal and interest come into the fund, and can be lent again."""
    principal = sum((share.principal for share in shares), Decimal("0.00"))
    interest = sum((share.interest for share in shares), Decimal("0.00"))
    lines = [Line(_fund(unit), principal + interest)]
    if principal:
        lines.append(Line(_lent(loan, unit), -principal))
    if interest:
        lines.append(Line(_account(Kind.BUDGET_LINE, unit, INTEREST), -interest))
    return _post(loan, "loan_repaid", lines, actor, now, on=on, mark=receipt)


def give_up(*, loan: Loan, unit: Unit, amount: Decimal, actor: Actor, now: datetime) -> None:
    """What will not come back is not owed any more."""
    if amount:
        lines = [Line(_account(Kind.WRITTEN_OFF, unit, CODE), amount), Line(_lent(loan, unit), -amount)]
        _post(loan, "loan_written_off", lines, actor, now)


def _post(
    loan: Loan, kind: str, lines: Sequence[Line], actor: Actor, now: datetime, *, on: date | None = None, mark: str = ""
) -> Entry:
    return post(
        kind=kind,
        on=on or timezone.localdate(now),
        lines=lines,
        reference=("loan", loan.pk),
        basis=loan.contract_number,
        key=f"{kind}:{loan.pk}:{mark}",
        actor=actor,
        now=now,
    )


def _principal(loan: Loan) -> Decimal:
    assert loan.principal is not None, "what is lent was agreed to"
    return loan.principal


def _lent(loan: Loan, unit: Unit) -> Account:
    return _account(Kind.LOAN, unit, CODE, loan.pk)


def _fund(unit: Unit) -> Account:
    return _account(Kind.FUND, unit, CODE)


def _account(kind: str, unit: Unit, code: str, holder: UUID | None = None) -> Account:
    return account(kind=kind, unit=unit, code=code, holder=holder)
