"""What was overpaid, from the figures to the last instalment: notice first, the county decides, all in the ledger.

Nothing is ever deducted: the only ways back are receipts that finance records (P07, D17, E11).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect, record
from backend.cases.numbers import next_number, township_code
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.ledger import entries
from backend.ledger.accounts import Place, accounts
from backend.ledger.entries import Line
from backend.ledger.models import Account
from backend.org import parameters
from backend.org.access import Actor
from backend.payments.models import Payable
from backend.payments.payables import Owed, owe_all
from backend.subsidies.exits import check_apart, overpaid_months
from backend.subsidies.models import Exit, Instalment, Receipt, Recovery
from backend.subsidies.months import later, month_of, parts
from backend.subsidies.paid import payables_of

State = Recovery.State
Kind = Account.Kind
DAYS: Mapping[str, int] = {"answer": 15, "objection": 60, "arrears": 90}
"""Where the parameter `recovery.days` is not set (P07; 60 days: 行政复议法 art. 20)."""
LONGEST = 24
"""Instalments at most, where the parameter `recovery.instalments` is not set (E11)."""
REFERENCE = "recovery"


class NothingOverpaid(Conflict):
    """Nothing was received for the time in question."""

    code = "nothing_overpaid"
    message = _("Nothing was received for that time, so nothing can be asked back.")


class NoNotice(Conflict):
    """No figure is claimed of anybody who has no notice of it."""

    code = "no_notice"
    message = _("First the notice with the figures is handed over in person.")


class WaiverNotPossible(Invalid):
    """A waiver is for mistakes of the office."""

    code = "waiver_not_possible"
    message = _("It can be waived where it was our own mistake; otherwise choose instalments.")


class BadPlan(Invalid):
    """A plan has its first day ahead and not more instalments than the place allows."""

    code = "bad_plan"
    message = _("The first instalment is due on a day ahead, and there are no more of them than the place allows.")


class BadReceipt(Invalid):
    """A receipt is for no more than what is left, of a day that has come."""

    code = "bad_receipt"
    message = _("A receipt has a number of its own, a day that has come, and at most what is left to be paid back.")


class AppealOpen(Conflict):
    """The exit itself is appealed against."""

    code = "exit_appealed"
    message = _("The exit is appealed against: nothing is decided about the money until that is answered.")


class NoObjection(Conflict):
    """One objects after the notice, within the time in it."""

    code = "no_objection_now"
    message = _("An objection can be taken in after the notice, until the day in it.")


def find(*, ended: Exit, actor: Actor, now: datetime) -> Recovery:
    """What was received too much, month by month, as it stands now. The same exit again gives the first one, with the
    figures of now until the notice tells them.

    Raises NothingOverpaid.
    """
    months = overpaid_months(ended)
    amount = sum(months.values(), Decimal(0))
    known = Recovery.objects.select_for_update().filter(exit=ended).first()
    if known is not None:
        _look_again(known, months, actor, now)
        return known
    if not amount:
        raise NothingOverpaid
    scope = f"ZH-{township_code(ended.unit)}-{timezone.localdate(now).year}"
    row = Recovery.objects.create(
        number=f"{scope}-{next_number(scope):04d}", exit=ended, unit=ended.unit, amount=amount, created_at=now,
        months=_figures(months),
    )  # fmt: skip
    _tell(row, "recovery.found", actor, now, {"amount": str(amount), "months": len(months)})
    return row


def _figures(months: Mapping[date, Decimal]) -> dict[str, str]:
    """Yuan by month, as the notice tells them."""
    return {f"{month:%Y-%m}": str(part) for month, part in months.items()}


def _look_again(row: Recovery, months: Mapping[date, Decimal], actor: Actor, now: datetime) -> None:
    """The bank has paid more since: it stands in the notice, unless that is handed over."""
    amount = sum(months.values(), Decimal(0))
    if row.state == State.FOUND and amount > row.amount:
        row.amount, row.months = amount, _figures(months)
        _move(row, "recovery.found", actor, now, {"amount": str(amount), "months": len(months)})


def classify(*, row: Recovery, cause: str, known: str, hardship: bool, actor: Actor, now: datetime) -> None:
    """Whose mistake it was, from who knew what and when. Raises OwnPerson."""
    check_apart(row.exit, actor, now)
    row.cause, row.known, row.hardship = cause, known, "yes" if hardship else "no"
    row.classified_by_id = actor.user_id
    _move(row, "recovery.classified", actor, now, {"recovery_cause": cause})


def serve(*, row: Recovery, served_on: date, manner: str, actor: Actor, now: datetime) -> None:
    """The notice is in their hands: from then on they have days to answer and to object. Raises BadReceipt for a day
    that has not come."""
    if served_on > timezone.localdate(now):
        raise BadReceipt([FieldProblem("/served_on", BadReceipt.code, BadReceipt.message)])
    days = days_of(row, now)
    row.served_on, row.manner, row.served_label = served_on, manner, actor.label
    row.answer_until = served_on + timedelta(days=days["answer"])
    row.objection_until = served_on + timedelta(days=days["objection"])
    row.state = State.NOTIFIED
    _move(row, "recovery.served", actor, now, {"amount": str(row.amount), "answer_until": str(row.answer_until)})


def hear(*, row: Recovery, answer: str, words: str, months: int | None, actor: Actor, now: datetime) -> None:
    """What they said, in their words."""
    row.answer, row.answer_words, row.months_asked = answer, words, months
    _move(row, "recovery.heard", actor, now, {"recovery_answer": answer})


def propose(*, row: Recovery, proposal: str, reason: str, actor: Actor, now: datetime) -> None:
    """What decision D17 proposes to the county."""
    row.proposal, row.proposal_reason, row.state = proposal, reason, State.HEARD
    _move(row, "recovery.proposed", actor, now, {"recovery_way": proposal})


def months_owed(row: Recovery) -> int:
    """How many months of what was last received it comes to, rounded up."""
    last = Decimal(row.months[max(row.months)])
    return int(-(-row.amount // last)) if last else len(row.months)


def decide(*, row: Recovery, decision: str, reason: str, actor: Actor, now: datetime) -> None:
    """The county decides. What is claimed goes from what was paid out to what is to be paid back, once.

    Raises NoNotice, WaiverNotPossible, AppealOpen, OwnPerson.
    """
    check_apart(row.exit, actor, now)
    if row.served_on is None:
        raise NoNotice
    if row.exit.state == Exit.State.APPEALED:
        raise AppealOpen
    if decision == "waiver" and row.cause != Recovery.Cause.OFFICE:
        raise WaiverNotPossible([FieldProblem("/decision", WaiverNotPossible.code, WaiverNotPossible.message)])
    if decision != "go_on":
        row.decision, row.decided_by_id, row.decided_label = decision, actor.user_id, actor.label
        row.decided_on = timezone.localdate(now)
    row.decision_reason = reason
    with collect():
        _claim(row, actor, now)
        _move(row, "recovery.decided", actor, now, {"recovery_way": decision}, reason)


def plan(*, row: Recovery, count: int, first_due: date, actor: Actor, now: datetime) -> date:
    """Instalments month by month that come to exactly what is left; returns the first day. Raises BadPlan."""
    day = timezone.localdate(now)
    most = int(parameters.value("recovery.instalments", path=row.unit.path, day=day, default=LONGEST))
    wrong = (["months"] if not 1 <= count <= most else []) + (["first_due"] if first_due <= day else [])
    if wrong:
        raise BadPlan([FieldProblem(f"/{name}", BadPlan.code, BadPlan.message) for name in wrong])
    row.plan += 1
    row.state = State.PAYING
    amounts = [part for part in parts(row.left, count) if part]
    Instalment.objects.bulk_create(
        Instalment(recovery=row, plan=row.plan, number=number, due_on=_monthly(first_due, number), amount=part)
        for number, part in enumerate(amounts)
    )
    _move(row, "recovery.planned", actor, now, {"instalments": len(amounts), "due_on": first_due.isoformat()})
    return first_due


def receive(
    *, row: Recovery, amount: Decimal, received_on: date, method: str, number: str, actor: Actor, now: datetime
) -> Receipt:
    """Something was paid back: a receipt, and an entry. Raises NoNotice, BadReceipt."""
    held = prepared.found(Recovery, row.pk, follow=("unit", "exit"), lock=True)
    if held.served_on is None:
        raise NoNotice
    wrong = [] if 0 < amount <= held.left else ["amount"]
    wrong += ["received_on"] if received_on > timezone.localdate(now) else []
    wrong += ["receipt_number"] if Receipt.objects.filter(number=number).exists() else []
    if wrong:
        raise BadReceipt([FieldProblem(f"/{name}", BadReceipt.code, BadReceipt.message) for name in wrong])
    with collect():
        entry = _post(held, "recovery_receipt", Kind.RECOVERED, amount, received_on, f"receipt:{number}", actor, now)
        made = Receipt.objects.create(
            recovery=held, number=number, amount=amount, received_on=received_on, method=method, entry_id=entry,
            received_by_id=actor.user_id, received_label=actor.label, created_at=now,
        )  # fmt: skip
        row.received = held.received + amount
        row.state = State.SETTLED if row.left == 0 else State.PAYING
        _move(row, "recovery.received", actor, now, {"amount": str(amount), "receipt": number})
    return made


def remind(*, row: Recovery, actor: Actor, now: datetime) -> int:
    """They are reminded in person; returns for how many days the oldest instalment has been due."""
    due = row.next_due()
    overdue = (timezone.localdate(now) - due).days if due else 0
    _tell(row, "recovery.reminded", actor, now, {"overdue_days": overdue})
    return overdue


def write_off(*, row: Recovery, actor: Actor, now: datetime) -> None:
    """The county lets the rest go: it was our mistake. Raises WaiverNotPossible."""
    if row.cause != Recovery.Cause.OFFICE:
        raise WaiverNotPossible
    left = row.left
    with collect():
        if left:
            day = timezone.localdate(now)
            _post(row, "recovery_waiver", Kind.WRITTEN_OFF, left, day, f"waiver:{row.pk}", actor, now)
        row.state = State.WAIVED
        _move(row, "recovery.waived", actor, now, {"amount": str(left)})


def refer(*, row: Recovery, actor: Actor, now: datetime) -> None:
    """The law takes over; what is left stays to be paid back."""
    row.state = State.REFERRED
    _move(row, "recovery.referred", actor, now, {"amount": str(row.left)})


def take_objection(*, row: Recovery, text: str, actor: Actor, now: datetime) -> None:
    """They object; nothing goes on until it is answered. Raises NoObjection."""
    today = timezone.localdate(now)
    open_now = row.state in {State.NOTIFIED, State.PAYING}
    if not open_now or row.objection_until is None or today > row.objection_until:
        raise NoObjection
    row.objection, row.objected_on, row.state = text, today, State.APPEALED
    _move(row, "recovery.objected", actor, now)


def settle_objection(*, row: Recovery, upheld: bool, reason: str, actor: Actor, now: datetime) -> None:
    """The written answer, by somebody who had no hand in it. Raises OwnPerson."""
    check_apart(row.exit, actor, now)
    row.appeal_reason, row.appeal_by_id, row.appeal_label = reason, actor.user_id, actor.label
    if not upheld:
        row.state = State.PAYING if row.plan else State.HEARD
    _move(row, "recovery.objection_settled", actor, now, {"upheld": upheld}, reason)


def withdraw(*, row: Recovery, actor: Actor, now: datetime) -> None:
    """It is not claimed any more: what was posted is undone by further entries, and what was paid back is owed to the
    person again."""
    day = timezone.localdate(now)
    with collect():
        if row.left and row.decided_on is not None:  # the claim was posted by the decision
            out_of = Kind.WRITTEN_OFF if row.state == State.WAIVED else Kind.RECEIVABLE
            _post(row, "recovery_withdrawal", Kind.PAID, row.left, day, f"withdrawal:{row.pk}", actor, now, out_of)
        if row.received:
            _give_back(row, day, actor, now)
        row.state = State.WITHDRAWN
        _move(row, "recovery.withdrawn", actor, now, {"amount": str(row.left)})


def days_of(row: Recovery, now: datetime) -> Mapping[str, int]:
    """The times of the place, in days: `answer`, `objection`, `arrears`."""
    day = timezone.localdate(now)
    found: Mapping[str, int] = parameters.value("recovery.days", path=row.unit.path, day=day, default=DAYS)
    return found


def _monthly(first: date, number: int) -> date:
    """The same day of a later month, never past the 28th: no instalment falls on a day that a month does not have."""
    return later(month_of(first), number).replace(day=min(first.day, 28)) if number else first


def _claim(row: Recovery, actor: Actor, now: datetime) -> None:
    """Once: out of what was paid, where it was paid from, into what is to be paid back."""
    target = _place(row, Kind.RECEIVABLE)
    sources = _paid_from(row)
    found = accounts([target, *sources])
    lines = [Line(found[target], row.amount), *(Line(found[place], -part) for place, part in sources.items())]
    entries.post(
        kind="recovery_claim", on=timezone.localdate(now), lines=lines, reference=(REFERENCE, row.pk),
        basis=row.number, actor=actor, now=now, key=f"recovery_claim:{row.pk}",
    )  # fmt: skip


def _paid_from(row: Recovery) -> dict[Place, Decimal]:
    """The accounts out of which the months in question were paid; the newest payments are the ones too many."""
    left, found = row.amount, defaultdict[Place, Decimal](Decimal)
    paid = payables_of(row.exit.entitlement).filter(state=Payable.State.PAID).order_by("-period", "-id")
    for unit, code, amount in paid.values_list("unit_id", "programme", "amount"):
        part = min(left, amount)
        if part:
            found[Place(Kind.PAID, unit, code)] += part
        left -= part
    return dict(found)


def _give_back(row: Recovery, day: date, actor: Actor, now: datetime) -> None:
    """What came in by receipts goes to the budget line, and out of it to the person: by the next batch, to the account
    of the subsidy. It is for no month, as the months were paid and stay so. Who decided on it does not pay it."""
    entitlement = row.exit.entitlement
    last = payables_of(entitlement).filter(state=Payable.State.PAID).order_by("-period", "-id")
    paid = last.select_related("unit", "person")[0]
    hands = {*paid.confirmed_by, row.decided_by_id, row.appeal_by_id, row.exit.appeal_by_id}
    _post(
        row, "recovery_refund", Kind.BUDGET_LINE, row.received, day, f"refund:{row.pk}", actor, now, Kind.RECOVERED
    )  # fmt: skip
    owed = Owed(
        payee=paid.person, payee_label=paid.payee_label, account_number=entitlement.account or paid.account_number,
        amount=row.received, purpose="refund", reference=(REFERENCE, row.pk), period=f"{day:%Y-%m}",
        programme=paid.programme, unit=paid.unit, basis=row.number, is_adjustment=True,
        confirmed_by=sorted(hand for hand in hands if hand is not None), key=f"refund:{row.pk}",
    )  # fmt: skip
    owe_all([owed], actor=actor, now=now)


def _place(row: Recovery, kind: str) -> Place:
    """The account of a kind beside the one out of which the last payment came; what is owed back is its person's."""
    paid = next(iter(_paid_from(row)))
    holder = row.exit.entitlement.person_id if kind == Kind.RECEIVABLE else None
    return Place(kind, paid.unit_id, paid.code, holder)


def _post(
    row: Recovery, kind: str, into: str, amount: Decimal, on: date, key: str, actor: Actor, now: datetime,
    out_of: str = Kind.RECEIVABLE,
) -> UUID:  # fmt: skip
    """Out of what is to be paid back, or where else it stands, into another account."""
    places = [_place(row, into), _place(row, out_of)]
    found = accounts(places)
    entry = entries.post(
        kind=kind, on=on, lines=[Line(found[places[0]], amount), Line(found[places[1]], -amount)],
        reference=(REFERENCE, row.pk), basis=row.number, actor=actor, now=now, key=key,
    )  # fmt: skip
    return entry.pk


def _move(
    row: Recovery, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None, reason: str = ""
) -> None:
    row.version += 1
    row.save()
    _tell(row, action, actor, now, data, reason)


def _tell(
    row: Recovery, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None, reason: str = ""
) -> None:
    family = row.exit.entitlement.person.family_id
    record(action=action, object=row, family_id=family, actor=actor, now=now, data=data, reason=reason)
