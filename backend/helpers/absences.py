"""A helper's days away: recorded, moved, withdrawn; who stands in; the family told. Nobody's penalty (domain.md E4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.errors import ExclusionViolation

from backend.audit.history import collect, record
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, StaleVersion
from backend.helpers.models import Absence, Helper, Pairing, PairingQuerySet, StandIn
from backend.helpers.models.absences import REASONS
from backend.helpers.stand_ins import OBSTACLES, obstacle_of
from backend.org.access import Actor


class AbsenceOverlaps(Conflict):
    """The helper is away on some of these days already."""

    code = "absence_overlaps"
    message = _("This helper is away on some of these days already.")


class AbsenceOver(Conflict):
    """It was withdrawn, or its last day has passed."""

    code = "absence_over"
    message = _("These days away are over or were withdrawn.")


class AbsenceBegun(Conflict):
    """What has begun keeps its first day."""

    code = "absence_begun"
    message = _("These days away have begun: only their end can be moved.")


class HelperGone(Conflict):
    """The helper's service has ended: nobody waits for this helper."""

    code = "helper_ended"
    message = _("This helper's service has ended.")


class WrongDays(Invalid):
    """The days contradict each other or lie in the past."""

    code = "wrong_days"
    message = _("These days are not possible.")


class NotTheirFamily(Invalid):
    """The absent helper is not with this family on these days."""

    code = "not_their_family"
    message = _("The absent helper is not with this family on these days.")


class CannotStandIn(Invalid):
    """A rule keeps this helper from standing in."""

    code = "cannot_stand_in"
    message = _("This helper cannot stand in here.")


class NotAsked(Invalid):
    """A helper helps of the own will: nobody stands in without having been asked (志愿服务条例 art. 25)."""

    code = "stand_in_not_asked"
    message = _("Ask this person first: nobody stands in without having agreed.")


def record_absence(
    *,
    helper: Helper,
    from_date: date,
    to_date: date | None,
    reason: str,
    actor: Actor,
    now: datetime,
    stand_in: Helper | None = None,
    agreed: bool = False,
) -> Absence:
    """The helper is away from a day (included) to another (excluded). For each family somebody stands in: the helper
    named, who has agreed, else the village worker.

    Raises HelperGone, WrongDays, AbsenceOverlaps, and what choose_stand_in raises.
    """
    held = _locked(helper, stand_in)
    today = timezone.localdate(now)
    if held.status == Helper.Status.ENDED:
        raise HelperGone
    _check_days(held, from_date, to_date, today)
    if reason not in REASONS:
        raise Invalid([FieldProblem("/reason", "bad_code", _("There is no such reason."))])
    absence = Absence(
        helper=held,
        from_date=from_date,
        to_date=to_date,
        reason=reason,
        recorded_by_id=actor.user_id,
        recorded_by_label=actor.label,
        created_at=now,
    )
    _save(absence)
    with collect():
        _tell("absence.recorded", absence, actor, now, {"from_date": _iso(from_date), "to_date": _iso(to_date)})
        for pairing in pairings_during(absence):
            _stand_in(absence, pairing, None, absence.from_date, actor, now)
            if stand_in is not None:
                choose_stand_in(absence=absence, pairing=pairing, helper=stand_in, agreed=agreed, actor=actor, now=now)
    return absence


def change_absence(
    *,
    absence: Absence,
    from_date: date,
    to_date: date | None,
    actor: Actor,
    now: datetime,
    version: int | None = None,
) -> Absence:
    """The helper is back earlier or later than thought, or goes on another day.

    Stand-ins go with it; a helper who cannot stand in on the new days gives way to the village worker.
    Raises AbsenceOver, AbsenceBegun, WrongDays, AbsenceOverlaps, StaleVersion.
    """
    held, today = _current(absence, now, version), timezone.localdate(now)
    if from_date != held.from_date and (held.from_date <= today or from_date < today):
        raise AbsenceBegun([FieldProblem("/from_date", AbsenceBegun.code, AbsenceBegun.message)])
    _check_days(held.helper, from_date, to_date, today)
    before = {"from_date": _iso(held.from_date), "to_date": _iso(held.to_date)}
    held.from_date, held.to_date, held.version = from_date, to_date, held.version + 1
    _save(held)
    with collect():
        told = {"from": before, "to": {"from_date": _iso(from_date), "to_date": _iso(to_date)}}
        _tell("absence.changed", held, actor, now, told)
        _move_stand_ins(held, actor, now)
    return held


