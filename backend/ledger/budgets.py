"""A unit's yearly budget by its five uses: appropriated by two people, spent as the ledger tells, checked before more
is spent (W26; seed 000 part 4 (3): 专项经费, for 宣传、组织、调研、指导、落实项目).

What is spent is what was paid in the year: what left budget lines, without what is still owed. A unit without a budget
of its own spends that of the nearest unit above it that has one; where nobody has one, nothing is checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core import prepared
from backend.core.errors import Conflict, DomainError, FieldProblem, Invalid, StaleVersion
from backend.core.models import Record
from backend.ledger.accounts import account
from backend.ledger.entries import Line, post
from backend.ledger.models import Account, Appropriation, Entry, EntryLine
from backend.org import codes, parameters
from backend.org.access import Actor, upwards
from backend.org.models import Unit
from backend.org.powers import is_behind

Kind = Account.Kind
State = Appropriation.State
NOTHING = Decimal("0.00")
USES = "budget_use"
PROJECTS = "projects"
"""The use of every line that no other use names: what is carried out."""
INCOME = frozenset({"micro_loan_interest"})
"""Budget lines from which money comes in from outside: nothing is spent there."""
BASIS = "预算法 13"


class BadAppropriation(Invalid):
    """Something of it does not fit."""

    code = "bad_appropriation"
    message = _("This does not fit a budget: a known use, a year near this one, and in all not less than nothing.")


class NotProposed(Conflict):
    """It was decided on."""

    code = "appropriation_decided"
    message = _("This was decided on already.")


class OwnAppropriation(DomainError):
    """Two people make a budget."""

    code = "own_appropriation"
    message = _("Somebody else than who proposed it has to decide on it.")


class OverBudget(Conflict):
    """More would be spent than was appropriated."""

    code = "over_budget"
    message = _(
        "%(use)s: %(left)s yuan are left of the budget of %(year)s, this is %(amount)s. Whoever spends it all the same "
        "says why, by name."
    )


class BudgetSpent(Conflict):
    """Here nothing is spent that was not appropriated."""

    code = "budget_spent"
    message = _("%(use)s: %(left)s yuan are left of the budget of %(year)s, this is %(amount)s. More has to be agreed.")


@dataclass(frozen=True)
class Use:
    """One use of a budget, in yuan. `owed`: promised and not paid yet; `waiting`: proposed and not decided on."""

    code: str
    appropriated: Decimal
    waiting: Decimal
    spent: Decimal
    owed: Decimal

    @property
    def name(self) -> str:
        """In the active language."""
        return codes.name(USES, self.code)

    @property
    def left(self) -> Decimal:
        """What can still be paid; negative: more was paid than appropriated."""
        return self.appropriated - self.spent


@dataclass(frozen=True)
class Budget:
    """A unit's year."""

    unit: Unit
    year: int
    uses: Sequence[Use]

    @property
    def is_made(self) -> bool:
        """Whether anything was appropriated: otherwise nothing is checked."""
        return any(use.appropriated for use in self.uses)

    @property
    def total(self) -> Use:
        """All uses together."""
        sums = {name: sum((getattr(use, name) for use in self.uses), NOTHING) for name in AMOUNTS}
        return Use(code="", **sums)


AMOUNTS = ("appropriated", "waiting", "spent", "owed")


def propose(
    *, unit: Unit, year: int, use: str, amount: Decimal, document: str, reason: str, actor: Actor, now: datetime
) -> Appropriation:
    """More, or less, for one use of a year; it counts when somebody else has agreed. Raises BadAppropriation."""
    assert actor.user_id is not None, "a budget is proposed by a person"
    day = timezone.localdate(now)
    wrong = [] if use in codes.choices(USES, day=day) else ["use"]
    wrong += [] if abs(year - day.year) <= 1 else ["year"]
    if not amount or appropriated(unit, year).get(use, NOTHING) + amount < 0:
        wrong.append("amount")
    if wrong:
        raise BadAppropriation([FieldProblem(f"/{name}", BadAppropriation.code, BadAppropriation.message)
                                for name in wrong])  # fmt: skip
    made = Appropriation(
        created_at=now, unit=unit, year=year, use=use, amount=amount, document=document, reason=reason,
        proposed_by=actor.user_id, proposed_label=actor.label,
    )  # fmt: skip
    made.save(force_insert=True)
    _tell("budget.proposed", made, actor, now, reason)
    return made


