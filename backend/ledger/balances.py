"""What is in an account, and the trial balance of a place: its accounts, which together come to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from backend.ledger.models import Account, AccountQuerySet, EntryLine
from backend.org.models import Unit

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Row:
    """The accounts of one kind, unit and code together: yuan that arrived, that left, and what is there."""

    unit: Unit
    kind: str
    code: str
    accounts: int
    arrived: Decimal
    left: Decimal

    @property
    def balance(self) -> Decimal:
        """Yuan that are there; negative: that it gave more than it got, as a budget line does."""
        return self.arrived - self.left


@dataclass(frozen=True)
class TrialBalance:
    """All rows, and what they come to: the same on both sides, for the database refuses anything else."""

    rows: Sequence[Row]
    arrived: Decimal
    left: Decimal

    @property
    def is_balanced(self) -> bool:
        """Whether as much arrived as left: false only where an entry reaches over the place's border."""
        return self.arrived == self.left


def balance(account: Account, on: date | None = None) -> Decimal:
    """Yuan in the account, now or at the end of that day."""
    lines = EntryLine.objects.filter(account=account)
    if on is not None:
        lines = lines.filter(entry__on__lte=on)
    return lines.aggregate(sum=Sum("amount"))["sum"] or NOTHING


def trial_balance(unit: Unit, on: date | None = None, *, accounts: AccountQuerySet | None = None) -> TrialBalance:
    """Of a unit and everything below it, now or at the end of that day; `accounts`: only of these."""
    chosen = Account.objects.all() if accounts is None else accounts
    then = Q() if on is None else Q(lines__entry__on__lte=on)
    grouped = (
        chosen.filter(unit__path__startswith=unit.path)
        .order_by("unit__path", "kind", "code")
        .values("unit", "unit__name", "unit__path", "kind", "code")
        .annotate(
            accounts=Count("pk", distinct=True),
            arrived=Coalesce(Sum("lines__amount", filter=then & Q(lines__amount__gt=0)), NOTHING),
            gone=Coalesce(Sum("lines__amount", filter=then & Q(lines__amount__lt=0)), NOTHING),
        )
    )
    rows = [
        Row(
            unit=Unit(pk=each["unit"], name=each["unit__name"], path=each["unit__path"]),
            kind=each["kind"],
            code=each["code"],
            accounts=each["accounts"],
            arrived=each["arrived"],
            left=-each["gone"],
        )
        for each in grouped
    ]
    return TrialBalance(
        rows=rows, arrived=sum((row.arrived for row in rows), NOTHING), left=sum((row.left for row in rows), NOTHING)
    )
