"""Small loans out of a revolving fund (W18, G22, P10 D): asked for, decided, paid, looked after, repaid, lent again.

What comes back goes into the fund it came from. Whoever cannot pay is talked to alone and gets another plan: no
message goes to anybody else, no list is made (P10: never harassment). Limits, days and months are parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import OF_AGE, Family, Person
from backend.cases.numbers import next_number, township_code
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.funds import instalments, loan_fund
from backend.funds.instalments import Owed
from backend.funds.models import Instalment, Loan, LoanCheck, Repayment
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit, User
from backend.org.powers import behind
from backend.payments.models import Payable
from backend.payments.payables import owe

State = Loan.State
Payout = Literal["waiting", "paid", "called_off"]
NOTHING = Decimal("0.00")
RETRY_DAYS = 14
"""After so many days a check for which nobody was met is due again."""
LIMITS: Mapping[str, int] = {"least": 3000, "most": 20000, "months": 36, "interest": 0}
FOLLOW_UP: Mapping[str, int] = {
    "first_check": 3, "second_check": 6, "third_check": 12, "first_talk": 1, "second_talk": 15, "new_plan": 30,
}  # fmt: skip
CHECKS, TALKS = ("first_check", "second_check", "third_check"), ("first_talk", "second_talk", "new_plan")


class BadLoan(Invalid):
    """Something of what is asked for does not fit."""

    code = "bad_loan"
    message = _("This does not fit a loan: a grown-up of the family, a project of the list, an amount within limits.")


class LoanRunning(Conflict):
    """One loan at a time."""

    code = "loan_running"
    message = _("This family has a loan under way. The next one can be asked for when it is repaid.")


class BadTerms(Invalid):
    """The amount or the term is outside the limits, or more than was asked for."""

    code = "bad_terms"
    message = _("Amount and term have to lie within the limits of the area, and the amount within what was asked for.")


class ReasonNeeded(Invalid):
    """Whoever decides otherwise than advised says why."""

    code = "reason_needed"
    message = _("This differs from what is advised. Please say why.")


class GuarantorDecides(NotAllowed):
    """Who stands for a loan has no say in it."""

    code = "guarantor_decides"
    message = _("You stand for this loan yourself. Somebody else has to decide on it.")


class NotRepayable(Conflict):
    """Nothing is owed on it."""

    code = "loan_not_running"
    message = _("Nothing is to be repaid on this loan now.")


class Overpaid(Invalid):
    """More than is owed."""

    code = "overpaid"
    message = _("This is more than is owed.")


class ReceiptTaken(Conflict):
    """A receipt is recorded once."""

    code = "receipt_taken"
    message = _("A repayment with this receipt has been recorded already.")


@dataclass(frozen=True)
class Request:
    """What a family asks for. `kin`: somebody of the offices who is its relative."""

    family: Family
    borrower: Person
    project: str
    purpose: str
    asked: Decimal
    kin: User | None = None
    referral_id: UUID | None = None


# --- until it is paid ------------------------------------------------------------------------------------------------


def ask(*, request: Request, actor: Actor, now: datetime) -> Loan:
    """Keep what a family asks for. Raises BadLoan, LoanRunning."""
    day = timezone.localdate(now)
    _check(request, day)
    unit = request.family.unit
    scope = f"JK-{township_code(unit)}-{day.year}"
    values = {name: getattr(request, name) for name in Request.__dataclass_fields__}
    try:
        with transaction.atomic():
            loan = Loan.objects.create(
                number=f"{scope}-{next_number(scope):04d}", **values, unit=unit, unit_path=unit.path,
                asked_by_id=actor.user_id, asked_label=actor.label, created_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise LoanRunning from error
    _tell(loan, "loan.asked", actor, now)
    return loan


def recommend(*, loan: Loan, trained_on: date | None, existing_debt: int, actor: Actor, now: datetime) -> None:
    """The village recommends it. What the family owes elsewhere is kept encrypted."""
    loan.state, loan.training_done, loan.trained_on = State.RECOMMENDED, trained_on is not None, trained_on
    loan.existing_debt = str(existing_debt)
    loan.recommended_by_id, loan.recommended_label = actor.user_id, actor.label
    # Asked again after a return: what others said about the earlier version does not count any more.
    loan.guaranteed_by = loan.decided_by = None
    _move(loan, "loan.recommended", actor, now)


def guarantee(
    *, loan: Loan, kind: str, name: str, rating: str, votes: Mapping[str, int], actor: Actor, now: datetime
) -> None:
    """The village's committee stands for it: who, and how the village repaid so far."""
    loan.state, loan.guarantor_kind, loan.guarantor, loan.village_rating = State.GUARANTEED, kind, name, rating
    loan.votes_for, loan.votes_against, loan.recused = votes["for"], votes["against"], votes["recused"]
    loan.guaranteed_by_id, loan.guaranteed_label = actor.user_id, actor.label
    _move(loan, "loan.guaranteed", actor, now, dict(votes))