def decide(
    *, appropriation: Appropriation, agreed: bool, reason: str, version: int | None, actor: Actor, now: datetime
) -> Appropriation:
    """Agree to it, or refuse. Raises NotProposed, OwnAppropriation, StaleVersion, and BadAppropriation when less than
    nothing would be left by now."""
    row = prepared.found(Appropriation, appropriation.pk, follow=("unit",), lock=True)
    if version is not None and version != row.version:
        raise StaleVersion
    if row.state != State.PROPOSED:
        raise NotProposed
    if actor.user_id is None or is_behind(actor, row.proposed_by, day=timezone.localdate(now)):
        raise OwnAppropriation
    if agreed and appropriated(row.unit, row.year).get(row.use, NOTHING) + row.amount < 0:
        raise BadAppropriation
    row.state = State.AGREED if agreed else State.REFUSED
    row.decided_by, row.decided_label, row.decided_at, row.answer = actor.user_id, actor.label, now, reason
    row.version += 1
    row.save()
    _tell("budget.agreed" if agreed else "budget.refused", row, actor, now, reason)
    return row


def spend(
    *, unit: Unit, use: str, amount: Decimal, on: date, voucher: str, reason: str, over_reason: str, actor: Actor,
    now: datetime,
) -> Entry:  # fmt: skip
    """Book what was paid for one use, by its voucher; the same voucher again is the same entry.

    Raises BadAppropriation (an unknown use or a day to come), OverBudget, BudgetSpent.
    """
    day = timezone.localdate(now)
    wrong = [] if use in codes.choices(USES, day=day) else ["use"]
    wrong += [] if on <= day else ["on"]
    if wrong:
        raise BadAppropriation([FieldProblem(f"/{name}", BadAppropriation.code, BadAppropriation.message)
                                for name in wrong])  # fmt: skip
    key = f"expense:{unit.pk}:{on.year}:{sha256(voucher.encode()).hexdigest()}"
    if not Entry.objects.filter(key=key).exists():
        check(unit=unit, amounts={use: amount}, on=on, about=unit, reason=over_reason, actor=actor, now=now)
    entry = book(unit=unit, code=use, amount=amount, on=on, kind="budget_expense", reference=("unit", unit.pk),
                 basis=voucher, reason=reason, key=key, actor=actor, now=now)  # fmt: skip
    if entry.created_at == now:  # not when the same voucher is entered again
        told = {"amount": str(amount), "use": use, "voucher": voucher}
        record(action="budget.spent", object=unit, actor=actor, now=now, reason=reason, data=told)
    return entry


def book(
    *, unit: Unit, code: str, amount: Decimal, on: date, kind: str, reference: tuple[str, object], basis: str,
    key: str, actor: Actor, now: datetime, reason: str = "",
) -> Entry:  # fmt: skip
    """An expense that was paid already leaves its budget line: nothing is checked, for it has happened."""
    lines = [
        Line(account(kind=Kind.PAID, unit=unit, code=code), amount),
        Line(account(kind=Kind.BUDGET_LINE, unit=unit, code=code), -amount),
    ]
    return post(kind=kind, on=on, lines=lines, reference=reference, basis=basis, key=key, reason=reason, actor=actor,
                now=now)  # fmt: skip


def check(
    *, unit: Unit, amounts: Mapping[str, Decimal], on: date, about: Record | Unit, reason: str, actor: Actor,
    now: datetime, under_way: Mapping[str, Decimal] | None = None,
) -> None:  # fmt: skip
    """Before yuan leave budget lines (line → amount): whether the year's budget holds that much.

    `under_way`: what has been ordered and is not booked yet. Over it, `budget.over` says what is done here: somebody
    signs with a reason, which history tells (OverBudget without one), or nothing is spent (BudgetSpent).
    """
    keeper = keeper_of(unit, on.year)
    if keeper is None:
        return
    # Two who spend at the same moment come one after the other.
    list(Appropriation.objects.select_for_update().filter(unit=keeper, year=on.year, state=State.AGREED).order_by("id"))
    held = {use.code: use for use in budget(keeper, on.year).uses}
    wanted, ordered = _by_use(amounts), _by_use(under_way or {})
    for code, amount in wanted.items():
        left = held[code].left - ordered.get(code, NOTHING) if code in held else NOTHING
        if amount > left:
            told = {"use": codes.name(USES, code), "left": str(left), "amount": str(amount), "year": on.year}
            if parameters.value("budget.over", path=unit.path, day=timezone.localdate(now), default="sign") == "refuse":
                raise BudgetSpent(params=told)
            if not reason.strip():
                raise OverBudget(params=told)
            data = {**told, "use": code}
            record(action="budget.exceeded", object=about, actor=actor, now=now, reason=reason, data=data)


