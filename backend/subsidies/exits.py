"""A change in somebody's circumstances, from the report to the end of a subsidy, or to its going on (P07, F12, D16)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect, record
from backend.cases.numbers import next_number, township_code
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.powers import behind
from backend.payments import batches, payables
from backend.payments.models import Payable, PayableQuerySet, Transfer
from backend.payments.payables import Owed
from backend.subsidies import owing
from backend.subsidies.models import Entitlement, Exit, ReviewCheck
from backend.subsidies.months import later, month_of, months_of, period_of
from backend.subsidies.paid import REFERENCE, next_period, overpaid_from, payables_of, shares

State = Exit.State
CHANGES = "subsidy_change"
"""The code list of what can change."""
AT_ONCE = frozenset({"death", "forged"})
"""What holds payments before it was checked: nobody is to be asked for the money of somebody who has died."""
DAYS: Mapping[str, int] = {"stop": 10, "appeal": 60}
"""Where the parameter `subsidy_exit.days` is not set: P07, 行政复议法 art. 20."""
END_REASONS: Mapping[str, str] = {
    "death": "died",
    "moved_out": "moved",
    "rebirth_adoption": "child_born_or_adopted",
    "child_recovered": "child_recovered",
    "marriage_children": "married",
    "wrong_entry": "wrong_entry",
    "forged": "forged",
}
"""What changed → why the entitlement ended (code list subsidy_end_reason)."""
UNPAID = (Payable.State.OPEN, Payable.State.RETURNED, Payable.State.CHECKING)
"""What can still be taken back without asking anybody."""
OVER = (State.CONFIRMED, State.EXPLAINED, State.APPEALED, State.EXITED)
"""The county has ended it, and no appeal has restored it."""
HOLD = "subsidy_exit"


class ExitOpen(Conflict):
    """One change of an entitlement at a time."""

    code = "exit_open"
    message = _("A change of this entitlement is being looked into already.")


class NotInForce(Conflict):
    """Nothing is paid any more."""

    code = "entitlement_over"
    message = _("This entitlement has ended already.")


class GivenOnce(Conflict):
    """A single payment does not end: it is received for what happened once, and not for months."""

    code = "given_once"
    message = _("This was given once: there are no months that could end.")


class BadChange(Invalid):
    """A change is of the list, and has happened."""

    code = "bad_change"
    message = _("Choose what changed from the list, and a day that has come.")


class NoTimeToAppeal(Conflict):
    """One appeals between the explanation and the end of the time."""

    code = "no_time_to_appeal"
    message = _("An appeal can be taken in after it was explained, until the day in the notice.")


class OwnPerson(Conflict):
    """Nobody decides on oneself or one's own household."""

    code = "own_household"
    message = _("This is about your own household: somebody else has to deal with it.")


