"""A standard changed, and months were paid by the old one: the difference is paid after, marked as an adjustment (E15).

What was paid stays as it was; nothing is edited. Looked at first: who gets how much a year before and after, and what
they are short of. Then a named officer agrees, and rates and payments follow. The same again finds no difference, for
what was added counts too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from backend.audit.history import collect
from backend.org.access import Actor
from backend.org.powers import behind
from backend.payments.payables import Owed, owe_all
from backend.subsidies import revaluation
from backend.subsidies.amounts import Judge, due
from backend.subsidies.models import Entitlement, EntitlementQuerySet
from backend.subsidies.months import later, period_of
from backend.subsidies.paid import NOTHING, REFERENCE, owed_by_month, payables_of
from backend.subsidies.revaluation import Spell, Valuer


@dataclass(frozen=True)
class Difference:
    """What a changed standard means for one entitlement: yuan a year `before` and `after`, and what it is short of for
    each of the `months` that were drawn up already; `basis`: the standards that say so."""

    entitlement: Entitlement
    before: Decimal
    after: Decimal
    spells: Sequence[Spell]
    months: Mapping[date, Decimal]
    basis: str

    @property
    def amount(self) -> Decimal:
        """Yuan that are short."""
        return sum(self.months.values(), NOTHING)

    @property
    def period(self) -> str:
        """As payments write it; empty when nothing is short."""
        return period_of(list(self.months)) if self.months else ""

    @property
    def from_date(self) -> date | None:
        """The first day of a new rate; none when only payments are short."""
        return min((spell.from_date for spell in self.spells if spell.made is not None), default=None)


def differences(entitlements: EntitlementQuerySet, *, since: date, judge: Judge | None = None) -> list[Difference]:
    """Whose rate the standards change from this day on, and who was paid less than that for months drawn up already.

    Without a judge (decision D14) rates stay as they stand. Ordered by family, then number.
    """
    rows = entitlements.exclude(cycle=Entitlement.Cycle.ONCE).select_related(
        "person__family__unit", "unit", "application__person", "application__spouse"
    )
    valuers: dict[str, Valuer] = {}
    found = []
    for row in rows.prefetch_related("rates").order_by("person__family__number", "number"):
        if judge is not None:
            valuer = valuers.setdefault(row.kind, Valuer(row.kind, since=since, judge=judge))
            found.append(_difference(row, since, valuer.spells(row)))
        else:
            found.append(_difference(row, since, revaluation.spells(row)))
    return [each for each in found if each is not None]


def total(found: Iterable[Difference]) -> Decimal:
    """Yuan of all of them."""
    return sum((each.amount for each in found), NOTHING)


def draw_up(
    entitlements: EntitlementQuerySet, *, since: date, actor: Actor, now: datetime, judge: Judge | None = None
) -> list[Difference]:
    """New rates begin, and the differences are owed, confirmed by whoever acts and by who confirmed the right: none of
    them pays it. Returns what was changed. Twice is once: what was added is no difference any more, and of two officers
    at the same moment the second finds what the first has left."""
    people = behind(actor, day=timezone.localdate(now))
    with collect():
        found = differences(_locked(entitlements, since, judge), since=since, judge=judge)
        for each in found:
            revaluation.renew(each.entitlement, each.spells, actor=actor, now=now)
        owe_all([_owed(each, people) for each in found if each.months], actor=actor, now=now)
    return found


def _locked(entitlements: EntitlementQuerySet, since: date, judge: Judge | None) -> EntitlementQuerySet:
    """Those that differ, under lock and to be looked at again. In the order in which the mornings lock them (`owing`):
    neither waits for the other in a ring."""
    pks = [each.entitlement.pk for each in differences(entitlements, since=since, judge=judge)]
    rows = Entitlement.objects.filter(pk__in=pks)
    list(rows.select_for_update().order_by("number").values_list("pk"))
    return rows


def _difference(row: Entitlement, since: date, spells: Sequence[Spell]) -> Difference | None:
    """Months in which too much was paid are no reason to pay others less: that would be a recovery without notice."""
    owed = owed_by_month(row)
    short = {month: _due(row, spells, month) - amount for month, amount in owed.items() if month >= since}
    less = {month: amount for month, amount in sorted(short.items()) if amount > 0}
    made = [spell for spell in spells if spell.made is not None]
    if not less and not made:
        return None
    rates = list(row.rates.all())
    parts = made[-1].made.parts if made and made[-1].made else ()
    basis = revaluation.basis(parts)
    if not basis and less:
        newest = [rate for rate in rates if rate.from_date <= max(less)][-1]
        basis = "; ".join(dict.fromkeys(layer["reference"] for layer in newest.layers)) or newest.standard_version
    turn = made[0].from_date if made else since
    before = next((rate.yearly for rate in reversed(rates) if rate.from_date < turn), rates[0].yearly)
    return Difference(row, before, spells[-1].yearly, spells, less, basis[:200])


def _due(row: Entitlement, spells: Sequence[Spell], month: date) -> Decimal:
    """As `paid.due_in`, by these spells."""
    ended = row.until_date is not None and month >= row.until_date
    if month < row.from_date or ended:
        return NOTHING
    return due(spells, from_date=month, until_date=later(month, 1))


def _owed(each: Difference, people: frozenset[UUID]) -> Owed:
    last = payables_of(each.entitlement).select_related("unit", "person").order_by("-created_at", "-id")[0]
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
        confirmed_by=sorted(people | set(last.confirmed_by)),
        key=f"back_pay:{each.entitlement.pk}:{each.period}:{version}",
        months=each.months,
    )