def refuse(*, loan: Loan, action: str, reason: str, actor: Actor, now: datetime) -> None:
    """It ends here: not recommended, not stood for, not agreed to. The family hears the reason from the village."""
    loan.state, loan.reason = State.REFUSED, reason
    _move(loan, action, actor, now, reason=reason)


def send_back(*, loan: Loan, reason: str, actor: Actor, now: datetime) -> None:
    """The village looks into it again."""
    loan.state, loan.reason = State.ASKED, reason
    _move(loan, "loan.sent_back", actor, now, reason=reason)


def withdraw(*, loan: Loan, actor: Actor, now: datetime) -> None:
    """The family does not want it any more."""
    loan.state = State.WITHDRAWN
    _move(loan, "loan.withdrawn", actor, now)


def facts(loan: Loan) -> dict[str, Any]:
    """What decision D23 looks at: never how many children somebody has."""
    return {
        "training_done": loan.training_done,
        "guarantor": loan.guarantor_kind,
        "existing_debt": int(loan.existing_debt or 0),
        "project": loan.project,
        "village_rating": loan.village_rating,
    }


def advise(*, loan: Loan, advice: str, reason: str, share: int, months: int, actor: Actor, now: datetime) -> None:
    """Keep what D23 advises: so many percent of what was asked for, within the limits of the area."""
    limits = limits_at(loan.unit_path, timezone.localdate(now))
    amount = (loan.asked * share / 100).quantize(Decimal(1)) if share else NOTHING
    loan.advice, loan.advice_reason = advice, reason
    loan.advised = min(amount, Decimal(limits["most"]))
    loan.advised_months = min(months, limits["months"])
    _move(loan, "loan.advised", actor, now, {"advice": advice, "reason": reason})


def agree(*, loan: Loan, principal: Decimal, months: int, count: int, reason: str, actor: Actor, now: datetime) -> None:
    """The county agrees to an amount and a term; the fund holds that much. Raises BadTerms, ReasonNeeded,
    GuarantorDecides, FundEmpty."""
    limits = limits_at(loan.unit_path, timezone.localdate(now))
    wrong = [] if limits["least"] <= principal <= min(loan.asked, Decimal(limits["most"])) else ["principal"]
    wrong += [] if 1 <= months <= limits["months"] else ["term_months"]
    wrong += [] if 1 <= count <= months else ["instalments"]
    if wrong:
        raise BadTerms([FieldProblem(f"/{name}", BadTerms.code, BadTerms.message) for name in wrong])
    if (loan.advice != "recommend" and (principal, months) != (loan.advised, loan.advised_months)) and not reason:
        raise ReasonNeeded([FieldProblem("/reason", ReasonNeeded.code, ReasonNeeded.message)])
    check_not_guarantor(loan, actor, now)
    loan_fund.check_holds(fund_unit(loan), principal)
    loan.state, loan.principal, loan.months, loan.count = State.AGREED, principal, months, count
    loan.interest, loan.reason = limits["interest"], reason
    loan.decided_by_id, loan.decided_label = actor.user_id, actor.label
    _move(loan, "loan.agreed", actor, now, {"principal": str(principal), "months": months})


def check_not_guarantor(loan: Loan, actor: Actor, now: datetime) -> None:
    """Raises GuarantorDecides when the actor, or whom they stand in for, bears the name of whoever stands for the loan
    (domain.md 3.0, E19)."""
    people = User.objects.filter(pk__in=behind(actor, day=timezone.localdate(now)))
    if loan.guarantor and loan.guarantor.strip() in {each.name.strip() for each in people}:
        raise GuarantorDecides


