"""What is owed: entered once, held and let go, cancelled, and given another account when the bank returned it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect, record
from backend.cases.models import Person
from backend.core.errors import Conflict, DomainError, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.ledger.accounts import Place, accounts
from backend.ledger.entries import CENT, Line, Posting, post_all
from backend.ledger.models import Account
from backend.org import codes
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.powers import behind
from backend.payments.models import Payable, PayableQuerySet

PORTION = 500
ACCOUNT = re.compile(r"[0-9]{8,32}")
"""A bank account or social security card, without the spaces in which people write it."""

Kind = Account.Kind
CANCELLABLE = frozenset({Payable.State.OPEN, Payable.State.RETURNED, Payable.State.CHECKING})
"""What can still be taken back: it is in no batch, and not paid."""


class NobodyConfirmed(DomainError):
    """A right to money is confirmed by a named person."""

    code = "nobody_confirmed"
    message = _("Nobody confirmed this right, so it cannot be paid.")


class BadAmount(Invalid):
    """What is owed is some yuan and cents."""

    code = "bad_amount"
    message = _("An amount is more than nothing, in whole cents.")


class BadAccount(Invalid):
    """It has not the form of an account number."""

    code = "bad_account"
    message = _("An account number has 8 to 32 digits.")


class NotOwed(Conflict):
    """It is paid, cancelled or with the bank."""

    code = "payable_not_open"
    message = _("This amount is paid, cancelled or in a payment batch already.")


class NotReturned(Conflict):
    """Only what the bank returned, or what has no account, gets another account."""

    code = "payable_not_returned"
    message = _("A new account is entered when the bank has returned the payment, or when there is none yet.")


class OwnProposal(DomainError):
    """Who entered the account agrees to it."""

    code = "own_account_proposal"
    message = _("Somebody else than who entered the new account has to agree to it.")


@dataclass(frozen=True)
class Owed:
    """An amount to be owed. `reference`: kind and id of the right it comes from. `confirmed_by`: who confirmed it."""

    payee: Person | None
    payee_label: str
    account_number: str
    amount: Decimal
    purpose: str
    reference: tuple[str, object]
    period: str
    programme: str
    unit: Unit
    basis: str = ""
    due_on: date | None = None
    pay_by: date | None = None
    is_adjustment: bool = False
    confirmed_by: Iterable[UUID] = ()
    key: str = ""
    """By default reference, period and purpose: the same again is the same payable."""
    months: Mapping[date, Decimal] = field(default_factory=dict)
    """What of it is for which month, where it is for several: they come to exactly the amount."""

    @property
    def stored_key(self) -> str:
        """What it is known by."""
        told = ":".join((self.reference[0], str(self.reference[1]), self.period, self.purpose))
        return self.key or (f"{told}:adjustment" if self.is_adjustment else told)


def owe(
    *,
    payee: Person | None,
    payee_label: str,
    account_number: str,
    amount: Decimal,
    purpose: str,
    reference: tuple[str, object],
    period: str,
    programme: str,
    unit: Unit,
    actor: Actor,
    now: datetime,
    basis: str = "",
    due_on: date | None = None,
    is_adjustment: bool = False,
    confirmed_by: Iterable[UUID] = (),
    key: str = "",
) -> Payable:
    """Owe an amount to somebody; the same reference, period and purpose (or `key`) again is the first one.

    `confirmed_by`: the users who confirmed the right, by default who acts; none of them can pay it. Raises
    NobodyConfirmed, BadAmount, and BadAccount (no account at all is possible).
    """
    owed = Owed(
        payee=payee,
        payee_label=payee_label,
        account_number=account_number,
        amount=amount,
        purpose=purpose,
        reference=reference,
        period=period,
        programme=programme,
        unit=unit,
        basis=basis,
        due_on=due_on,
        is_adjustment=is_adjustment,
        confirmed_by=confirmed_by,
        key=key,
    )
    return owe_all([owed], actor=actor, now=now)[0]


def owe_all(owed: Sequence[Owed], *, actor: Actor, now: datetime) -> list[Payable]:
    """The same for many at once. Raises as `owe`; nothing is owed then."""
    made: list[Payable] = []
    with collect():
        for start in range(0, len(owed), PORTION):
            made += _owe_some(owed[start : start + PORTION], actor, now)
    return made


def hold(*, payables: PayableQuerySet, reason: str, actor: Actor, now: datetime) -> int:
    """No batch takes these until they are let go; a batch that is not released yet loses them. Returns how many."""
    return _set_held(payables.filter(state__in=_UNPAID, is_held=False), True, "payable.held", reason, actor, now)


def let_go(*, payables: PayableQuerySet, reason: str, actor: Actor, now: datetime) -> int:
    """What was held may be paid again. Returns how many."""
    return _set_held(payables.filter(is_held=True), False, "payable.let_go", reason, actor, now)


def cancel(*, payable: Payable, reason: str, actor: Actor, now: datetime) -> None:
    """It is not owed any more: its yuan go back to the budget line. Nobody is asked for an account of it any more, but
    for that of what else waits for one. Raises NotOwed."""
    if payable.state not in CANCELLABLE:
        raise NotOwed
    was_asked_for = wants_account(payable)
    payable.state = Payable.State.CANCELLED
    move_all([Move(payable, Kind.BUDGET_LINE, "cancellation", timezone.localdate(now))], actor=actor, now=now)
    payable.version += 1
    payable.save(update_fields=["state", "standing", "version"])
    tell("payable.cancelled", payable, actor, now, reason=reason)
    if was_asked_for:
        enqueue("payments.end_correction", payable_id=str(payable.pk))
        for other in waiting_for_account(payable)[:1]:  # nobody was asked for it while this one was open
            enqueue("payments.start_correction", payable_id=str(other.pk))


def wants_account(payable: Payable) -> bool:
    """Whether the payee has to be asked for an account: the bank returned it, a new one is being checked, or none is
    known."""
    if payable.state == Payable.State.OPEN:
        return not payable.account_tail
    return payable.state in {Payable.State.RETURNED, Payable.State.CHECKING}


def propose_account(*, payable: Payable, number: str, identity_check: str, actor: Actor, now: datetime) -> None:
    """The payee's new account, after an identity check; it counts when somebody else has agreed.

    Raises NotReturned, BadAccount.
    """
    if not wants_account(payable):
        raise NotReturned
    if identity_check not in codes.choices("payment_identity_check", day=timezone.localdate(now)):
        raise Invalid([FieldProblem("/identity_check", Invalid.code, Invalid.message)])
    payable.proposed_number = account_digits(number)
    payable.proposed_tail = payable.proposed_number[-4:]
    payable.proposed_by_id = actor.user_id
    payable.proposed_label = actor.label
    payable.agreed_by = None
    payable.identity_check = identity_check
    payable.state = Payable.State.CHECKING
    payable.version += 1
    payable.save(
        update_fields=["proposed_number", "proposed_tail", "proposed_by", "proposed_label", "agreed_by",
                       "identity_check", "state", "version"]
    )  # fmt: skip
    tell("payable.account_proposed", payable, actor, now, data={"identity_check": identity_check})


def agree_account(*, payable: Payable, actor: Actor, now: datetime) -> None:
    """The proposed account is the payee's from now on, and the next batch takes the payable. Raises OwnProposal,
    NotReturned."""
    if payable.state != Payable.State.CHECKING:
        raise NotReturned
    people = behind(actor, day=timezone.localdate(now))
    if not people or payable.proposed_by_id in people:
        raise OwnProposal
    payable.account_number, payable.account_tail = payable.proposed_number, payable.proposed_tail
    payable.proposed_number = payable.proposed_tail = ""
    payable.agreed_by_id = actor.user_id
    payable.state = Payable.State.OPEN
    payable.version += 1
    payable.save(
        update_fields=["account_number", "account_tail", "proposed_number", "proposed_tail", "agreed_by", "state",
                       "version"]
    )  # fmt: skip
    tell("payable.account_agreed", payable, actor, now)
    _give_account(payable, actor, now)


def _give_account(known: Payable, actor: Actor, now: datetime) -> None:
    """Whatever else waits for an account of the same person is paid to this one: nobody is asked twice."""
    others = list(waiting_for_account(known).select_for_update(of=("self",)).select_related("person"))
    for row in others:
        row.account_number, row.account_tail = known.account_number, known.account_tail
        row.proposed_by_id, row.agreed_by_id = known.proposed_by_id, known.agreed_by_id
        row.identity_check = known.identity_check
        row.version += 1
        tell("payable.account_agreed", row, actor, now)
        enqueue("payments.end_correction", payable_id=str(row.pk))
    fields = ["account_number", "account_tail", "proposed_by", "agreed_by", "identity_check", "version"]
    Payable.objects.bulk_update(others, fields, batch_size=PORTION)


def waiting_for_account(payable: Payable) -> PayableQuerySet:
    """What else is owed to the same person and has no account to be paid to; of somebody on nobody's file nothing."""
    others = Payable.objects.filter(person__isnull=False, person=payable.person_id).exclude(pk=payable.pk)
    return others.filter(state=Payable.State.OPEN, account_tail="").order_by("created_at", "id")


