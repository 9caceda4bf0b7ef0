"""A standard changed, and months were paid by the old one: the difference is paid after, marked as an adjustment (E15).

What was paid stays as it was; nothing is edited. The same again finds no difference, for what was added counts too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from backend.org.access import Actor
from backend.payments.models import Payable
from backend.payments.payables import Owed, owe_all
from backend.subsidies.models import Entitlement, EntitlementQuerySet
from backend.subsidies.months import period_of
from backend.subsidies.paid import REFERENCE, due_in, owed_by_month, payables_of


@dataclass(frozen=True)
class Difference:
    """What one entitlement is short of, for which months; `basis`: the standards that say so."""

    entitlement: Entitlement
    months: Sequence[date]
    amount: Decimal
    basis: str

    @property
    def period(self) -> str:
        """As payments write it."""
        return period_of(self.months)


def differences(entitlements: EntitlementQuerySet, *, since: date) -> list[Difference]:
    """Who was paid less than the rates now give, for months from this day on that were drawn up already."""
    rows = entitlements.exclude(cycle=Entitlement.Cycle.ONCE).select_related("person__family__unit", "unit")
    found = (_difference(row, since) for row in rows.prefetch_related("rates").order_by("number"))
    return [each for each in found if each is not None]


def total(found: Iterable[Difference]) -> Decimal:
    """Yuan of all of them."""
    return sum((each.amount for each in found), Decimal("0.00"))


def draw_up(found: Iterable[Difference], *, actor: Actor, now: datetime) -> list[Payable]:
    """Owe these differences, confirmed by whoever acts. Twice is once: what was added is no difference any more."""
    return owe_all([_owed(each) for each in found], actor=actor, now=now)


def _difference(entitlement: Entitlement, since: date) -> Difference | None:
    """Months in which too much was paid are no reason to pay others less: that would be a recovery without notice."""
    owed = owed_by_month(entitlement)
    short = {month: due_in(entitlement, month) - amount for month, amount in owed.items() if month >= since}
    less = {month: amount for month, amount in sorted(short.items()) if amount > 0}
    if not less:
        return None
    newest = [rate for rate in entitlement.rates.all() if rate.from_date <= max(less)][-1]
    basis = "; ".join(dict.fromkeys(layer["reference"] for layer in newest.layers)) or newest.standard_version
    return Difference(entitlement, tuple(less), sum(less.values(), Decimal(0)), basis[:200])


def _owed(each: Difference) -> Owed:
    last = payables_of(each.entitlement).select_related("unit", "person").order_by("-id")[0]
    version = payables_of(each.entitlement).filter(is_adjustment=True).count()
    return Owed(
        payee=last.person,
        payee_label=last.payee_label,
        account_number=each.entitlement.account or last.account_number,
        amount=each.amount,
        purpose=last.purpose,
        reference=(REFERENCE, each.entitlement.pk),
        period=each.period,
        programme=last.programme,
        unit=last.unit,
        basis=each.basis,
        is_adjustment=True,
        key=f"back_pay:{each.entitlement.pk}:{each.period}:{version}",
    )
