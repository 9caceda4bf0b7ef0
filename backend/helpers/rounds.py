"""Rounds of reconciliation: opened, reported to by villages, compared as often as one likes, closed with their figures.

domain.md J20, J21: every year until 15 April the register of helpers is held against what families and villages say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.errors import ExclusionViolation

from backend.audit.history import record
from backend.cases.models import Family
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.helpers.coverage import figures_of
from backend.helpers.models import Helper, HelperKind, Pairing, ReportLine, Round, VillageReport
from backend.org import parameters
from backend.org.access import SYSTEM, Actor, upwards
from backend.org.models import Unit
from backend.reminders.outbox import intend, role_at

LONGEST = timedelta(days=366)
YEARLY_DAY = "04-15"
"""J20, J21, where no parameter `reconciliation.day` is set."""
REMIND_DAYS = 5
"""P01: on 10 April who is behind for 15 April. Where no parameter `reconciliation.remind_days` is set."""
LEAD_DAYS = 45
"""Where no parameter `reconciliation.lead_days` is set: on 1 March the round for 15 April should be open."""


class WrongRoundDays(Invalid):
    """A round ends after it began, within a year."""

    code = "wrong_days"
    message = _("A round ends on or after its first day, and within a year.")


class RoundOverlaps(Conflict):
    """On these days another round is held at the unit, above it or below it."""

    code = "round_overlaps"
    message = _("Another round is held there on some of these days.")


class RoundClosed(Conflict):
    """What was counted is not changed any more."""

    code = "round_closed"
    message = _("This round is closed.")


class RoundBusy(Conflict):
    """It is being compared just now."""

    code = "round_comparing"
    message = _("This round is being compared just now. Try again when that is done.")


class NotCompared(Conflict):
    """A round that nobody compared has nothing to freeze."""

    code = "round_not_compared"
    message = _("Compare the round before you close it.")


class OutsideRound(Invalid):
    """The round is held elsewhere, or the spell belongs to another family."""

    code = "outside_round"
    message = _("This does not belong to the round.")


class UnknownHelper(Invalid):
    """No helper of the register has this number."""

    code = "unknown_helper"
    message = _("No helper has this number. Leave it empty and write the name.")


class NobodyNamed(Invalid):
    """Somebody else helps: who?"""

    code = "nobody_named"
    message = _("Say who helps: the helper's number, or the name.")


class ReportIncomplete(Invalid):
    """Every helper of the file has to be answered for."""

    code = "report_incomplete"
    message = _("Please answer for every helper who is on file for this family.")


@dataclass(frozen=True)
class Other:
    """Somebody who helps a family without being on file there: by number, or by the name people know."""

    number: str = ""
    name: str = ""
    kind: str = ""
    since: date | None = None


def open_round(*, unit: Unit, from_date: date, to_date: date, actor: Actor, now: datetime) -> Round:
    """Begin a round at a unit and below it. Raises WrongRoundDays, RoundOverlaps."""
    if not from_date <= to_date <= from_date + LONGEST:
        raise WrongRoundDays([FieldProblem("/to_date", WrongRoundDays.code, WrongRoundDays.message)])
    # Whoever opens rounds of one county waits here: a round at the township and one at its village would both count.
    Unit.objects.select_for_update().get(path=_county(unit.path))
    if _overlapping(unit, from_date, to_date):
        raise RoundOverlaps
    held = Round(
        unit=unit, from_date=from_date, to_date=to_date,
        opened_by_id=actor.user_id, opened_label=actor.label, created_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            held.save(force_insert=True)
    except IntegrityError as error:
        if isinstance(error.__cause__, ExclusionViolation):
            raise RoundOverlaps from error
        raise
    _tell(held, "round.opened", actor, now, {"from_date": from_date.isoformat(), "to_date": to_date.isoformat()})
    return held


def report_family(
    *,
    round: Round,
    family: Family,
    spells: Mapping[UUID, tuple[str, date | None]],
    others: Sequence[Other],
    actor: Actor,
    now: datetime,
    note: str = "",
) -> VillageReport:
    """What the village says of one family: for every spell in force whether it is lived (and since when not), and who
    else helps. No spell and nobody else: nobody helps. Said again it replaces what was said.

    Raises RoundClosed, RoundBusy, OutsideRound, ReportIncomplete, UnknownHelper, NobodyNamed.
    """
    held = _held(round, Round.State.OPEN)
    if not family.unit_path.startswith(held.unit_path):
        raise OutsideRound([FieldProblem("/family", OutsideRound.code, OutsideRound.message)])
    known = set(reported_spells(family, timezone.localdate(now)).values_list("pk", flat=True))
    _check_spells(known, spells)
    lines = [ReportLine(pairing_id=id, reality=reality, since=since) for id, (reality, since) in spells.items()]
    lines += [_other(place, other) for place, other in enumerate(others)]
    VillageReport.objects.filter(round=held, family=family).delete()
    report = VillageReport.objects.create(
        round=held, family=family, note=note, reported_by_id=actor.user_id, reported_label=actor.label,
        reported_at=now, created_at=now,
    )  # fmt: skip
    for line in lines:
        line.report, line.created_at = report, now
        line.save(force_insert=True)
    record(
        action="round.reported",
        object=report,
        label=family.label,
        unit_path=family.unit_path,
        actor=actor,
        now=now,
        data={"round": str(held.pk), "helpers": len(spells), "others": len(others)},
    )
    return report


def reported_spells(family: Family, day: date) -> Any:
    """The spells that a report answers for: those in force, oldest first."""
    rows = Pairing.objects.on(day).filter(family=family)
    return rows.select_related("helper", "kind").order_by("from_date", "id")


def start_comparing(*, round: Round, actor: Actor, now: datetime) -> Round:
    """Have the round compared by a job; may be done as often as one likes. Raises RoundClosed, RoundBusy."""
    held = _held(round, Round.State.OPEN)
    held.state, held.runs, held.done, held.total = Round.State.COMPARING, held.runs + 1, 0, 0
    _save(held, "state", "runs", "done", "total")
    _tell(held, "round.comparison_asked", actor, now, {"run": held.runs})
    enqueue("rounds.compare", lock=f"round:{held.pk}", round_id=str(held.pk), run=held.runs, actor=actor.as_json())
    return held


def finish_comparing(*, round: Round, helping: int, found: int, actor: Actor, now: datetime) -> Round:
    """The comparison is done: so many spells are as the file has them, and so many differences are new."""
    held = _held(round, Round.State.COMPARING)
    held.state, held.compared_at, held.helping = Round.State.OPEN, now, helping
    _save(held, "state", "compared_at", "helping")
    _tell(held, "round.compared", actor, now, {"run": held.runs, "new": found, "differences": held.total})
    return held


def close_round(*, round: Round, actor: Actor, now: datetime) -> Round:
    """Freeze the figures. What is not settled yet stays somebody's work. Raises RoundClosed, RoundBusy, NotCompared."""
    held = _held(round, Round.State.OPEN)
    if not held.runs:
        raise NotCompared
    held.figures = [figures.as_json() for figures in figures_of(held, timezone.localdate(now))]
    held.state, held.closed_at, held.closed_label = Round.State.CLOSED, now, actor.label
    _save(held, "figures", "state", "closed_at", "closed_label")
    _tell(held, "round.closed", actor, now, {"villages": len(held.figures)})
    return held


