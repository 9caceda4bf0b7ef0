"""Pairings: dated spells of a helper with a family. They begin, are renewed and end; never deleted, never reopened."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.errors import ExclusionViolation, LockNotAvailable

from backend.audit.history import record
from backend.cases.cases import LIVE, NotOpen
from backend.cases.models import Case, Family
from backend.cases.numbers import next_number
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.helpers.models import Helper, HelperKind, Offer, Pairing
from backend.org import codes
from backend.org.access import Actor

ENDS_CONTACTS = frozenset({"case_closed", "family_moved", "family_died"})
"""Reasons that end statutory contacts too."""
REVIEW_MONTHS = 12
"""A pairing is reviewed after a year (P02 step 10)."""


class NoPlace(Conflict):
    """The helper has no free place any more: somebody else was faster, or it was full already."""

    code = "no_free_place"
    message = _("This helper has no free place any more.")


class NoSeat(Conflict):
    """The family has as many helpers of this kind as it may have at once."""

    code = "no_free_seat"
    message = _("This family has a helper of this kind already.")


class NotToBeHelped(Invalid):
    """Helpers of this kind are for families of other categories."""

    code = "not_for_category"
    message = _("Helpers of this kind are for other families.")


class AlreadyPaired(Conflict):
    """The same two have a spell that overlaps these days."""

    code = "already_paired"
    message = _("This helper is with this family already on these days.")


class NotServing(Conflict):
    """The helper is not active, or not in service on that day."""

    code = "helper_not_serving"
    message = _("This helper is not in service on that day.")


class HelperBusy(Conflict):
    """Another command is moving this helper's places right now."""

    code = "busy"
    message = _("Somebody is arranging this helper's families at this very moment. Try again.")


class AlreadyEnded(Conflict):
    """The spell has ended. It is not reopened: the same two again are a new spell."""

    code = "pairing_ended"
    message = _("This pairing has ended already.")


class NotRenewable(Conflict):
    """Pairings of this kind end when their time is over."""

    code = "not_renewable"
    message = _("Pairings of this kind are not renewed.")


class WrongDays(Invalid):
    """It cannot end before it began."""

    code = "wrong_days"
    message = _("The end lies before the beginning.")


class NotOfThisFamily(Invalid):
    """Only a helper of the same family can be succeeded."""

    code = "other_family"
    message = _("This pairing belongs to another family.")


class UnknownReason(Invalid):
    """Why a spell begins or ends is a code of a list (`pairing_start_reason`, `helper_end_reason`)."""

    code = "unknown_reason"
    message = _("The list of reasons does not know this one.")


def start_pairing(
    *,
    case: Case,
    helper: Helper,
    from_date: date,
    actor: Actor,
    now: datetime,
    planned_end: date | None = None,
    reason: str = "chosen",
    agreement: Mapping[str, Any] | None = None,
    accompanied: bool = False,
    offer: Offer | None = None,
    takes_over: Pairing | None = None,
) -> Pairing:
    """A new spell of this helper with the case's family.

    `reason` is a code of the list `pairing_start_reason`. `takes_over`: the spell whose seat the helper takes from that
    day on, though it may go on for some days more (farewell and overlap visits); of another kind it keeps its own seat.
    The rows of the family and the helper are locked, always in this order, while seats and places are counted, so that
    of two who want the last one, one gets it and the other NoSeat or NoPlace.
    Raises NoPlace, NoSeat, AlreadyPaired, NotServing, NotToBeHelped, NotOpen, NotOfThisFamily, WrongDays,
    UnknownReason, HelperBusy.
    """
    if case.state not in LIVE:
        raise NotOpen
    if planned_end is not None and planned_end <= from_date:
        raise WrongDays([FieldProblem("/planned_end", WrongDays.code, WrongDays.message)])
    check_reason("pairing_start_reason", reason)
    family = _family_locked(case)
    held = _locked(helper)
    _check_helper(held, family, from_date)
    pairing = Pairing(
        number=f"{case.number}-P{next_number(f'pairing:{case.pk}'):02d}",
        case=case,
        family=family,
        helper=held,
        kind=held.kind,
        seat=_seat(family, held.kind, from_date, takes_over),
        programme=case.programme,
        from_date=from_date,
        planned_end=planned_end,
        review_on=None if held.kind.statutory else months_later(from_date, REVIEW_MONTHS),
        offer=offer,
        start_reason=reason,
        agreement=dict(agreement or {}),
        accompanied=accompanied,
        decided_by_id=actor.user_id,
        decided_by_label=actor.label,
        created_at=now,
    )
    _insert(pairing)
    data = {"helper": str(held.pk), "helper_name": held.name, "kind": held.kind_id, "from_date": from_date.isoformat()}
    before = {"takes_over": takes_over.number, "before": takes_over.helper.name} if takes_over else {}
    record(action="pairing.started", object=pairing, actor=actor, now=now, data={**data, **before}, reason=reason)
    return pairing


