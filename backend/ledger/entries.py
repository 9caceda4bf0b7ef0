"""Posting entries and reversing them: the only two ways in which the ledger grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, DomainError
from backend.ledger.models import Account, Entry, EntryLine
from backend.org.access import Actor

CENT = Decimal("0.01")


class Unbalanced(DomainError):
    """What leaves accounts is not what arrives in others."""

    code = "unbalanced"
    message = _("An entry has at least two lines, in whole cents, and they come to nothing.")


class KeyTaken(Conflict):
    """The key stands for another entry."""

    code = "entry_key_taken"
    message = _("This entry has been posted before, with other amounts.")


class ReversedAlready(Conflict):
    """An entry is reversed once."""

    code = "reversed_already"
    message = _("This entry has been reversed already.")


@dataclass(frozen=True)
class Line:
    """Yuan that arrive in an account; negative: that leave it."""

    account: Account
    amount: Decimal


@dataclass(frozen=True)
class Posting:
    """An entry to be made. `reference`: kind and id of what causes it; `basis`: the law, decision or contract."""

    kind: str
    on: date
    lines: Sequence[Line]
    reference: tuple[str, str]
    basis: str
    key: str
    reason: str = ""
    reverses: UUID | None = None


def post(
    *,
    kind: str,
    on: date,
    lines: Sequence[Line],
    reference: tuple[str, object],
    basis: str,
    actor: Actor,
    now: datetime,
    key: str,
    reason: str = "",
) -> Entry:
    """Move yuan between accounts. The same key again gives the first entry and moves nothing.

    History is told by the command that causes it: the entry itself is a record that nobody can change. Raises
    Unbalanced, and KeyTaken when the key was used for other amounts.
    """
    about = (reference[0], str(reference[1]))
    posting = Posting(kind=kind, on=on, lines=lines, reference=about, basis=basis, key=key, reason=reason)
    return post_all([posting], actor=actor, now=now)[0]


def post_all(postings: Sequence[Posting], *, actor: Actor, now: datetime) -> list[Entry]:
    """The same for many, by three statements. Raises as `post`; nothing is moved then."""
    for posting in postings:
        check_balance(posting.lines)
    made = [_entry(posting, actor, now) for posting in postings]
    # Of two who post one key at the same moment, the second waits here for the first one's end.
    Entry.objects.bulk_create(made, ignore_conflicts=True)
    stored = _stored(made)
    new = [(entry, posting) for entry, posting in zip(made, postings, strict=True) if stored[entry.key].pk == entry.pk]
    EntryLine.objects.bulk_create(
        EntryLine(entry=entry, account=line.account, amount=line.amount)
        for entry, posting in new
        for line in posting.lines
    )
    _check_same(postings, stored, {entry.pk for entry, _posting in new})
    return [stored[posting.key] for posting in postings]


def reverse(*, entry: Entry, reason: str, actor: Actor, now: datetime) -> Entry:
    """Move everything back, as of today: the mistake stays readable, and so does who mended it.

    Raises ReversedAlready, also for an entry that is a reversal itself.
    """
    if entry.reverses_id or Entry.objects.filter(reverses=entry).exists():
        raise ReversedAlready
    back = Posting(
        kind="reversal",
        on=timezone.localdate(now),
        lines=[Line(line.account, -line.amount) for line in entry.lines.select_related("account").order_by("id")],
        reference=(entry.reference_kind, entry.reference_id),
        basis=entry.basis,
        key=f"reversal:{entry.pk}",
        reason=reason,
        reverses=entry.pk,
    )
    made = post_all([back], actor=actor, now=now)[0]
    record(action="entry.reversed", object=entry, actor=actor, now=now, reason=reason, data={"reversal": str(made.pk)})
    return made


def check_balance(lines: Sequence[Line]) -> None:
    """Raises Unbalanced: fewer than two lines, a line without or with half cents, or a sum that is not nothing."""
    amounts = [line.amount for line in lines]
    exact = all(amount != 0 and amount == amount.quantize(CENT) for amount in amounts)
    if len(amounts) < 2 or not exact or sum(amounts, Decimal(0)) != 0:
        raise Unbalanced


def _entry(posting: Posting, actor: Actor, now: datetime) -> Entry:
    return Entry(
        created_at=now,
        kind=posting.kind,
        on=posting.on,
        unit_id=posting.lines[0].account.unit_id,
        reference_kind=posting.reference[0],
        reference_id=posting.reference[1],
        basis=posting.basis,
        reason=posting.reason,
        key=posting.key,
        size=len(posting.lines),
        reverses_id=posting.reverses,
        actor_id=actor.user_id,
        actor_label=actor.label,
    )


def _stored(made: Sequence[Entry]) -> dict[str, Entry]:
    keys = [entry.key for entry in made]
    return {entry.key: entry for entry in Entry.objects.filter(key__in=keys).select_related("unit")}


def _check_same(postings: Sequence[Posting], stored: Mapping[str, Entry], new: set[UUID]) -> None:
    """Raises KeyTaken when a key's first entry moved something else."""
    for posting in postings:
        first = stored[posting.key]
        if first.pk not in new:
            moved = sorted(first.lines.values_list("account_id", "amount"))
            if moved != sorted((line.account.pk, line.amount) for line in posting.lines):
                raise KeyTaken