def remind_rounds(*, now: datetime) -> int:
    """Some days before a round ends (parameter `reconciliation.remind_days`) history tells, once, how many villages are
    behind, and with it everybody's news of the day (P01). How many rounds were called to mind.
    """
    today, told = timezone.localdate(now), 0
    running = Round.objects.filter(state=Round.State.OPEN, reminded_at=None, from_date__lte=today, to_date__gte=today)
    for round in running.select_for_update(of=("self",), skip_locked=True).select_related("unit"):
        key, path = "reconciliation.remind_days", round.unit_path
        days = int(parameters.value(key, path=path, day=today, default=REMIND_DAYS))
        behind = [each for each in figures_of(round, today) if each.reported < each.families]
        if today < round.to_date - timedelta(days=days) or not behind:
            continue
        round.reminded_at, told = now, told + 1
        round.save(update_fields=["reminded_at"])
        data = {"villages": len(behind), "to_date": round.to_date.isoformat()}
        _tell(round, "round.reminded", SYSTEM, now, data)
        for role in ("caseworker", "supervisor"):
            key, page = f"round.reminded:{round.pk}:{role}", f"/rounds/{round.pk}/"
            intend("round.reminded", to=role_at(role, round.unit), key=key, about=round, page=page, now=now)
    return told


@dataclass(frozen=True)
class Coming:
    """By when this year's comparison is due at a unit, and whether it is time to think of it."""

    day: date
    is_near: bool