def decline_account(*, payable: Payable, reason: str, actor: Actor, now: datetime) -> None:
    """The proposed account is not to be used: the payee is asked again. Raises NotReturned."""
    if payable.state != Payable.State.CHECKING:
        raise NotReturned
    payable.proposed_number = payable.proposed_tail = ""
    payable.state = Payable.State.RETURNED if payable.account_tail else Payable.State.OPEN
    payable.version += 1
    payable.save(update_fields=["proposed_number", "proposed_tail", "state", "version"])
    tell("payable.account_declined", payable, actor, now, reason=reason)


def reveal_account(*, payable: Payable, reason: str, actor: Actor, now: datetime) -> str:
    """The account number in full; history tells who looked, and why."""
    tell("payable.revealed", payable, actor, now, reason=reason)
    return payable.account_number


def account_digits(number: str) -> str:
    """The number without spaces and dashes. Raises BadAccount."""
    plain = re.sub(r"[\s-]", "", number)
    if not ACCOUNT.fullmatch(plain):
        raise BadAccount([FieldProblem("/account_number", BadAccount.code, BadAccount.message)])
    return plain


@dataclass(frozen=True)
class Move:
    """What a payable stands for goes to its account of that kind. `mark` tells a second one of the sort apart."""

    payable: Payable
    kind: str
    entry: str
    on: date
    mark: str = ""


