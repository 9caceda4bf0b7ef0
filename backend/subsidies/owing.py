"""What falls due of entitlements: the calendar year at once, or month by month, as the place has it (P06 step 7).

A confirmation owes its own first year where years are owed at once; everything after that is owed here, each morning
anew: whoever was left out because a change was being looked into gets what is missing when that is settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast
from django.utils import timezone

from backend.audit.history import collect
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from backend.payments.models import Payable
from backend.payments.payables import Owed, owe_all
from backend.subsidies import amounts, rules
from backend.subsidies.models import Entitlement, EntitlementQuerySet, Exit, Hand, ReviewCheck
from backend.subsidies.months import MONTHS_A_YEAR, later, month_of, months_of, period_of
from backend.subsidies.paid import REFERENCE, shares

SUBSIDY = "subsidy"
MONTHLY = "month"
PORTION = 200
"""Entitlements of one transaction: whoever is killed in the middle goes on with those that are left."""


def payer_of(unit: Unit) -> Unit:
    """Whose budget pays in a village: its county's, which confirms and pays; without one the highest unit there is."""
    above = unit
    while above.kind != Unit.Kind.COUNTY and above.parent is not None:
        above = above.parent
    return above


def is_monthly(entitlement: Entitlement, day: date) -> bool:
    """Whether it is owed month by month at its place (parameter `subsidy.owed_every`)."""
    if entitlement.cycle != Entitlement.Cycle.MONTH:
        return False
    return bool(rules.set_at("subsidy.owed_every", path=entitlement.unit.path, day=day) == MONTHLY)


def first_owed(entitlement: Entitlement, *, confirmed_by: frozenset[UUID], day: date) -> list[Owed]:
    """What a confirmation owes at once: a single payment, or the rest of the year it begins in; nothing where it is
    owed month by month."""
    if is_monthly(entitlement, day):
        return []
    if entitlement.from_date.year > later(month_of(day), 1).year:
        return []  # a year is not paid before it has come; `owe_due` owes it then
    if entitlement.cycle == Entitlement.Cycle.ONCE:
        total = sum((rate.yearly for rate in entitlement.rates.all()), Decimal(0))
        return [_owed(entitlement, total, str(entitlement.from_date.year), confirmed_by)] if total > 0 else []
    return _year(entitlement, entitlement.from_date.year, frozenset(), confirmed_by)


def owe_due(now: datetime) -> int:
    """Owe everybody in force what has fallen due and is not drawn up yet; returns how many amounts. Twice is once.

    Left out until it is settled: whose change is being looked into, who was not checked in a review and in none since,
    and of whom a payment is stopped. What was owed before an exit's day stays.
    """
    count, day = 0, timezone.localdate(now)
    ids = list(_lacking(day).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), PORTION):
        with transaction.atomic(), collect():
            found = _due(_locked(ids[start : start + PORTION], day), day)
            owe_all(found, actor=SYSTEM, now=now)
            count += len(found)
    return count


def owe_rest(entitlement: Entitlement, *, actor: Actor, now: datetime) -> int:
    """Owe what is due before the last day of a right and was passed over while something was looked into: `owe_due`
    asks only for rights in force, so nobody would owe it later. Returns how many amounts.

    What was taken over and never owed here stays with whoever paid it before.
    """
    today = timezone.localdate(now)
    assert entitlement.until_date is not None, "a right that has ended has a last day"
    day = min(today, entitlement.until_date - timedelta(days=1))
    if is_monthly(entitlement, day):
        is_owed_here = bool(entitlement.application_id or _drawn([entitlement])[entitlement.pk])
    else:
        is_owed_here = day.year == today.year
    found = _due([entitlement], day) if is_owed_here else []
    owe_all(found, actor=actor, now=now)
    return len(found)


def keep_account(payable: Payable) -> None:
    """What a payee's account was found to be is where the coming months go, too: for the right that it was found for,
    and for others of the person that have none."""
    rows = Entitlement.objects.filter(person__isnull=False, person=payable.person_id)
    own = payable.reference_id if payable.reference_kind == REFERENCE else None
    for row in rows.select_for_update().order_by("pk"):
        if str(row.pk) == own or not row.account_tail:
            row.account, row.account_tail = payable.account_number, payable.account_tail
            row.version += 1
            row.save(update_fields=["account", "account_tail", "version"])


def _locked(ids: Sequence[UUID], day: date) -> list[Entitlement]:
    """These, looked at again under lock: an exit may have come between."""
    rows = _lacking(day).filter(pk__in=ids).select_for_update(of=("self",)).order_by("number")
    return list(rows.select_related("person__family__unit", "unit__parent__parent").prefetch_related("rates"))


