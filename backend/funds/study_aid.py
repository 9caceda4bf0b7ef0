"""Study aid (阳光工程, Q14; P10 B): called for each school year, applied for, checked by another person, put in order
by decision D22 and the lot, made public without names, granted by the county, paid, told to the donors without names.

Money comes out of the township's study-aid fund, which donations fill, and is paid by the payment desk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import OF_AGE, Family, Person
from backend.cases.numbers import next_number, township_code
from backend.core import small_numbers
from backend.core.drawing import new_seed
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.funds import aid
from backend.funds.aid import Candidate, Judge
from backend.funds.models import StudyAidApplication, StudyAidCall
from backend.ledger.accounts import account
from backend.ledger.balances import balance
from backend.ledger.entries import Line, post
from backend.ledger.models import Account
from backend.org import parameters
from backend.org.access import Actor
from backend.org.models import Unit, User
from backend.org.powers import behind, is_behind
from backend.org.working_days import end_of_day
from backend.payments.models import Payable
from backend.payments.payables import Owed, account_digits, owe_all
from backend.publicity import notices
from backend.publicity.masking import NoticeRow
from backend.publicity.models import Notice

State, Standing = StudyAidCall.State, StudyAidApplication.State
FUND = "study_aid"
"""Code of the township's fund, of its programme at the payment desk and of its budget line."""
NOTHING = Decimal("0.00")
RANKED = (Standing.CHECKED, Standing.LISTED, Standing.RESERVE)
LEAST_TOLD = 5
"""Fewer pupils than that are not told as a number (domain.md E32)."""


class CalledAlready(Conflict):
    """Once per township and school year."""

    code = "study_aid_called_already"
    message = _("Study aid of this school year has been called for already.")


class BadPlan(Invalid):
    """The last day has passed, or the fund does not hold that much."""

    code = "bad_study_aid_plan"
    message = _("This does not fit: the last day lies ahead, and the sum is no more than the study-aid fund holds.")


class NotOpen(Conflict):
    """Applications come in between the call's days."""

    code = "study_aid_not_open"
    message = _("Applications cannot be taken in or changed now.")


class BadApplication(Invalid):
    """Pupil or guardian do not fit."""

    code = "bad_study_aid_application"
    message = _("This does not fit: a pupil of the family, and a grown-up of it as guardian.")


class AppliedAlready(Conflict):
    """Once per pupil and school year."""

    code = "study_aid_applied_already"
    message = _("There is an application for this pupil already.")


class OwnEntry(NotAllowed):
    """Who wrote it down, and the family's relatives, do not check it."""

    code = "own_application"
    message = _("Somebody else than who wrote the application down has to check it, and no relative.")


class KinOnList(NotAllowed):
    """A relative's application is decided by others (E19)."""

    code = "kin_on_list"
    message = _("A relative of yours, or of the person you stand in for, has applied: somebody else decides here.")


class Unchecked(Conflict):
    """Some are not checked."""

    code = "study_aid_unchecked"
    message = _("Some applications have not been checked yet.")


class NotPublished(Conflict):
    """Objections are raised while it is public."""

    code = "study_aid_not_published"
    message = _("This is not public now, or an objection is being looked into already.")


class NoSuchApplication(Invalid):
    """No application of the list has this number."""

    code = "no_such_application"
    message = _("No application on the list has this number.")


class NamedPupil(Invalid):
    """Donors hear no names."""

    code = "pupil_named"
    message = _("A pupil's or guardian's name stands in it. Donors are told totals and schools only.")


@dataclass(frozen=True)
class Plan:
    """What a call offers: yuan each, by school."""

    closes_on: date
    budget: Decimal
    amounts: Mapping[str, Decimal]
    """primary, junior, senior, college."""


@dataclass(frozen=True)
class Application:
    """What a guardian asks for. `kin`: somebody of the offices who is the family's relative."""

    call: StudyAidCall
    family: Family
    pupil: Person
    guardian: Person
    level: str
    school: str
    school_proof: str
    paid_to: str
    payee_label: str
    account_number: str
    circumstances: str = ""
    kin: User | None = None


# --- the call --------------------------------------------------------------------------------------------------------


def call(*, unit: Unit, school_year: int, actor: Actor, now: datetime) -> StudyAidCall:
    """Begin a school year's call. Raises CalledAlready."""
    try:
        with transaction.atomic():
            made = StudyAidCall.objects.create(
                number=f"ZX-{township_code(unit)}-{school_year}", unit=unit, school_year=school_year, created_at=now
            )
    except IntegrityError as error:
        raise CalledAlready from error
    _tell(made, "study_aid.called", actor, now)
    return made