def move_all(moves: Sequence[Move], *, actor: Actor, now: datetime) -> None:
    """An entry for each, from where the yuan stand now; the caller saves `standing`. The same again moves nothing."""
    places = [place_of(move.payable, move.kind) for move in moves]
    found = accounts(places)
    postings = [
        Posting(
            kind=move.entry,
            on=move.on,
            lines=[Line(found[place], move.payable.amount), Line(move.payable.standing, -move.payable.amount)],
            reference=("payable", str(move.payable.pk)),
            basis=move.payable.basis,
            key=f"{move.entry}:{move.payable.pk}:{move.mark}",
        )
        for move, place in zip(moves, places, strict=True)
    ]
    post_all(postings, actor=actor, now=now)
    for move, place in zip(moves, places, strict=True):
        move.payable.standing = found[place]


def place_of(payable: Payable, kind: str) -> Place:
    """A payable's account of a kind: of the payee where it is about what is owed, else of the programme."""
    holder = payable.person_id or payable.pk if kind in {Kind.OBLIGATION, Kind.RETURNED} else None
    return Place(kind, payable.unit_id, payable.programme, holder)


def tell(
    action: str,
    payable: Payable,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    data: dict[str, object] | None = None,
) -> None:
    """An event of the payable, in its family's history where there is one: with the amount, never the account."""
    record(
        action=action,
        object=payable,
        family_id=payable.person.family_id if payable.person else None,
        actor=actor,
        now=now,
        reason=reason,
        data={"amount": str(payable.amount), "period": payable.period, "purpose": payable.purpose, **(data or {})},
    )


