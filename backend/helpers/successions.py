"""Successions: a spell's end is known, somebody is to follow. At most one at a time for each spell (domain.md P02, E3).

The process `succession` conducts them beside the case; here are the rows and which spells are due.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Case as Choice
from django.db.models import Exists, F, OuterRef, When
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.helpers.models import Helper, Pairing, Succession
from backend.helpers.pairings import AlreadyEnded, check_reason
from backend.org import parameters
from backend.org.access import Actor

LEAD_DAYS = 60
"""Parameter `succession.days`."""
OVERLAP_DAYS = 7
"""Parameter `succession.overlap_days`."""


class UnderWay(Conflict):
    """For this spell a successor is sought already."""

    code = "succession_under_way"
    message = _("For this family a successor is being sought already.")


class DayPassed(Invalid):
    """The day lies in the past."""

    code = "day_passed"
    message = _("This day has passed already.")


class BeforeBegin(Invalid):
    """The day lies before the spell began."""

    code = "before_begin"
    message = _("This day lies before the pairing began.")


def open_succession(
    *, pairing: Pairing, ends_on: date, reason: str, actor: Actor, now: datetime, named: Helper | None = None
) -> Succession:
    """The end of a spell is known from now on; `reason`: a code of the list helper_end_reason.

    Raises UnderWay, AlreadyEnded, DayPassed, BeforeBegin, UnknownReason.
    """
    check_reason("helper_end_reason", reason)
    check_day(pairing, ends_on, timezone.localdate(now))
    row = Succession(pairing=pairing, case=pairing.case, ends_on=ends_on, reason=reason, named=named, created_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise UnderWay from error
    data = {
        "helper": str(pairing.helper_id),
        "helper_name": pairing.helper.name,
        "ends_on": ends_on.isoformat(),
        "reason_code": row.reason,
    }
    if named is not None:
        data |= {"named": str(named.pk), "named_name": named.name}
    _tell("succession.opened" if named is None else "succession.opened_with", row, actor, now, data)
    return row


def check_day(pairing: Pairing, ends_on: date, today: date) -> None:
    """Whether the spell can end on that day. Raises AlreadyEnded, DayPassed, BeforeBegin."""
    if pairing.to_date is not None and pairing.to_date <= today:
        raise AlreadyEnded
    if ends_on < today:
        raise DayPassed([FieldProblem("/ends_on", DayPassed.code, DayPassed.message)])
    if ends_on < pairing.from_date:
        raise BeforeBegin([FieldProblem("/ends_on", BeforeBegin.code, BeforeBegin.message)])


def move_day(*, succession: Succession, ends_on: date, actor: Actor, now: datetime) -> bool:
    """The end comes earlier or later than was known. False when that is the day already. Raises as open_succession."""
    held = Succession.objects.select_for_update(of=("self",)).select_related("pairing__helper", "case").get(
        pk=succession.pk
    )  # fmt: skip
    if held.state != Succession.State.RUNNING or held.ends_on == ends_on:
        return False
    check_day(held.pairing, ends_on, timezone.localdate(now))
    before, held.ends_on = held.ends_on, ends_on
    held.save(update_fields=["ends_on"])
    _tell("succession.moved", held, actor, now, {"from": before.isoformat(), "to": ends_on.isoformat()})
    return True


def close_succession(
    *, succession: Succession, state: Succession.State, actor: Actor, now: datetime, successor: Pairing | None = None
) -> None:
    """How it ended; once."""
    if succession.state != Succession.State.RUNNING:
        return
    succession.state, succession.successor, succession.closed_at = state, successor, now
    succession.save(update_fields=["state", "successor", "closed_at"])
    data = {"helper_name": succession.pairing.helper.name, "ends_on": succession.ends_on.isoformat()}
    if successor is not None:
        data["successor_name"] = successor.helper.name
    _tell(f"succession.{state}", succession, actor, now, data)


def successor_of(pairing: Pairing, day: date) -> Pairing | None:
    """The spell that follows in the same case, in force or to begin; None when nobody has agreed."""
    others = Pairing.objects.asked().from_day(day).filter(case=pairing.case_id).exclude(pk=pairing.pk)
    return others.filter(pk__gt=pairing.pk).select_related("helper").order_by("from_date", "id").last()


def ending_spells(day: date, most: int) -> list[tuple[Pairing, date]]:
    """Spells in force that have no succession yet and whose end is known and lies within the longest lead time of any
    area, each with that day: the helper leaves, or the kind is not renewed. The nearest first, `most` of them.

    One statement, however many spells go on without an end.
    """
    last = day + timedelta(days=parameters.largest("succession.days", day=day, default=LEAD_DAYS))
    planned = Choice(When(kind__renewal_months=0, then=F("planned_end")))
    rows = (
        Pairing.objects.asked()
        .filter(to_date__isnull=True, from_date__lte=day, case__state=Case.State.OPEN)
        .filter(~Exists(Succession.objects.filter(pairing=OuterRef("pk"))))
        .annotate(ends_on=Least(F("helper__to_date"), planned))
        .filter(ends_on__gte=day, ends_on__lte=last)
        .select_related("case", "helper")
        .order_by("ends_on", "id")
    )
    return [(row, vars(row)["ends_on"]) for row in rows[:most]]


def lead_of(case: Case, day: date) -> timedelta:
    """How long before a known end the search begins in the case's area."""
    return timedelta(days=int(parameters.value("succession.days", path=case.unit_path, day=day, default=LEAD_DAYS)))


def overlap_begins(case: Case, spell: UUID | None, day: date) -> date:
    """The day from which a successor of this spell gets to know the family; the day itself when it is late for that,
    or nobody is to be followed."""
    row = Succession.objects.filter(pairing=spell, state=Succession.State.RUNNING).first() if spell else None
    if row is None:
        return day
    key = "succession.overlap_days"
    days = int(parameters.value(key, path=case.unit_path, day=day, default=OVERLAP_DAYS))
    return max(day, row.ends_on - timedelta(days=days))


def running_for(pairings: list[UUID]) -> dict[UUID, Succession]:
    """By spell the succession that is under way."""
    rows = Succession.objects.filter(pairing__in=pairings, state=Succession.State.RUNNING)
    return {row.pairing_id: row for row in rows.select_related("pairing__helper", "case")}


def _tell(action: str, row: Succession, actor: Actor, now: datetime, data: dict[str, str]) -> None:
    record(action=action, object=row, family_id=row.pairing.family_id, actor=actor, now=now, data=data)