def _check_helper(held: Helper, family: Family, from_date: date) -> None:
    """Whether this helper may begin with this family that day. Raises NotServing, NotToBeHelped, NoPlace."""
    if held.status != Helper.Status.ACTIVE or not _serves(held, from_date):
        raise NotServing
    if not may_help(held.kind, family.known_categories):
        raise NotToBeHelped([FieldProblem("/helper", NotToBeHelped.code, NotToBeHelped.message)])
    if Pairing.objects.from_day(from_date).filter(helper=held).exclude(family=family).count() >= held.places:
        raise NoPlace


def _seat(family: Family, kind: HelperKind, day: date, takes_over: Pairing | None) -> int:
    """The family's seat that a helper of this kind takes from that day on. Raises NoSeat."""
    if takes_over is not None:
        seat = _handed_over(family, kind, day, takes_over)
        if seat:
            return seat
    held = set(Pairing.objects.filter(family=family, kind=kind).seated(day).values_list("seat", flat=True))
    free = next((seat for seat in range(1, kind.per_family + 1) if seat not in held), None)
    if free is None:
        raise NoSeat
    return free


def _handed_over(family: Family, kind: HelperKind, day: date, before: Pairing) -> int:
    """The seat that another helper of this kind leaves that day; 0 when it is another kind's or was left before.

    Raises NotOfThisFamily, WrongDays when the other begins that day or later, NoSeat when somebody succeeds already.
    """
    held = Pairing.objects.select_for_update(of=("self",)).get(pk=before.pk)
    if held.family_id != family.pk:
        raise NotOfThisFamily([FieldProblem("/takes_over", NotOfThisFamily.code, NotOfThisFamily.message)])
    if held.kind_id != kind.pk or (held.to_date is not None and held.to_date <= day):
        return 0
    if held.from_date >= day:
        raise WrongDays([FieldProblem("/from_date", WrongDays.code, _("It begins before the spell that it follows."))])
    if held.handed_over_on is not None:
        raise NoSeat
    held.handed_over_on, held.version = day, held.version + 1
    held.save(update_fields=["handed_over_on", "version"])
    return held.seat


def end_pairing(
    *, pairing: Pairing, reason: str, ended_on: date, actor: Actor, now: datetime, handover: str = ""
) -> Pairing:
    """End a spell on a day (the first on which it is not in force any more), with a reason (a code of the list
    `helper_end_reason`) and a note for whoever comes next. A spell that has not begun ends on its first day: it never
    was in force, and a seat that it had taken over goes back. Raises AlreadyEnded, UnknownReason.
    """
    check_reason("helper_end_reason", reason)
    held = prepared.found(Pairing, pairing.pk, follow=("case", "helper"), lock=True)
    if held.to_date is not None and held.to_date <= max(ended_on, held.from_date):
        raise AlreadyEnded
    held.to_date, held.end_reason, held.version = max(ended_on, held.from_date), reason, held.version + 1
    held.handover = handover or held.handover
    held.save(update_fields=["to_date", "end_reason", "handover", "version"])
    if held.to_date == held.from_date:
        _give_back_seat(held)
    _end_suspensions(held, actor)
    data = {
        "helper": str(held.helper_id),
        "helper_name": held.helper.name,
        "reason_code": reason,
        "to_date": held.to_date.isoformat(),
        "days": (held.to_date - held.from_date).days,
    }
    record(action="pairing.ended", object=held, actor=actor, now=now, data=data)
    return held


def stop_pairing(
    *, pairing: Pairing, reason: str, ended_on: date, actor: Actor, now: datetime, handover: str = ""
) -> Pairing:
    """End a spell from outside its process: the case hears it (message `helper_ended`) and looks for somebody else.

    Raises AlreadyEnded, UnknownReason.
    """
    held = end_pairing(pairing=pairing, reason=reason, ended_on=ended_on, actor=actor, now=now, handover=handover)
    enqueue(
        "processes.message_case",
        lock=f"case:{held.case_id}",
        case_id=str(held.case_id),
        name="helper_ended",
        data={"helper": str(held.helper_id), "reason": reason, "ended_on": ended_on.isoformat()},
        actor=actor.as_json(),
    )
    return held