def plan(*, call: StudyAidCall, plan: Plan, actor: Actor, now: datetime) -> None:
    """How much for whom, until when. Raises BadPlan."""
    wrong = [] if plan.closes_on > timezone.localdate(now) else ["closes_on"]
    wrong += [] if plan.budget <= fund_holds(call.unit) else ["budget"]
    if wrong:
        raise BadPlan([FieldProblem(f"/{name}", BadPlan.code, BadPlan.message) for name in wrong])
    call.closes_on, call.budget = plan.closes_on, plan.budget
    for name, amount in plan.amounts.items():
        setattr(call, name, amount)
    call.planned_by_id, call.planned_label, call.approved_by = actor.user_id, actor.label, None
    _move(call, "study_aid.planned", actor, now)


def approve(*, call: StudyAidCall, actor: Actor, now: datetime) -> None:
    """The plan is signed by another person."""
    call.approved_by_id, call.approved_label = actor.user_id, actor.label
    _move(call, "study_aid.approved", actor, now)


def drop(*, call: StudyAidCall, reason: str, actor: Actor, now: datetime) -> None:
    """Not held this year."""
    call.state = State.DROPPED
    _move(call, "study_aid.dropped", actor, now, reason=reason)


def open_call(*, call: StudyAidCall, actor: Actor, now: datetime) -> datetime:
    """Guardians can apply; returns until when."""
    assert call.closes_on is not None, "what is opened was planned"
    call.state = State.OPEN
    _move(call, "study_aid.opened", actor, now)
    return end_of_day(call.closes_on)


def finish_checks(*, call: StudyAidCall, actor: Actor, now: datetime) -> None:
    """Nothing waits to be checked any more. Raises Unchecked."""
    if call.applications.filter(state=Standing.ENTERED).exists():
        raise Unchecked
    call.finished_by_id = actor.user_id
    call.confirmed_by = call.granted_by = None
    _move(call, "study_aid.checks_finished", actor, now)


# --- applications ----------------------------------------------------------------------------------------------------