@dataclass(frozen=True)
class Contract:
    """What was signed. The account goes to the payment desk and is kept nowhere else."""

    number: str
    signed_on: date
    first_due_on: date
    account_number: str


def sign(*, loan: Loan, contract: Contract, actor: Actor, now: datetime) -> None:
    """Signed: the plan is made, the money leaves the fund and is owed to the borrower. Raises FundEmpty, BadAccount,
    BadTerms when the first instalment would be due before the signature."""
    if contract.first_due_on <= contract.signed_on:
        raise BadTerms([FieldProblem("/first_due_on", BadTerms.code, BadTerms.message)])
    assert loan.principal is not None, "what is signed was agreed to"
    loan.state, loan.contract_number, loan.signed_on = State.SIGNED, contract.number, contract.signed_on
    loan.first_due_on = contract.first_due_on
    loan.signed_by_id, loan.signed_label = actor.user_id, actor.label
    _write_plan(loan, 1, loan.principal, int(loan.count or 1), int(loan.months or 1), contract.first_due_on)
    loan_fund.set_aside(loan=loan, unit=fund_unit(loan), actor=actor, now=now)
    confirmed = [each for each in (loan.recommended_by_id, loan.guaranteed_by_id, loan.decided_by_id) if each]
    payable = owe(
        payee=loan.borrower,
        payee_label=loan.borrower.name,
        account_number=contract.account_number,
        amount=loan.principal,
        purpose="loan",
        reference=("loan", loan.pk),
        period=str(timezone.localdate(now).year),
        programme=loan_fund.CODE,
        unit=fund_unit(loan),
        basis=contract.number,
        confirmed_by=[*confirmed, *behind(actor, day=timezone.localdate(now))],
        actor=actor,
        now=now,
    )
    loan.payable_id = payable.pk
    _move(loan, "loan.signed", actor, now)


def look_for_payment(*, loan: Loan, actor: Actor, now: datetime) -> Payout:
    """What became of the payment: from the day the bank paid it the loan runs; one not owed any more is no loan."""
    if loan.state == State.RUNNING:
        return "paid"
    payable = Payable.objects.filter(pk=loan.payable_id).first() if loan.payable_id else None
    if payable is not None and payable.state == Payable.State.PAID:
        _begin(loan, actor, now)
        return "paid"
    if payable is not None and payable.state == Payable.State.CANCELLED:
        _call_off(loan, actor, now)
        return "called_off"
    return "waiting"


def _begin(loan: Loan, actor: Actor, now: datetime) -> None:
    """Paid: its checks have their days."""
    day = timezone.localdate(now)
    loan.state, loan.paid_on = State.RUNNING, day
    loan_fund.lend(loan=loan, unit=fund_unit(loan), actor=actor, now=now)
    LoanCheck.objects.bulk_create(
        LoanCheck(loan=loan, month=month, due_on=instalments.months_later(day, month), created_at=now)
        for month in follow_up_at(loan.unit_path, day)["checks"]
    )
    _move(loan, "loan.paid", actor, now)


def _call_off(loan: Loan, actor: Actor, now: datetime) -> None:
    """Never paid out: what was set aside is in the fund again, its plan never began, and the family may ask anew."""
    loan_fund.put_back(loan=loan, unit=fund_unit(loan), actor=actor, now=now)
    loan.instalments.all().delete()
    loan.state = State.WITHDRAWN
    _move(loan, "loan.called_off", actor, now, {"amount": str(loan.principal)})


# --- while it runs ---------------------------------------------------------------------------------------------------


def next_day(loan: Loan, today: date) -> date | None:
    """The next day on which somebody has to look at it; None when nothing is owed any more."""
    if not outstanding(loan):
        return None
    days = [check.due_on for check in loan.checks.filter(done_on__isnull=True)]
    rungs = follow_up_at(loan.unit_path, today)["overdue"]
    for part in _open(loan):
        days += [part.due_on + timedelta(days=rung) for rung in rungs if rung > part.rung][:1]
    if loan.hardship:
        days.append(today)
    # Every rung was climbed and no new plan came of it: somebody looks again after the last one's days.
    return min(days, default=today + timedelta(days=rungs[-1]))


def next_moment(loan: Loan, now: datetime) -> datetime | None:
    """The beginning of that day at the place."""
    day = next_day(loan, timezone.localdate(now))
    return None if day is None else datetime.combine(day, time(0), tzinfo=timezone.get_default_timezone())


