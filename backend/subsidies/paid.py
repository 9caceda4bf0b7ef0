"""What somebody was owed and paid for each month, and what the rates say it should have been (E11, E15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from backend.payments.models import Payable, PayableQuerySet
from backend.subsidies import amounts
from backend.subsidies.models import Entitlement
from backend.subsidies.months import later, month_of, months_of, parts

REFERENCE = "entitlement"
"""What payments call the right that an amount comes from."""
NOTHING = Decimal("0.00")


def payables_of(entitlement: Entitlement) -> PayableQuerySet:
    """Everything that was ever owed for it."""
    return Payable.objects.filter(reference_kind=REFERENCE, reference_id=str(entitlement.pk))


def shares(payable: Payable) -> Mapping[date, Decimal]:
    """What of it is for which month, as it was drawn up; where nothing tells, equal parts that come to exactly it."""
    if payable.months:
        return {date.fromisoformat(f"{month}-01"): Decimal(part) for month, part in sorted(payable.months.items())}
    months = months_of(payable.period)
    return dict(zip(months, parts(payable.amount, len(months)), strict=True))


def paid_by_month(entitlement: Entitlement) -> Mapping[date, Decimal]:
    """Yuan that were received for each month."""
    return _by_month(payables_of(entitlement).filter(state=Payable.State.PAID))


def owed_by_month(entitlement: Entitlement) -> Mapping[date, Decimal]:
    """Yuan paid or to be paid for each month that was drawn up."""
    return _by_month(payables_of(entitlement).exclude(state=Payable.State.CANCELLED))


def due_in(entitlement: Entitlement, month: date) -> Decimal:
    """What the rates give for a month: nothing before the first day of the entitlement, or from its last on."""
    ended = entitlement.until_date is not None and month >= entitlement.until_date
    if month < entitlement.from_date or ended:
        return NOTHING
    return amounts.due(list(entitlement.rates.all()), from_date=month, until_date=later(month, 1))


def overpaid_from(entitlement: Entitlement, month: date) -> Mapping[date, Decimal]:
    """Yuan that were received for this month and the months after it."""
    paid = paid_by_month(entitlement)
    return {each: amount for each, amount in sorted(paid.items()) if each >= month and amount > 0}


def next_period(entitlement: Entitlement, day: date) -> date:
    """The first day of the period after the one that the day lies in: a month, or a year."""
    if entitlement.cycle == Entitlement.Cycle.YEAR:
        return date(day.year + 1, 1, 1)
    return later(month_of(day), 1)


def _by_month(payables: PayableQuerySet) -> dict[date, Decimal]:
    found: dict[date, Decimal] = {}
    for payable in payables.only("period", "amount", "months"):
        for month, part in shares(payable).items():
            found[month] = found.get(month, NOTHING) + part
    return found