def apply(*, application: Application, actor: Actor, now: datetime) -> StudyAidApplication:
    """Write an application down. Raises NotOpen, BadApplication, AppliedAlready, OwnEntry, BadAccount."""
    if application.call.state != State.OPEN:
        raise NotOpen
    today = timezone.localdate(now)
    if application.kin is not None and is_behind(actor, application.kin.pk, day=today):
        raise OwnEntry
    _check(application, today)
    unit, held = application.family.unit, application.call
    values = {name: getattr(application, name) for name in Application.__dataclass_fields__}
    values["account_number"] = account_digits(application.account_number)
    try:
        with transaction.atomic():
            made = StudyAidApplication.objects.create(
                number=f"{held.number}-{next_number(held.number):04d}", **values, unit=unit, unit_path=unit.path,
                renews=_renewed(application), entered_by_id=actor.user_id, entered_label=actor.label, created_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise AppliedAlready from error
    record(action="study_aid.applied", object=made, actor=actor, now=now)
    return made


def check(
    *, application: StudyAidApplication, school_confirmed: bool, household_confirmed: bool, note: str, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """What another person found at school and at home. Raises OwnEntry, NotOpen."""
    if application.state not in {Standing.ENTERED, Standing.CHECKED, Standing.REJECTED}:
        raise NotOpen
    if is_behind(actor, application.entered_by_id, application.kin_id, day=timezone.localdate(now)):
        raise OwnEntry
    application.school_confirmed, application.household_confirmed = school_confirmed, household_confirmed
    application.check_note = note
    application.checked_by_id, application.checked_label = actor.user_id, actor.label
    application.state = Standing.CHECKED if school_confirmed and household_confirmed else Standing.REJECTED
    _keep(application, "study_aid.checked", actor, now, {"confirmed": application.state == Standing.CHECKED})


def withdraw(*, application: StudyAidApplication, actor: Actor, now: datetime) -> None:
    """The guardian does not want it any more. Raises NotOpen once it is paid or owed."""
    if application.state in {Standing.OWED, Standing.PAID, Standing.WITHDRAWN}:
        raise NotOpen
    application.state = Standing.WITHDRAWN
    _keep(application, "study_aid.withdrawn", actor, now)


# --- the order -------------------------------------------------------------------------------------------------------


def rank(*, call: StudyAidCall, judge: Judge, actor: Actor, now: datetime) -> int:
    """Put the checked applications in order by D22 and the lot, as far as the money goes; returns how many are on the
    list. The seed is drawn once: whoever ranks again, or anybody with the seed, gets the same order."""
    call.seed = call.seed or new_seed()
    points = aid.need_points(call.unit_path, timezone.localdate(now))
    rows = {row.pk: row for row in call.applications.filter(state__in=RANKED).select_related("family")}
    for row in rows.values():
        row.need_score = aid.need_score(row.family, points)
        verdict = judge(_facts(call, row))
        row.aid_class, row.aid_reason = verdict.aid_class, verdict.aid_reason
        call.table_version = verdict.table_version
    order = aid.in_order((Candidate(row.pk, row.aid_class, row.need_score) for row in rows.values()), seed=call.seed)
    listed = _share_out(call, [rows[pk] for pk in order])
    for pk in rows.keys() - set(order):
        rows[pk].state, rows[pk].rank, rows[pk].amount = Standing.RESERVE, None, None
    fields = ["state", "rank", "amount", "need_score", "aid_class", "aid_reason"]
    StudyAidApplication.objects.bulk_update(rows.values(), fields)
    call.state = State.LISTED if listed else State.NOBODY
    _move(call, "study_aid.ranked", actor, now, {"seed": call.seed, "table": call.table_version, "listed": listed})
    return listed


def check_no_kin(*, call: StudyAidCall, actor: Actor, now: datetime) -> None:
    """Raises KinOnList when the actor, or whom they stand in for, is a relative of somebody on the list or next in line
    (domain.md E19): who comes off the list makes room for them."""
    people = behind(actor, day=timezone.localdate(now))
    if call.applications.filter(state__in=RANKED, kin__in=people).exists():
        raise KinOnList


def confirm(*, call: StudyAidCall, actor: Actor, now: datetime) -> None:
    """The list is signed by another person than who checked."""
    call.confirmed_by_id, call.confirmed_label = actor.user_id, actor.label
    _move(call, "study_aid.confirmed", actor, now)


def publish(*, call: StudyAidCall, actor: Actor, now: datetime) -> datetime:
    """Made public as D19 allows: minors are counted, nobody's amount is told; returns until when."""
    today = timezone.localdate(now)
    days = int(parameters.value("study_aid.publicity_days", path=call.unit_path, day=today, default=7))
    listed = call.applications.filter(state=Standing.LISTED).select_related("pupil", "unit").order_by("school", "id")
    notice = notices.announce(
        kind="study_aid",
        unit=call.unit,
        title=f"{call.school_year}学年助学公示",
        rows=[_notice_row(row) for row in listed],
        stage="town",
        days=days,
        actor=actor,
        now=now,
    )
    call.state, call.notice_id, call.publicity_until = State.PUBLISHED, notice.pk, notice.until
    _move(call, "study_aid.published", actor, now)
    return end_of_day(call.publicity_until)


def take_down(*, call: StudyAidCall, actor: Actor, now: datetime) -> None:
    """Not public any more."""
    notice = Notice.objects.filter(pk=call.notice_id).first() if call.notice_id else None
    if notice is not None:
        notices.take_down(notice=notice, actor=actor, now=now)
    call.state = State.LISTED
    _move(call, "study_aid.taken_down", actor, now)


def object_to(*, call: StudyAidCall, text: str, actor: Actor, now: datetime) -> None:
    """Somebody objects; the words are for whoever looks into it. Raises NotPublished."""
    if call.state != State.PUBLISHED or call.objection:
        raise NotPublished
    call.objection = text
    _move(call, "study_aid.objected", actor, now)


def settle(*, call: StudyAidCall, upheld: str, actor: Actor, now: datetime) -> None:
    """`upheld`: the number of the application that is not aided; empty: the objection does not hold. Raises
    NoSuchApplication."""
    if upheld:
        found = call.applications.filter(number=upheld, state=Standing.LISTED).first()
        if found is None:
            problem = FieldProblem("/application", NoSuchApplication.code, NoSuchApplication.message)
            raise NoSuchApplication([problem])
        found.state, found.rank, found.amount = Standing.EXCLUDED, None, None
        _keep(found, "study_aid.excluded", actor, now)
    call.objection = ""
    _move(call, "study_aid.objection_settled", actor, now, {"upheld": bool(upheld)})


# --- the money -------------------------------------------------------------------------------------------------------


def grant(*, call: StudyAidCall, actor: Actor, now: datetime) -> None:
    """The county grants what is listed."""
    call.granted_by_id, call.granted_label = actor.user_id, actor.label
    _move(call, "study_aid.granted", actor, now)


def order_payments(*, call: StudyAidCall, actor: Actor, now: datetime) -> None:
    """The sum leaves the fund, and each amount is owed to the school or the guardian. Raises BadPlan when the fund does
    not hold it any more."""
    rows = list(call.applications.filter(state=Standing.LISTED).select_related("guardian__family__unit"))
    total = sum((row.amount or NOTHING for row in rows), NOTHING)
    _set_aside(call, total, actor, now)
    confirmed = [each for each in (call.finished_by_id, call.confirmed_by_id, call.granted_by_id) if each]
    owed = owe_all([_owed(call, row, confirmed) for row in rows], actor=actor, now=now)
    for row, payable in zip(rows, owed, strict=True):
        row.state, row.payable_id = Standing.OWED, payable.pk
    StudyAidApplication.objects.bulk_update(rows, ["state", "payable_id"])
    call.state = State.PAYING
    _move(call, "study_aid.handed_to_payment", actor, now, {"count": len(rows), "total": str(total)})


def show_proof(
    *, application: StudyAidApplication, reason: str, told: Mapping[str, str], actor: Actor, now: datetime
) -> str:
    """The school's certificate in full; history tells who looked and why. `told`: the ticket by which, if any."""
    record(action="study_aid.proof_seen", object=application, actor=actor, now=now, reason=reason, data=dict(told))
    return application.school_proof


def newly_paid(*, call: StudyAidCall) -> list[StudyAidApplication]:
    """Applications whose money was received and is not noted yet, in the order in which they came."""
    owed = call.applications.filter(state=Standing.OWED)
    paid = Payable.objects.filter(pk__in=owed.values("payable_id"), state=Payable.State.PAID)
    return list(owed.filter(payable_id__in=paid.values("pk")).select_related("unit").order_by("created_at", "id"))


def is_settled(*, call: StudyAidCall, actor: Actor, now: datetime) -> bool:
    """Whether every amount was received or is not owed any more; what was received is noted, what is not owed any more
    is in the fund again."""
    owed = call.applications.filter(state=Standing.OWED)
    states = Payable.objects.filter(pk__in=owed.values("payable_id"))
    paid = states.filter(state=Payable.State.PAID).values("pk")
    gone = states.filter(state=Payable.State.CANCELLED).values("pk")
    owed.filter(payable_id__in=paid).update(state=Standing.PAID)
    for row in owed.filter(payable_id__in=gone).order_by("id"):
        _put_back(call, row, actor, now)
    return not owed.exists()


def report(*, call: StudyAidCall, text: str, actor: Actor, now: datetime) -> None:
    """What the donors are told beside the totals. Raises NamedPupil (E23)."""
    people = call.applications.values_list("pupil__name", "guardian__name", "family__label")
    if any(name and name in text for names in people for name in names):
        raise NamedPupil([FieldProblem("/use_account", NamedPupil.code, NamedPupil.message)])
    call.use_account, call.reported_by_id = text, actor.user_id
    _move(call, "study_aid.report_written", actor, now)


def confirm_report(*, call: StudyAidCall, actor: Actor, now: datetime) -> None:
    """The donors may read it."""
    call.state = State.REPORTED
    _move(call, "study_aid.reported", actor, now)


def use_report(call: StudyAidCall) -> dict[str, Any]:
    """Totals for the donors: yuan, pupils and schools; numbers that could point at somebody are left out (None)."""
    paid = call.applications.filter(state=Standing.PAID)
    told = small_numbers.told(Counter(paid.values_list("level", flat=True)), LEAST_TOLD)
    return {
        "total": str(paid.aggregate(sum=Sum("amount"))["sum"] or NOTHING),
        "pupils": told.total,
        "levels": dict(sorted(told.cells.items())),
        "schools": paid.values("school").distinct().count(),
        "words": call.use_account if call.state == State.REPORTED else "",
    }


def fund_holds(unit: Unit) -> Decimal:
    """Yuan in the township's study-aid fund."""
    return balance(_fund(unit))


# --- parts -----------------------------------------------------------------------------------------------------------


def _check(application: Application, day: date) -> None:
    """Raises BadApplication."""
    family, guardian = application.family.pk, application.guardian
    age = guardian.age_on(day)
    wrong = [] if application.pupil.family_id == family and application.pupil.status == "present" else ["pupil"]
    if guardian.family_id != family or (age is not None and age < OF_AGE):
        wrong.append("guardian")
    if not application.family.unit.path.startswith(application.call.unit_path):
        wrong.append("family")
    if wrong:
        message = BadApplication.message
        raise BadApplication([FieldProblem(f"/{name}", BadApplication.code, message) for name in wrong])


def _renewed(application: Application) -> StudyAidApplication | None:
    """The same pupil's of the year before, when it was paid."""
    before = StudyAidApplication.objects.filter(
        pupil=application.pupil, state=Standing.PAID, call__school_year=application.call.school_year - 1
    )
    return before.order_by("-created_at", "-id").first()


def _facts(call: StudyAidCall, row: StudyAidApplication) -> dict[str, Any]:
    """What D22 looks at. Aid that is renewed does not count against a pupil; that of brothers and sisters does."""
    others = StudyAidApplication.objects.filter(
        family=row.family_id, state__in=(Standing.OWED, Standing.PAID), call__school_year__gte=call.school_year - 1
    ).exclude(pupil=row.pupil_id)
    hands = {call.planned_by_id, call.finished_by_id, row.checked_by_id}
    return {
        "need_score": row.need_score,
        "school_level": row.level,
        "prior_aid": others.count(),
        "within_limits": True,
        "conflict": row.kin_id is not None and row.kin_id in hands,
    }


def _share_out(call: StudyAidCall, order: list[StudyAidApplication]) -> int:
    """Who is on the list as far as the money goes, strictly in order; the others are next in line."""
    left, listed, is_full = call.budget, 0, False
    for place, row in enumerate(order, start=1):
        amount = amount_for(call, row.level)
        is_full = is_full or amount > left or not amount
        row.rank, row.amount = place, None if is_full else amount
        row.state = Standing.RESERVE if is_full else Standing.LISTED
        if not is_full:
            left -= amount
            listed += 1
    return listed


def amount_for(call: StudyAidCall, level: str) -> Decimal:
    """Yuan for a pupil of that school."""
    found: Decimal = getattr(call, "senior" if level == "vocational" else level)
    return found


def _notice_row(row: StudyAidApplication) -> NoticeRow:
    return NoticeRow(
        name=row.pupil.name, village=row.unit, birth_date=row.pupil.birth_date, school=row.school, amount=row.amount,
        family_id=row.family_id,
    )  # fmt: skip


def _owed(call: StudyAidCall, row: StudyAidApplication, confirmed: list[Any]) -> Owed:
    return Owed(
        payee=row.guardian if row.paid_to == StudyAidApplication.PaidTo.GUARDIAN else None,
        payee_label=row.payee_label,
        account_number=row.account_number,
        amount=row.amount or NOTHING,
        purpose="study_aid",
        reference=("study_aid_application", row.pk),
        period=str(call.school_year),
        programme=FUND,
        unit=call.unit,
        basis=call.number,
        confirmed_by=confirmed,
    )


def _set_aside(call: StudyAidCall, total: Decimal, actor: Actor, now: datetime) -> None:
    fund = Account.objects.select_for_update().get(pk=_fund(call.unit).pk)
    if balance(fund) < total:
        raise BadPlan
    post(
        kind="study_aid_set_aside",
        on=timezone.localdate(now),
        lines=[Line(_budget_line(call.unit), total), Line(fund, -total)],
        reference=("study_aid_call", call.pk),
        basis=call.number,
        key=f"study_aid_set_aside:{call.pk}",
        actor=actor,
        now=now,
    )


def _put_back(call: StudyAidCall, row: StudyAidApplication, actor: Actor, now: datetime) -> None:
    """The payment desk gave the sum back to the budget line; it was given for study aid and goes on being for it
    (公益事业捐赠法 18)."""
    amount = row.amount or NOTHING
    post(
        kind="study_aid_put_back",
        on=timezone.localdate(now),
        lines=[Line(_fund(call.unit), amount), Line(_budget_line(call.unit), -amount)],
        reference=("study_aid_application", row.pk),
        basis=call.number,
        key=f"study_aid_put_back:{row.pk}",
        actor=actor,
        now=now,
    )
    row.state = Standing.EXCLUDED
    _keep(row, "study_aid.put_back", actor, now, {"amount": str(amount)})


def _fund(unit: Unit) -> Account:
    return account(kind=Account.Kind.FUND, unit=unit, code=FUND)


def _budget_line(unit: Unit) -> Account:
    return account(kind=Account.Kind.BUDGET_LINE, unit=unit, code=FUND)


def _keep(
    application: StudyAidApplication, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> None:
    application.version += 1
    application.save()
    record(action=action, object=application, actor=actor, now=now, data=data)


def _move(
    call: StudyAidCall,
    action: str,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    call.version += 1
    call.save()
    _tell(call, action, actor, now, data, reason)


def _tell(
    call: StudyAidCall,
    action: str,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    record(action=action, object=call, actor=actor, now=now, data=data, reason=reason)