def look(*, loan: Loan, actor: Actor, now: datetime) -> str:
    """What is due today: check, talk, restructure or nothing. A rung of the ladder is climbed once."""
    today = timezone.localdate(now)
    if loan.checks.filter(done_on__isnull=True, due_on__lte=today).exists():
        return "check"
    rungs = follow_up_at(loan.unit_path, today)["overdue"]
    reached = []
    for part in _open(loan):
        passed = [rung for rung in rungs if part.rung < rung <= (today - part.due_on).days]
        if passed:
            part.rung = passed[-1]
            part.save(update_fields=["rung"])
            reached.append(part.rung)
    if loan.hardship or (reached and max(reached) == rungs[-1]):
        _tell(loan, "loan.overdue", actor, now, {"days": max(reached, default=0)})
        return "restructure"
    if reached:
        _tell(loan, "loan.overdue", actor, now, {"days": max(reached)})
        return "talk"
    return "nothing"


def check(*, loan: Loan, done_on: date, use: str, needs_help: bool, note: str, actor: Actor, now: datetime) -> None:
    """What somebody saw the money used for; where nobody was met, the check is due again."""
    row = loan.checks.filter(done_on__isnull=True).order_by("due_on", "id").first()
    if row is None:
        return
    row.use, row.needs_help, row.note = use, needs_help, note
    row.checked_by_id, row.checked_label = actor.user_id, actor.label
    if use == "not_met":
        row.due_on = timezone.localdate(now) + timedelta(days=RETRY_DAYS)
    else:
        row.done_on = done_on
    row.save()
    _tell(loan, "loan.checked", actor, now, {"month": row.month, "use": use})


def note_talk(*, loan: Loan, talk: str, actor: Actor, now: datetime) -> None:
    """What the borrower said, to whoever asked alone; who is in hardship gets another plan."""
    loan.hardship = talk == "hardship"
    _move(loan, "loan.talked_about", actor, now, {"talk": talk})


def propose(
    *, loan: Loan, first_due_on: date | None, count: int | None, reason: str, actor: Actor, now: datetime
) -> None:
    """Another plan for what is still owed, or (without days) that it is given up. Raises BadTerms."""
    if first_due_on is not None and first_due_on <= timezone.localdate(now):
        raise BadTerms([FieldProblem("/first_due_on", BadTerms.code, BadTerms.message)])
    loan.proposed_first_due_on, loan.proposed_count, loan.proposal_reason = first_due_on, count, reason
    loan.proposed_by_id, loan.restructured_by = actor.user_id, None
    _move(loan, "loan.plan_proposed", actor, now)


def restructure(*, loan: Loan, actor: Actor, now: datetime) -> None:
    """The proposed plan takes the place of what is open; proposed without days, what is owed is given up."""
    check_not_guarantor(loan, actor, now)
    loan.hardship, loan.restructured_by_id = False, actor.user_id
    owed = outstanding(loan)
    last = loan.instalments.order_by("-plan").values_list("plan", flat=True).first() or 1
    _open(loan).update(state=Instalment.State.REPLACED)
    if loan.proposed_first_due_on is None:
        loan_fund.give_up(loan=loan, unit=fund_unit(loan), amount=owed, actor=actor, now=now)
        loan.state = State.WRITTEN_OFF
        _move(loan, "loan.written_off", actor, now, {"amount": str(owed)})
        return
    count = int(loan.proposed_count or 1)
    if owed:
        _write_plan(loan, last + 1, owed, count, count, loan.proposed_first_due_on)
    _move(loan, "loan.restructured", actor, now, {"amount": str(owed), "count": count})