def report(
    *, entitlement: Entitlement, reason: str, happened_on: date, source: str, actor: Actor, now: datetime,
    check: ReviewCheck | None = None, reported_on: date | None = None, evidence: str = "",
) -> Exit:  # fmt: skip
    """Somebody says what changed. Raises BadChange, GivenOnce, NotInForce, ExitOpen."""
    today = timezone.localdate(now)
    wrong = [] if reason in codes.choices(CHANGES, day=today) else ["reason"]
    wrong += ["happened_on"] if happened_on > today else []
    if wrong:
        raise BadChange([FieldProblem(f"/{name}", BadChange.code, BadChange.message) for name in wrong])
    if entitlement.cycle == Entitlement.Cycle.ONCE:
        raise GivenOnce
    if entitlement.until_date is not None and entitlement.until_date <= today:
        raise NotInForce
    unit = entitlement.person.family.unit
    scope = f"TC-{township_code(unit)}-{today.year}"
    try:
        with transaction.atomic():
            row = Exit.objects.create(
                number=f"{scope}-{next_number(scope):04d}", entitlement=entitlement, unit=unit, source=source,
                check_row=check, reason=reason, happened_on=happened_on, reported_on=reported_on, evidence=evidence,
                reported_by_id=actor.user_id, reported_label=actor.label, created_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise ExitOpen from error
    _tell(row, "subsidy_exit.reported", actor, now, {"subsidy_change": reason, "happened_on": happened_on.isoformat()})
    return row


def stop_by(row: Exit, now: datetime) -> date:
    """Until when payments have to stop: ten days from the report (P07)."""
    return timezone.localdate(now) + timedelta(days=days_of(row, now)["stop"])


def days_of(row: Exit, now: datetime) -> Mapping[str, int]:
    """The times of the place, in days: `stop`, `appeal`."""
    found: Mapping[str, int] = parameters.value(
        "subsidy_exit.days", path=row.unit.path, day=timezone.localdate(now), default=DAYS
    )
    return found


def death_stop(row: Exit, now: datetime) -> str:
    """Whether a death ends it from its own month on or from the next one: each place's own rule (D16)."""
    path, day = row.unit.path, timezone.localdate(now)
    return str(parameters.value("subsidy_exit.death_stop", path=path, day=day, default="next_month"))


def hold(*, row: Exit, actor: Actor, now: datetime) -> int:
    """No batch pays it until this is settled. Returns how many payments wait."""
    return payables.hold(payables=payables_of(row.entitlement), reason=HOLD, actor=actor, now=now)


def record_check(
    *, row: Exit, founded: bool, evidence: str, actor: Actor, now: datetime, reason: str = "",
    happened_on: date | None = None, reported_on: date | None = None,
) -> None:  # fmt: skip
    """What the caseworker found. Raises BadChange for a day that has not come, OwnPerson."""
    check_apart(row, actor, now)
    for name, day in (("happened_on", happened_on), ("reported_on", reported_on)):
        if day is not None and day > timezone.localdate(now):
            raise BadChange([FieldProblem(f"/{name}", BadChange.code, BadChange.message)])
    row.evidence, row.checked_by_id, row.checked_label = evidence, actor.user_id, actor.label
    if founded:
        row.reason, row.happened_on = reason or row.reason, happened_on or row.happened_on
        row.reported_on = reported_on or row.reported_on
    # Who knew what when stays readable: a late report is seen from these days, and is not a fraud.
    told = {"subsidy_change": row.reason, "happened_on": row.happened_on.isoformat(), "founded": founded}
    _move(row, "subsidy_exit.checked", actor, now, told | {"reported_on": str(row.reported_on or "")})


def propose(*, row: Exit, stop_from: str, collect_back: str, exit_reason: str, actor: Actor, now: datetime) -> None:
    """What decision D16 says, as days and yuan, laid before the county."""
    row.stop_from, row.collect_back, row.exit_reason = stop_from, collect_back, exit_reason
    row.stop_on = stop_day(row, timezone.localdate(now))
    row.overpaid_from = _overpaid_day(row)
    row.overpaid = _overpaid_now(row)
    row.state = State.PROPOSED
    told = {"stop_on": row.stop_on.isoformat(), "overpaid": str(row.overpaid), "exit_reason": exit_reason}
    _move(row, "subsidy_exit.proposed", actor, now, told)


def stop_day(row: Exit, today: date) -> date:
    """The first day on which nothing is given any more, never before the entitlement began."""
    event = month_of(row.happened_on)
    days = {
        "event_month": event,
        "next_month": later(event, 1),
        "next_period": next_period(row.entitlement, today),
        "at_once": month_of(today),
    }
    return max(days[row.stop_from], row.entitlement.from_date)


def overpaid_months(row: Exit) -> Mapping[date, Decimal]:
    """Yuan received for each month from which on it has to be paid back, if at all."""
    return overpaid_from(row.entitlement, month_of(row.overpaid_from)) if row.overpaid_from else {}


def _overpaid_now(row: Exit) -> Decimal:
    """Yuan received too much as the bank has told it by now: what it still has may arrive later."""
    return sum(overpaid_months(row).values(), Decimal(0))


def _overpaid_day(row: Exit) -> date | None:
    event = month_of(row.happened_on)
    days = {
        "none": None,
        "after_stop": row.stop_on,
        "from_event": event,
        "from_certificate": later(event, 1),
        "county": row.entitlement.from_date if row.reason == "wrong_entry" else event,
        "from_start": row.entitlement.from_date,
    }
    return days[row.collect_back]


def decide(*, row: Exit, decision: str, collect: bool, reason: str, actor: Actor, now: datetime) -> None:
    """The county's word: exit, continue, or return it to the caseworker. Raises OwnPerson."""
    check_apart(row, actor, now)
    row.decision_reason = reason
    row.confirmed_by_id, row.confirmed_label, row.confirmed_on = actor.user_id, actor.label, timezone.localdate(now)
    row.collect = decision == "exit" and collect
    if decision == "return":
        row.state, row.confirmed_by_id, row.confirmed_on = State.REPORTED, None, None
    _move(row, "subsidy_exit.decided", actor, now, {"decision": decision}, reason)


def stop(*, row: Exit, actor: Actor, now: datetime) -> None:
    """The entitlement ends. What is not paid yet for the time after is not owed any more, also where it stands in a
    batch that is not released. What is due before is let go, and months that were passed over meanwhile are owed."""
    assert row.stop_on is not None, "a proposal has a day"
    entitlement = Entitlement.objects.select_for_update().get(pk=row.entitlement_id)
    entitlement.until_date, entitlement.end_reason = row.stop_on, END_REASONS[row.reason]
    entitlement.version += 1
    entitlement.save(update_fields=["until_date", "end_reason", "version"])
    with collect():
        owed = payables_of(entitlement)
        list(owed.select_for_update().values_list("pk"))  # no batch takes one of them meanwhile
        batches.take_off(payables=owed)
        for payable in _unpaid(entitlement):
            _shorten(payable, row, actor, now)
        owing.owe_rest(entitlement, actor=actor, now=now)
        _let_go(row, owed, actor, now)
        row.overpaid = _overpaid_now(row)
        row.state = State.CONFIRMED
        _move(row, "subsidy_exit.stopped", actor, now, {"stop_on": row.stop_on.isoformat()})


def _let_go(row: Exit, owed: PayableQuerySet, actor: Actor, now: datetime) -> None:
    """What is due is paid. What the bank has for months after the end stays held: given back by it, it goes into no
    batch before it is shortened (`came_back`)."""
    assert row.stop_on is not None
    with_bank = owed.filter(state=Payable.State.BATCHED).values_list("pk", "period")
    after = [pk for pk, period in with_bank if max(months_of(period)) >= row.stop_on]
    payables.hold(payables=owed.filter(pk__in=after), reason=HOLD, actor=actor, now=now)
    payables.let_go(payables=owed.exclude(pk__in=after), reason=HOLD, actor=actor, now=now)


def came_back(*, payable: Payable, actor: Actor, now: datetime) -> None:
    """The bank returned a payment whose right had ended while the bank had it: only months before the end stay owed.
    Where an appeal has restored the right meanwhile, all of it does."""
    if payable.reference_kind != REFERENCE:
        return
    ended = Exit.objects.filter(entitlement__pk=payable.reference_id, state__in=(*OVER, State.RESTORED))
    row = ended.order_by("created_at", "pk").last()
    known = Payable.objects.select_for_update(of=("self",)).select_related("unit", "person", "standing")
    found = known.filter(pk=payable.pk, state=Payable.State.RETURNED).first()
    if row is None or found is None:
        return
    with collect():
        if row.state != State.RESTORED:
            _shorten(found, row, actor, now)
            row.save(update_fields=["cancelled"])
        kept = Payable.objects.filter(pk=payable.pk, state=Payable.State.RETURNED)
        payables.let_go(payables=kept, reason=HOLD, actor=actor, now=now)


def _shorten(payable: Payable, row: Exit, actor: Actor, now: datetime) -> None:
    """What is owed for months after the stop is cancelled; months before it stay owed."""
    assert row.stop_on is not None
    due = shares(payable)
    kept = {month: amount for month, amount in due.items() if month < row.stop_on}
    if len(kept) == len(due):
        return
    payables.cancel(payable=payable, reason=row.number, actor=actor, now=now)
    row.cancelled = [*row.cancelled, str(payable.pk)]
    _owe_again(payable, row, kept, "shortened", actor, now)


def release(*, row: Exit, actor: Actor, now: datetime) -> None:
    """Nothing changes: payments that were held go on."""
    payables.let_go(payables=payables_of(row.entitlement), reason=HOLD, actor=actor, now=now)
    row.state = State.CONTINUED
    _move(row, "subsidy_exit.continued", actor, now)


def explain(*, row: Exit, explained_on: date, told: str, manner: str, words: str, actor: Actor, now: datetime) -> date:
    """It was explained in person, with reasons and where to appeal; returns the last day of the time to appeal.

    Raises BadChange for a day that has not come.
    """
    if explained_on > timezone.localdate(now):
        raise BadChange([FieldProblem("/explained_on", BadChange.code, BadChange.message)])
    row.explained_on, row.explained_to, row.manner, row.words = explained_on, told, manner, words
    row.explained_label = actor.label
    row.appeal_until = explained_on + timedelta(days=days_of(row, now)["appeal"])
    row.overpaid = _overpaid_now(row)
    row.state = State.EXPLAINED
    _move(row, "subsidy_exit.explained", actor, now, {"told": told, "appeal_until": row.appeal_until.isoformat()})
    return row.appeal_until


def take_appeal(*, row: Exit, text: str, actor: Actor, now: datetime) -> None:
    """The person or family does not agree; the words stay with whoever decides. Raises NoTimeToAppeal."""
    today = timezone.localdate(now)
    if row.state != State.EXPLAINED or row.appeal_until is None or today > row.appeal_until:
        raise NoTimeToAppeal
    row.appeal, row.appealed_on, row.state = text, today, State.APPEALED
    _move(row, "subsidy_exit.appealed", actor, now)


def settle_appeal(*, row: Exit, upheld: bool, reason: str, actor: Actor, now: datetime) -> None:
    """The written answer to the appeal, by somebody who had no hand in it. Raises OwnPerson."""
    check_apart(row, actor, now)
    row.appeal_reason, row.appeal_by_id, row.appeal_label = reason, actor.user_id, actor.label
    _move(row, "subsidy_exit.appeal_settled", actor, now, {"upheld": upheld}, reason)


def restore(*, row: Exit, actor: Actor, now: datetime) -> None:
    """As if this exit had never been: what it cancelled is owed again, marked as an adjustment. What another exit
    cancelled stands, or was owed again already; a day that one which stands has set stays."""
    entitlement = Entitlement.objects.select_for_update().get(pk=row.entitlement_id)
    standing = entitlement.exits.filter(state=State.EXITED).order_by("stop_on").first()
    entitlement.until_date = standing.stop_on if standing else None
    entitlement.end_reason = END_REASONS[standing.reason] if standing else ""
    entitlement.version += 1
    entitlement.save(update_fields=["until_date", "end_reason", "version"])
    with collect():
        for payable in payables_of(entitlement).filter(pk__in=row.cancelled).order_by("id"):
            gone = {month: yuan for month, yuan in shares(payable).items() if row.stop_on and month >= row.stop_on}
            _owe_again(payable, row, gone, "restored", actor, now)
        row.state = State.RESTORED
        _move(row, "subsidy_exit.restored", actor, now)


def archive(*, row: Exit, actor: Actor, now: datetime) -> None:
    """The time is over, or the appeal was rejected: the exit stands."""
    row.state = State.EXITED
    _move(row, "subsidy_exit.archived", actor, now)


def check_apart(row: Exit, actor: Actor, now: datetime) -> None:
    """Raises OwnPerson when the household is that of whoever acts or is stood in for: a helper on file whose account it
    is."""
    if is_own(row.entitlement, behind(actor, day=timezone.localdate(now))):
        raise OwnPerson


def is_own(entitlement: Entitlement, people: frozenset[UUID]) -> bool:
    """Whether the application of this entitlement left one of them out as a relative or as the applicant (E19)."""
    application = entitlement.application
    return application is not None and application.recused.filter(pk__in=people).exists()


def _unpaid(entitlement: Entitlement) -> PayableQuerySet:
    return payables_of(entitlement).filter(state__in=UNPAID).select_related("unit", "person", "standing").order_by("id")


def _owe_again(
    payable: Payable, row: Exit, months: Mapping[date, Decimal], why: str, actor: Actor, now: datetime
) -> None:
    """These months of it, if anything was owed for them."""
    amount = sum(months.values(), Decimal(0))
    if amount <= 0:
        return
    again = Owed(
        payee=payable.person, payee_label=payable.payee_label, account_number=_account(payable), amount=amount,
        purpose=payable.purpose, reference=(payable.reference_kind, payable.reference_id),
        period=period_of(list(months)), programme=payable.programme, unit=payable.unit, basis=payable.basis,
        is_adjustment=True, confirmed_by=payable.confirmed_by, key=f"{why}:{row.pk}:{payable.pk}", months=months,
    )  # fmt: skip
    payables.owe_all([again], actor=actor, now=now)


def _account(payable: Payable) -> str:
    """Where it was to be paid; nowhere when the bank has returned it from there: somebody is asked for another one."""
    returned = payable.transfers.filter(state=Transfer.State.RETURNED)
    known = payable.account_number
    return "" if any(line.account_number == known for line in returned) else known


def _move(
    row: Exit, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None, reason: str = ""
) -> None:
    row.version += 1
    row.save()
    _tell(row, action, actor, now, data, reason)


def _tell(
    row: Exit, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None, reason: str = ""
) -> None:
    family = row.entitlement.person.family_id
    record(action=action, object=row, family_id=family, actor=actor, now=now, data=data, reason=reason)