_UNPAID = (Payable.State.OPEN, Payable.State.BATCHED, Payable.State.RETURNED, Payable.State.CHECKING)


def _set_held(payables: PayableQuerySet, held: bool, action: str, reason: str, actor: Actor, now: datetime) -> int:
    rows = list(payables.select_for_update(of=("self",)).select_related("person").order_by("id"))
    with collect():
        for row in rows:
            row.is_held = held
            row.version += 1
            tell(action, row, actor, now, reason=reason)
        Payable.objects.bulk_update(rows, ["is_held", "version"], batch_size=PORTION)
    return len(rows)


def _owe_some(owed: Sequence[Owed], actor: Actor, now: datetime) -> list[Payable]:
    rows = [_payable(each, actor, now) for each in owed]
    obligations = [place_of(row, Kind.OBLIGATION) for row in rows]
    lines = [place_of(row, Kind.BUDGET_LINE) for row in rows]
    found = accounts([*obligations, *lines])
    for row, place in zip(rows, obligations, strict=True):
        row.standing = found[place]
    Payable.objects.bulk_create(rows, ignore_conflicts=True)
    keys = [row.key for row in rows]
    stored = {row.key: row for row in Payable.objects.filter(key__in=keys).select_related("person", "unit", "standing")}
    new = [(row, line) for row, line in zip(rows, lines, strict=True) if stored[row.key].pk == row.pk]
    postings = [
        Posting(
            kind="obligation",
            on=timezone.localdate(now),
            lines=[Line(row.standing, row.amount), Line(found[line], -row.amount)],
            reference=("payable", str(row.pk)),
            basis=row.basis,
            key=f"obligation:{row.pk}",
        )
        for row, line in new
    ]
    post_all(postings, actor=actor, now=now)
    for row, _line in new:
        tell("payable.owed", row, actor, now)
        if not row.account_tail:  # somebody collects it; else it would wait with nobody asked
            enqueue("payments.start_correction", payable_id=str(row.pk))
    return [stored[key] for key in keys]


def _payable(owed: Owed, actor: Actor, now: datetime) -> Payable:
    confirmed = list(owed.confirmed_by) or sorted(behind(actor, day=timezone.localdate(now)))
    if not confirmed:
        raise NobodyConfirmed
    torn = bool(owed.months) and sum(owed.months.values()) != owed.amount
    if owed.amount <= 0 or owed.amount != owed.amount.quantize(CENT) or torn:
        raise BadAmount([FieldProblem("/amount", BadAmount.code, BadAmount.message)])
    number = account_digits(owed.account_number) if owed.account_number else ""
    return Payable(
        created_at=now,
        unit=owed.unit,
        unit_path=owed.payee.unit_path if owed.payee else owed.unit.path,
        person=owed.payee,
        payee_label=owed.payee_label,
        account_number=number,
        account_tail=number[-4:],
        amount=owed.amount,
        purpose=owed.purpose,
        programme=owed.programme,
        period=owed.period,
        months={f"{month:%Y-%m}": str(part) for month, part in owed.months.items()} if len(owed.months) > 1 else {},
        basis=owed.basis,
        is_adjustment=owed.is_adjustment,
        reference_kind=owed.reference[0],
        reference_id=str(owed.reference[1]),
        key=owed.stored_key,
        due_on=owed.due_on,
        pay_by=owed.pay_by,
        confirmed_by=confirmed,
    )