def repay(*, loan: Loan, amount: Decimal, on: date, receipt_number: str, actor: Actor, now: datetime) -> Repayment:
    """Record what came back: oldest instalment first, into the fund again. Raises NotRepayable, Overpaid,
    ReceiptTaken."""
    held = prepared.found(Loan, loan.pk, follow=("unit",), lock=True)
    if held.state != State.RUNNING:
        raise NotRepayable
    if held.repayments.filter(receipt_number=receipt_number).exists():
        raise ReceiptTaken
    parts = list(_open(held))
    owed = [Owed(part.principal - part.paid_principal, part.interest - part.paid_interest) for part in parts]
    if amount > sum((each.principal + each.interest for each in owed), NOTHING):
        raise Overpaid([FieldProblem("/amount", Overpaid.code, Overpaid.message)])
    shares = instalments.allocated(amount, owed)
    for part, share in zip(parts, shares, strict=True):
        _pay(part, share)
    entry = loan_fund.take_back(
        loan=held, unit=fund_unit(held), shares=shares, on=on, receipt=receipt_number, actor=actor, now=now
    )
    made = Repayment.objects.create(
        loan=held, amount=amount, on=on, receipt_number=receipt_number, entry_id=entry.pk,
        recorded_by_id=actor.user_id, recorded_label=actor.label, created_at=now,
    )  # fmt: skip
    if not outstanding(held):
        held.state = State.REPAID
    _move(held, "loan.repayment_recorded", actor, now, {"amount": str(amount)})
    return made


def outstanding(loan: Loan) -> Decimal:
    """Principal that is still owed."""
    sums = _open(loan).aggregate(due=Sum("principal"), paid=Sum("paid_principal"))
    return (sums["due"] or NOTHING) - (sums["paid"] or NOTHING)


# --- parts -----------------------------------------------------------------------------------------------------------


def limits_at(path: str, day: date) -> Mapping[str, int]:
    """The area's limits: yuan, months, hundredths of a percent of interest a year (P10 D: 3,000 to 20,000, none)."""
    found: Mapping[str, int] = parameters.value("loan.limits", path=path, day=day, default=LIMITS)
    return found


def follow_up_at(path: str, day: date) -> Mapping[str, Sequence[int]]:
    """Months after which the use is checked (`checks`); days after which a late borrower is talked to (`overdue`, of
    which the last means another plan)."""
    found: Mapping[str, int] = parameters.value("loan.follow_up", path=path, day=day, default=FOLLOW_UP)
    return {"checks": sorted({found[name] for name in CHECKS}), "overdue": sorted({found[name] for name in TALKS})}


def fund_unit(loan: Loan) -> Unit:
    """Whose fund lends."""
    return lender_of(loan.unit)


def lender_of(unit: Unit) -> Unit:
    """The county above; where there is none, the highest unit that there is."""
    while unit.kind != Unit.Kind.COUNTY and unit.parent is not None:
        unit = unit.parent
    return unit


def _check(request: Request, day: date) -> None:
    """Raises BadLoan."""
    limits = limits_at(request.family.unit.path, day)
    wrong = [] if request.borrower.family_id == request.family.pk else ["borrower"]
    age = request.borrower.age_on(day)
    if not wrong and (request.borrower.status != "present" or (age is not None and age < OF_AGE)):
        wrong.append("borrower")
    wrong += [] if request.project in codes.choices("loan_project", day=day) else ["project"]
    wrong += [] if limits["least"] <= request.asked <= limits["most"] else ["asked"]
    if wrong:
        raise BadLoan([FieldProblem(f"/{name}", BadLoan.code, BadLoan.message) for name in wrong])


def _write_plan(loan: Loan, plan: int, principal: Decimal, count: int, months: int, first_due_on: date) -> None:
    parts = instalments.plan(
        principal=principal, count=count, months=months, first_due_on=first_due_on, interest=loan.interest
    )
    Instalment.objects.bulk_create(
        Instalment(
            loan=loan, plan=plan, number=part.number, due_on=part.due_on, principal=part.principal,
            interest=part.interest,
        )
        for part in parts
    )  # fmt: skip


def _open(loan: Loan) -> Any:
    return loan.instalments.filter(state=Instalment.State.OPEN).order_by("due_on", "id")


def _pay(part: Instalment, share: Owed) -> None:
    part.paid_principal += share.principal
    part.paid_interest += share.interest
    if (part.paid_principal, part.paid_interest) == (part.principal, part.interest):
        part.state = Instalment.State.PAID
    part.save(update_fields=["paid_principal", "paid_interest", "state"])


def _move(
    loan: Loan, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None, reason: str = ""
) -> None:
    loan.version += 1
    loan.save()
    _tell(loan, action, actor, now, data, reason)


def _tell(
    loan: Loan, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None, reason: str = ""
) -> None:
    record(action=action, object=loan, actor=actor, now=now, data=data, reason=reason)