def coming(unit_path: str, today: date) -> Coming:
    """The yearly day (parameter `reconciliation.day`) that comes next, and whether its lead time has begun."""
    text = str(parameters.value("reconciliation.day", path=unit_path, day=today, default=YEARLY_DAY))
    lead = int(parameters.value("reconciliation.lead_days", path=unit_path, day=today, default=LEAD_DAYS))
    this = date.fromisoformat(f"{today.year}-{text}")
    day = this if today <= this else date.fromisoformat(f"{today.year + 1}-{text}")
    return Coming(day, today >= day - timedelta(days=lead))


def _check_spells(known: set[UUID], spells: Mapping[UUID, tuple[str, date | None]]) -> None:
    if foreign := spells.keys() - known:
        message = OutsideRound.message
        raise OutsideRound([FieldProblem(f"/spells/{id}", OutsideRound.code, message) for id in sorted(foreign)])
    if missing := known - spells.keys():
        message = ReportIncomplete.message
        raise ReportIncomplete([FieldProblem(f"/spells/{id}", "missing", message) for id in sorted(missing)])


def _other(place: int, other: Other) -> ReportLine:
    number, name = other.number.strip().upper(), other.name.strip()
    if not number and not name:
        raise NobodyNamed([FieldProblem(f"/others/{place}/name", NobodyNamed.code, NobodyNamed.message)])
    helper = Helper.objects.filter(number=number).first() if number else None
    if number and helper is None:
        raise UnknownHelper([FieldProblem(f"/others/{place}/number", UnknownHelper.code, UnknownHelper.message)])
    kind = helper.kind_id if helper else other.kind
    if kind and not HelperKind.objects.filter(code=kind).exists():
        raise Invalid([FieldProblem(f"/others/{place}/kind", "unknown_kind", _("There is no such kind of helper."))])
    named = "" if helper else name
    return ReportLine(reality=ReportLine.Reality.HELPING, helper=helper, named=named, kind=kind, since=other.since)


def _overlapping(unit: Unit, from_date: date, to_date: date) -> bool:
    there = Round.objects.filter(unit__path__startswith=unit.path)
    there |= Round.objects.filter(unit__path__in=upwards(unit.path))
    return there.filter(from_date__lte=to_date, to_date__gte=from_date).exists()


def _county(path: str) -> str:
    return "".join(f"{part}." for part in path.split(".")[:3] if part)


def _held(round: Round, state: Round.State) -> Round:
    """The round's row, locked, in the state that is needed. Raises RoundClosed, RoundBusy."""
    held = prepared.found(Round, round.pk, follow=("unit",), lock=True)
    if held.state == state:
        return held
    raise RoundBusy if held.state == Round.State.COMPARING else RoundClosed


def _save(round: Round, *fields: str) -> None:
    round.version += 1
    round.save(update_fields=[*fields, "version"])


def _tell(round: Round, action: str, actor: Actor, now: datetime, data: Mapping[str, Any]) -> None:
    record(action=action, object=round, label=str(round), unit_path=round.unit_path, actor=actor, now=now, data=data)