def withdraw_absence(
    *, absence: Absence, reason: str, actor: Actor, now: datetime, version: int | None = None
) -> Absence:
    """It was entered by mistake, or the helper does not go after all. Raises AbsenceOver, StaleVersion."""
    held = _current(absence, now, version)
    held.withdrawn_at, held.version = now, held.version + 1
    held.save(update_fields=["withdrawn_at", "version"])
    with collect():
        _tell("absence.withdrawn", held, actor, now, {}, reason)
        _end_from(StandIn.objects.lasting().filter(absence=held), timezone.localdate(now))
    return held


def choose_stand_in(
    *,
    absence: Absence,
    pairing: Pairing,
    helper: Helper | None,
    actor: Actor,
    now: datetime,
    agreed: bool = False,
    from_date: date | None = None,
) -> StandIn:
    """Who goes to this family from a day on (default: the first day that is left) until the helper is back.

    Raises AbsenceOver, NotTheirFamily, WrongDays, NotAsked, CannotStandIn.
    """
    held, today = _current(absence, now), timezone.localdate(now)
    begin = from_date or max(held.from_date, today)
    if begin < held.from_date or begin < today or (held.to_date is not None and begin >= held.to_date):
        raise WrongDays([FieldProblem("/from_date", WrongDays.code, _("This day lies outside the days away."))])
    if not pairings_during(held).filter(pk=pairing.pk).exists():
        raise NotTheirFamily([FieldProblem("/pairing", NotTheirFamily.code, NotTheirFamily.message)])
    if helper is not None:
        _check_stand_in(helper, pairing, begin, held.to_date, agreed=agreed)
    later = StandIn.objects.lasting().filter(absence=held, pairing=pairing)
    _end_from(later.filter(Q(to_date__isnull=True) | Q(to_date__gt=begin)), begin)
    return _stand_in(held, pairing, helper, begin, actor, now)


def note_told(*, stand_in: StandIn, actor: Actor, now: datetime) -> StandIn:
    """Somebody whom the family knows has told it who comes instead; telling it twice is harmless."""
    held = prepared.found(StandIn, stand_in.pk, follow=("pairing__case", "helper"), lock=True)
    if held.told_at is None:
        held.told_at, held.told_by_id, held.told_by_label = now, actor.user_id, actor.label
        held.save(update_fields=["told_at", "told_by", "told_by_label"])
        _tell_family("stand_in.family_told", held, actor, now)
    return held


def pairings_during(absence: Absence) -> PairingQuerySet:
    """The absent helper's spells that are in force on a day of the absence."""
    rows = Pairing.objects.from_day(absence.from_date).filter(helper=absence.helper_id)
    if absence.to_date is not None:
        rows = rows.filter(from_date__lt=absence.to_date)
    return rows.select_related("case", "helper__unit", "helper__kind", "family").order_by("id")


def _check_days(helper: Helper, from_date: date, to_date: date | None, today: date) -> None:
    problem: tuple[str, object] | None = None
    if to_date is not None and to_date <= from_date:
        problem = ("/to_date", _("The last day lies before the first."))
    elif to_date is not None and to_date <= today:
        problem = ("/to_date", _("These days have passed: nobody can be sent any more."))
    elif helper.from_date is not None and from_date < helper.from_date:
        problem = ("/from_date", _("The helper's service had not begun on this day."))
    elif helper.to_date is not None and from_date >= helper.to_date:
        problem = ("/from_date", _("The helper's service ends before this day."))
    if problem is not None:
        raise WrongDays([FieldProblem(problem[0], WrongDays.code, problem[1])])  # type: ignore[arg-type]


def _check_stand_in(helper: Helper, pairing: Pairing, begin: date, end: date | None, *, agreed: bool) -> None:
    held = _locked(helper)
    if obstacle := obstacle_of(held, pairing, begin, _earlier(end, pairing.to_date)):
        raise CannotStandIn([FieldProblem("/helper", obstacle, OBSTACLES[obstacle])])
    if not agreed:
        raise NotAsked([FieldProblem("/agreed", NotAsked.code, NotAsked.message)])