def _lacking(day: date) -> EntitlementQuerySet:
    """Those in force for which neither the month nor the whole year of the day is drawn up as such."""
    drawn = Payable.objects.filter(
        reference_kind=REFERENCE, reference_id=Cast(OuterRef("pk"), CharField()), period__in=_periods(day)
    ).exclude(state=Payable.State.CANCELLED)
    changing = Exit.objects.filter(entitlement=OuterRef("pk"), state__in=(Exit.State.REPORTED, Exit.State.PROPOSED))
    # Nobody was found alive last year either, as long as no later review says otherwise: January pays no arrears.
    answered = ReviewCheck.objects.filter(
        entitlement=OuterRef("entitlement"), review__year__gt=OuterRef("review__year"),
        state__in=(ReviewCheck.State.ALIVE, ReviewCheck.State.CHANGED),
    )  # fmt: skip
    unchecked = ReviewCheck.objects.filter(~Exists(answered), entitlement=OuterRef("pk"), state=ReviewCheck.State.HELD)
    own = Payable.objects.filter(reference_kind=REFERENCE, reference_id=Cast(OuterRef("pk"), CharField()))
    stopped = own.filter(is_held=True).exclude(state__in=(Payable.State.PAID, Payable.State.CANCELLED))
    rows = Entitlement.objects.on(day).exclude(cycle=Entitlement.Cycle.ONCE)
    return rows.filter(~Exists(drawn), ~Exists(changing), ~Exists(unchecked), ~Exists(stopped))


def _periods(day: date) -> tuple[str, str]:
    return f"{day:%Y}", f"{day:%Y-%m}"


def _due(rows: Sequence[Entitlement], day: date) -> list[Owed]:
    drawn, people = _drawn(rows), _confirmers(rows)
    found: list[Owed] = []
    for row in rows:
        by = people.get(row.application_id) or frozenset({row.confirmed_by_id} if row.confirmed_by_id else ())
        if not by:
            continue  # taken over without a name: nobody confirmed the right, so a person has to enter what is owed
        if is_monthly(row, day):
            found += [_owed(row, amount, period_of([month]), by) for month, amount in _months(row, drawn[row.pk], day)]
        else:
            found += _year(row, day.year, drawn[row.pk], by)
    return found


def _months(row: Entitlement, drawn: frozenset[date], day: date) -> Iterator[tuple[date, Decimal]]:
    """Months up to this one that follow what is drawn up. What was taken over begins with the month it is looked at:
    what came before was paid elsewhere."""
    month = later(max(drawn), 1) if drawn else row.from_date if row.application_id else month_of(day)
    month = max(month, month_of(row.from_date))
    while month <= month_of(day):
        amount = amounts.due(list(row.rates.all()), from_date=month, until_date=later(month, 1))
        if amount > 0:
            yield month, amount
        month = later(month, 1)


def _year(row: Entitlement, year: int, drawn: frozenset[date], confirmed_by: frozenset[UUID]) -> list[Owed]:
    """What is not drawn up of a calendar year; its period names the months when it is not the whole year."""
    ends = row.until_date or date(year + 1, 1, 1)
    year_months = [date(year, number, 1) for number in range(1, MONTHS_A_YEAR + 1)]
    months = [month for month in year_months if row.from_date <= month < ends and month not in drawn]
    rates = list(row.rates.all())
    due = {month: amounts.due(rates, from_date=month, until_date=later(month, 1)) for month in months}
    total = sum(due.values(), Decimal(0))
    if total <= 0:
        return []
    return [_owed(row, total, str(year) if len(months) == MONTHS_A_YEAR else period_of(months), confirmed_by, due)]


def _owed(
    row: Entitlement, amount: Decimal, period: str, confirmed_by: frozenset[UUID],
    due: Mapping[date, Decimal] | None = None,
) -> Owed:  # fmt: skip
    rates = list(row.rates.all())
    basis = "；".join(layer["reference"] for layer in rates[-1].layers) if rates else ""
    return Owed(
        payee=row.person, payee_label=row.person.name, account_number=row.account, amount=amount, purpose=SUBSIDY,
        reference=(REFERENCE, row.pk), period=period, programme=row.kind, unit=payer_of(row.unit), basis=basis[:200],
        confirmed_by=confirmed_by, pay_by=_pay_by(row, months_of(period)), months=due or {},
    )  # fmt: skip


def _pay_by(row: Entitlement, months: Sequence[date]) -> date:
    """A month by the end of it; what is owed for a year by the calendar of the place (2b: 31 July to 31 October), or
    within a month when it begins too late for that."""
    soonest = later(month_of(max(months[0], row.from_date)), 1)
    if len(months) == 1:
        return soonest
    set_to: Mapping[str, str] = rules.set_at("subsidy.calendar", path=row.unit.path, day=months[0])
    month, day = set_to["pay_by"].split("-")
    return max(date(months[0].year, int(month), int(day)), soonest)


def _drawn(rows: Sequence[Entitlement]) -> Mapping[UUID, frozenset[date]]:
    """The months that are drawn up already, by entitlement."""
    found: dict[UUID, set[date]] = defaultdict(set)
    told = Payable.objects.filter(reference_kind=REFERENCE, reference_id__in=[str(row.pk) for row in rows])
    told = told.exclude(state=Payable.State.CANCELLED)
    for payable in told.only("reference_id", "period", "amount", "months"):
        found[UUID(payable.reference_id)].update(shares(payable))
    return {row.pk: frozenset(found[row.pk]) for row in rows}


def _confirmers(rows: Sequence[Entitlement]) -> Mapping[UUID | None, frozenset[UUID]]:
    """Who confirmed for the county, by application: none of them pays."""
    found: dict[UUID | None, set[UUID]] = defaultdict(set)
    hands = Hand.objects.filter(application__in=[row.application_id for row in rows], power=Hand.Power.COUNTY)
    for application, user in hands.values_list("application_id", "user_id"):
        found[application].add(user)
    return {application: frozenset(users) for application, users in found.items()}