def end_pairings_of(*, case: Case, reason: str, actor: Actor, now: datetime) -> list[Pairing]:
    """End every spell of the case that is in force or to begin; none left is no error.

    A family whose helper is replaced, or that wants none, keeps its statutory contacts (domain.md E5).
    """
    today = timezone.localdate(now)
    spells = Pairing.objects.from_day(today).filter(case=case)
    if reason not in ENDS_CONTACTS:
        spells = spells.asked()
    return [end_pairing(pairing=pairing, reason=reason, ended_on=today, actor=actor, now=now) for pairing in spells]


def renew_pairing(*, pairing: Pairing, actor: Actor, now: datetime) -> Pairing:
    """Some more months with the same helper, as many as the kind says; reviewed after a year at the latest.

    Raises AlreadyEnded, NotRenewable.
    """
    today = timezone.localdate(now)
    held = prepared.found(Pairing, pairing.pk, follow=("case", "helper", "kind"), lock=True)
    if held.to_date is not None and held.to_date <= today:
        raise AlreadyEnded
    months, since = held.kind.renewal_months, max(today, held.review_on or today)
    if not months:
        raise NotRenewable
    before, held.review_on = held.review_on, months_later(since, min(months, REVIEW_MONTHS))
    if held.planned_end is not None:
        held.planned_end = max(held.planned_end, months_later(since, months))
    held.version += 1
    held.save(update_fields=["review_on", "planned_end", "version"])
    data = {"from": before.isoformat() if before else None, "to": held.review_on.isoformat()}
    record(action="pairing.renewed", object=held, actor=actor, now=now, data=data)
    return held


def current_pairing(case: Case, day: date) -> Pairing | None:
    """The case's latest spell in force that day, else the first that is to begin; statutory contacts do not count."""
    spells = Pairing.objects.asked().filter(case=case).select_related("helper", "kind").order_by("from_date", "id")
    return spells.on(day).last() or spells.from_day(day).first()


def months_later(day: date, months: int) -> date:
    """The same day so many months later; the last of the month when it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def may_help(kind: HelperKind, categories: Collection[str]) -> bool:
    """Whether helpers of this kind are for families of these categories (D02); a kind that names none is for all."""
    return not kind.categories or not {*kind.categories}.isdisjoint(categories)


def _family_locked(case: Case) -> Family:
    """The family, held while seats are counted; whoever only writes about it (a visit, an event) goes on."""
    try:
        return Family.objects.select_for_update(no_key=True).get(pk=case.family_id)
    except OperationalError as error:
        raise _busy(error) from error


def _locked(helper: Helper) -> Helper:
    rows = Helper.objects.select_for_update(of=("self",)).select_related("kind", "unit")
    try:
        return rows.get(pk=helper.pk)
    except OperationalError as error:
        raise _busy(error) from error


def _busy(error: OperationalError) -> Exception:
    """What waiting in vain for a lock means; any other error is itself."""
    return HelperBusy() if isinstance(error.__cause__, LockNotAvailable) else error


def _give_back_seat(pairing: Pairing) -> None:
    """The spell whose seat this one would have taken keeps it."""
    before = Pairing.objects.filter(family=pairing.family_id, kind=pairing.kind_id, seat=pairing.seat)
    before.filter(handed_over_on=pairing.from_date).update(handed_over_on=None)


def _end_suspensions(pairing: Pairing, actor: Actor) -> None:
    """What is over is suspended no longer than that."""
    for row in pairing.suspensions.filter(to_date__isnull=True):
        row.to_date = max(pairing.to_date or row.from_date, row.from_date)
        row.end_reason, row.lifted_by_label = "pairing_ended", actor.label
        row.save(update_fields=["to_date", "end_reason", "lifted_by_label"])


def check_reason(kind: str, reason: str) -> None:
    """Whether the code list has this reason. Raises UnknownReason."""
    if not codes.knows(kind, reason):
        raise UnknownReason([FieldProblem("/reason", UnknownReason.code, UnknownReason.message)])


def _serves(helper: Helper, day: date) -> bool:
    begun = helper.from_date is None or helper.from_date <= day
    return begun and (helper.to_date is None or helper.to_date > day)


def _insert(pairing: Pairing) -> None:
    """Write the spell. The database itself refuses two for one seat, and two overlapping spells of the same two."""
    try:
        with transaction.atomic():
            pairing.save(force_insert=True)
    except IntegrityError as error:
        if isinstance(error.__cause__, ExclusionViolation):
            same_two = error.__cause__.diag.constraint_name == "pairing_no_overlap"
            raise (AlreadyPaired if same_two else NoSeat) from error
        raise