def _stand_in(
    absence: Absence,
    pairing: Pairing,
    helper: Helper | None,
    begin: date,
    actor: Actor,
    now: datetime,
    until: date | None = None,
) -> StandIn:
    row = StandIn.objects.create(
        absence=absence,
        pairing=pairing,
        helper=helper,
        from_date=max(begin, pairing.from_date),
        to_date=_earlier(absence.to_date, pairing.to_date, until),
        chosen_by_label=actor.label,
        created_at=now,
    )
    _tell_family("stand_in.chosen" if helper else "stand_in.village", row, actor, now)
    return row


def _move_stand_ins(absence: Absence, actor: Actor, now: datetime) -> None:
    """Stand-ins go with the new days, and each family hears of it anew; families who come in get the village worker."""
    today = timezone.localdate(now)
    rows = list(StandIn.objects.lasting().filter(absence=absence).select_related("helper__kind", "helper__unit"))
    coming = sorted((row for row in rows if row.to_date is None or row.to_date > today), key=lambda row: row.from_date)
    _end_from(rows, today)
    for pairing in pairings_during(absence):
        chosen = [row for row in coming if row.pairing_id == pairing.pk]
        begin = max(absence.from_date, pairing.from_date, today)
        helpers: list[tuple[date, Helper | None]] = [(begin, chosen[0].helper if chosen else None)]
        helpers += [(row.from_date, row.helper) for row in chosen[1:] if row.from_date > begin]
        ends = [*(day for day, _helper in helpers[1:]), None]
        for (day, helper), until in zip(helpers, ends, strict=True):
            end = _earlier(absence.to_date, pairing.to_date, until)
            if end is not None and end <= day:
                continue
            able = helper if helper is not None and not obstacle_of(helper, pairing, day, end) else None
            _stand_in(absence, pairing, able, day, actor, now, until)


def _end_from(rows: Iterable[StandIn], day: date) -> None:
    """End rows on that day; what had not begun by then never was in force."""
    for row in rows:
        end = max(day, row.from_date)
        if row.to_date is None or row.to_date > end:
            row.to_date = end
            row.save(update_fields=["to_date"])


def _current(absence: Absence, now: datetime, version: int | None = None) -> Absence:
    rows = Absence.objects.select_for_update(of=("self",)).select_related("helper__unit", "helper__kind")
    held = rows.get(pk=absence.pk)
    if version is not None and version != held.version:
        raise StaleVersion
    if held.withdrawn_at is not None or (held.to_date is not None and held.to_date <= timezone.localdate(now)):
        raise AbsenceOver
    return held


def _locked(helper: Helper, *others: Helper | None) -> Helper:
    """The helper, locked together with the others in one order: of two commands none waits in a circle."""
    ids = [helper.pk, *(other.pk for other in others if other is not None)]
    rows = Helper.objects.select_for_update(of=("self",)).select_related("kind", "unit").filter(pk__in=ids)
    return next(row for row in rows.order_by("pk") if row.pk == helper.pk)


def _save(absence: Absence) -> None:
    """Write the row. The database itself refuses two that overlap."""
    try:
        with transaction.atomic():
            absence.save()
    except IntegrityError as error:
        if isinstance(error.__cause__, ExclusionViolation):
            raise AbsenceOverlaps(
                [FieldProblem("/from_date", AbsenceOverlaps.code, AbsenceOverlaps.message)]
            ) from error
        raise


def _tell(
    action: str, absence: Absence, actor: Actor, now: datetime, data: Mapping[str, object], reason: str = ""
) -> None:
    label = absence.helper.name
    record(action=action, object=absence, label=label, actor=actor, now=now, data=data, reason=reason)


def _tell_family(action: str, row: StandIn, actor: Actor, now: datetime) -> None:
    """An event in the family's case: who comes, for whom, on which days. Never why."""
    data = {
        "helper": str(row.helper_id) if row.helper_id else None,
        "helper_name": row.helper.name if row.helper else None,
        "absent_name": row.pairing.helper.name,
        "from_date": _iso(row.from_date),
        "to_date": _iso(row.to_date),
    }
    told = {key: value for key, value in data.items() if value is not None}
    case = row.pairing.case
    record(
        action=action,
        object=row,
        label=row.pairing.helper.name,
        case_id=case.pk,
        family_id=case.family_id,
        actor=actor,
        now=now,
        data=told,
    )


def _earlier(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