def budget(unit: Unit, year: int) -> Budget:
    """The five uses of a unit's year, and what was spent of them there and below, where no other budget is spent."""
    rows = Appropriation.objects.filter(unit=unit, year=year).exclude(state=State.REFUSED)
    sums = {(row["use"], row["state"]): row["sum"] for row in rows.values("use", "state").annotate(sum=Sum("amount"))}
    spent, owed = _paid(unit, year)
    known = dict.fromkeys([*codes.entries(USES), *(use for use, _state in sums), *spent, *owed])
    uses = [
        Use(
            code=use,
            appropriated=sums.get((use, State.AGREED), NOTHING),
            waiting=sums.get((use, State.PROPOSED), NOTHING),
            spent=spent.get(use, NOTHING),
            owed=owed.get(use, NOTHING),
        )
        for use in known
    ]
    return Budget(unit=unit, year=year, uses=uses)


def lines_of(unit: Unit, year: int, use: str) -> QuerySet[EntryLine]:
    """The lines of the ledger that a use's figures come from, the newest first."""
    chosen = [code for code in _lines(unit, year).values_list("account__code", flat=True).distinct()
              if use_of(code) == use]  # fmt: skip
    rows = _lines(unit, year).filter(account__code__in=chosen).select_related("entry", "account__unit")
    return rows.order_by("-entry__on", "-id")


def appropriated(unit: Unit, year: int) -> Mapping[str, Decimal]:
    """Use → yuan agreed to."""
    rows = Appropriation.objects.filter(unit=unit).agreed(year).values("use").annotate(sum=Sum("amount"))
    return {row["use"]: row["sum"] for row in rows}


def keeper_of(unit: Unit, year: int) -> Unit | None:
    """Whose budget the unit spends: the nearest at or above it that has one for the year."""
    held = Appropriation.objects.agreed(year).filter(unit__path__in=upwards(unit.path)).values("unit")
    return Unit.objects.filter(pk__in=held).order_by("-path").first()


def apart(keeper: Unit, year: int) -> Sequence[str]:
    """The subtrees below a keeper that spend budgets of their own."""
    others = Appropriation.objects.agreed(year).filter(unit__path__startswith=keeper.path).exclude(unit=keeper)
    return list(others.values_list("unit__path", flat=True).distinct())


def left(unit: Unit, year: int, line: str) -> Decimal | None:
    """What can still be paid from the line's use, in yuan; None where nobody has a budget."""
    keeper = keeper_of(unit, year)
    if keeper is None:
        return None
    return next((use.left for use in budget(keeper, year).uses if use.code == use_of(line)), NOTHING)


def use_of(line: str) -> str:
    """The use that a budget line is spent for: itself, or the one whose entry in the code list names the line."""
    known = codes.entries(USES)
    if line in known:
        return line
    return next((code for code, entry in known.items() if line in entry.data.get("lines", ())), PROJECTS)


def _by_use(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    sums: Counter[str] = Counter()
    for line, amount in amounts.items():
        sums[use_of(line)] += amount  # type: ignore[assignment]
    return {use: Decimal(amount) for use, amount in sums.items()}


def _lines(unit: Unit, year: int) -> QuerySet[EntryLine]:
    """What left budget lines in the year, and what of it became or ceased to be owed."""
    elsewhere = Q(pk__in=[])
    for path in apart(unit, year):
        elsewhere |= Q(account__unit__path__startswith=path)
    kinds = (Kind.BUDGET_LINE, Kind.OBLIGATION, Kind.RETURNED)
    rows = EntryLine.objects.filter(account__unit__path__startswith=unit.path, account__kind__in=kinds)
    return rows.filter(entry__on__year=year).exclude(elsewhere).exclude(account__code__in=INCOME)


def _paid(unit: Unit, year: int) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Use → what was paid in the year; use → what became owed in it and still is."""
    rows: Any = _lines(unit, year).values("account__code", "account__kind").annotate(sum=Sum("amount"))
    spent: dict[str, Decimal] = {}
    owed: dict[str, Decimal] = {}
    for row in rows:
        use = use_of(row["account__code"])
        spent[use] = spent.get(use, NOTHING) - row["sum"]
        if row["account__kind"] != Kind.BUDGET_LINE:
            owed[use] = owed.get(use, NOTHING) + row["sum"]
    return spent, owed


def _tell(action: str, row: Appropriation, actor: Actor, now: datetime, reason: str) -> None:
    told = {"use": row.use, "year": row.year, "amount": str(row.amount), "document": row.document}
    record(action=action, object=row, actor=actor, now=now, reason=reason, data=told)
