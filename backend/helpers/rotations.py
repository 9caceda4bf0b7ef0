"""Rotations: whose families are left on one day, who could follow, what changed since somebody looked (domain.md E3).

A plan proposes; whoever is named is asked, and so is the family. Nothing here ends a spell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed, StaleVersion
from backend.helpers.candidates import applicant, applicants_among, helpers_around, places_of
from backend.helpers.matching import Proposed, assign, obstacle_of, score
from backend.helpers.models import Helper, Pairing, PairingQuerySet, Rotation, RotationRow
from backend.helpers.offers import OBSTACLES, NotFitting
from backend.helpers.pairings import check_reason
from backend.helpers.places import promised_places, taken_places
from backend.helpers.scoring import Place
from backend.helpers.successions import OVERLAP_DAYS, BeforeBegin, DayPassed, running_for
from backend.org import parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.powers import is_behind

ANSWER_DAYS = 7
"""Parameter `pairing.answer_days`: how long whoever is asked may think it over."""
UNDER_WAY, TAKEN_AWAY = "under_way", "nobody_wanted"
"""Why a row names nobody: a successor is sought already; a person took the proposal away."""
CHANGES: Mapping[str, str | Promise] = {
    "pairing_changed": _("The pairing was changed or ended."),
    "case_not_open": _("The case is not under way any more."),
    "successor_not_serving": _("The helper who was proposed is not in service then."),
    "successor_full": _("The helper who was proposed has no free place any more."),
    "family_added": _("A family was added to somebody who leaves."),
}
"""What may have changed between preview and approval."""


class NobodyLeaves(Invalid):
    """Nobody was named, or nobody of the unit is in service here."""

    code = "nobody_leaves"
    message = _("Nobody of this unit is registered here, or nobody was chosen.")


class AlreadyPrepared(Conflict):
    """One of these people is part of another rotation that is not finished."""

    code = "rotation_exists"
    message = _("Some of these people are part of another rotation that is not finished.")


class NotPrepared(Conflict):
    """It was approved, carried out or cancelled."""

    code = "rotation_not_prepared"
    message = _("This rotation has been approved or cancelled already.")


class Finished(Conflict):
    """Everything is carried out, or it was cancelled."""

    code = "rotation_finished"
    message = _("This rotation is finished.")


class Changed(Conflict):
    """What was previewed is no longer so; the problems tell which rows, and why."""

    code = "rotation_changed"
    message = _("Things have changed since this was prepared. Prepare it again.")


class OwnPlan(NotAllowed):
    """Four eyes: whoever prepared or changed the plan does not approve it."""

    code = "four_eyes"
    message = _("You had a hand in this plan: somebody else has to approve it.")


def prepare(
    *,
    office: Unit,
    leaving: Collection[Helper],
    leaves_on: date,
    reason: str,
    actor: Actor,
    now: datetime,
    partner_unit: Unit | None = None,
) -> Rotation:
    """Preview what becomes of every family of the people who leave, in the office's area, and keep it for approval.

    Raises NobodyLeaves, DayPassed, BeforeBegin, AlreadyPrepared, UnknownReason.
    """
    today = timezone.localdate(now)
    check_reason("helper_end_reason", reason)
    if not leaving:
        raise NobodyLeaves([FieldProblem("/partner_unit", NobodyLeaves.code, NobodyLeaves.message)])
    if leaves_on <= today:
        raise DayPassed([FieldProblem("/leaves_on", DayPassed.code, DayPassed.message)])
    ids = [helper.pk for helper in leaving]
    unfinished = (Rotation.State.PREPARED, Rotation.State.APPROVED)
    if Rotation.objects.filter(state__in=unfinished, leaving__overlap=ids).exists():
        raise AlreadyPrepared
    spells = list(spells_of(ids, office.path, today))
    if any(spell.from_date >= leaves_on for spell in spells):
        raise BeforeBegin([FieldProblem("/leaves_on", BeforeBegin.code, BeforeBegin.message)])
    assert actor.user_id is not None, "a person prepares it"
    rotation = Rotation.objects.create(
        office=office,
        partner_unit=partner_unit,
        leaving=ids,
        leaves_on=leaves_on,
        reason=reason,
        prepared_by=actor.user_id,
        prepared_label=actor.label,
        hands=[actor.user_id],
        created_at=now,
    )
    rows = _planned(rotation, spells, today)
    RotationRow.objects.bulk_create(rows)
    named = sum(row.successor_id is not None for row in rows)
    data = {"helpers": len(ids), "families": len(rows), "named": named, "waiting": len(rows) - named}
    _tell(
        "rotation.prepared", rotation, actor, now, {**data, "leaves_on": leaves_on.isoformat(), "reason_code": reason}
    )
    return rotation


def spells_of(helpers: Collection[UUID], path: str, day: date) -> PairingQuerySet:
    """The spells of these helpers in the area, in force or to begin, whose end nobody has written down."""
    rows = Pairing.objects.asked().from_day(day).filter(helper__in=helpers, to_date__isnull=True)
    here = rows.filter(case__state=Case.State.OPEN, case__unit_path__startswith=path)
    return here.select_related("case", "helper").order_by("from_date", "id")


def _planned(rotation: Rotation, spells: Sequence[Pairing], today: date) -> list[RotationRow]:
    """A row for each family, in the order of need."""
    running = running_for([spell.pk for spell in spells])
    free = [spell for spell in spells if spell.pk not in running]
    by_id = {spell.pk: spell for spell in spells}
    rows: list[RotationRow] = []
    taken: set[tuple[UUID, UUID]] = set()
    for proposed in _proposed(rotation, free, today):
        assert proposed.place.id is not None
        row = _row(rotation, by_id[proposed.place.id], len(rows) + 1)
        if proposed.helper is None or (row.pairing.family_id, proposed.helper.id) in taken:
            row.waits_because = proposed.nobody_because or "needed_elsewhere"
            row.excluded = dict(proposed.excluded)
        else:
            taken.add((row.pairing.family_id, proposed.helper.id))
            row.successor_id, row.score = proposed.helper.id, proposed.helper.score
            row.parts, row.reasons = dict(proposed.helper.parts), list(proposed.helper.reasons)
            row.starts_on = _starts_on(rotation, row.pairing, today)
        rows.append(row)
    for spell in spells:
        if spell.pk in running:
            rows.append(_row(rotation, spell, len(rows) + 1, waits_because=UNDER_WAY))
    return rows


def _row(rotation: Rotation, spell: Pairing, place: int, *, waits_because: str = "") -> RotationRow:
    return RotationRow(
        rotation=rotation, place=place, pairing=spell, pairing_version=spell.version, waits_because=waits_because
    )


def _proposed(rotation: Rotation, spells: Sequence[Pairing], today: date) -> list[Proposed]:
    """The best overall assignment of helpers who are in service today to the families, for the day of leaving."""
    if not spells:
        return []
    around = helpers_around(rotation.office.path).exclude(pk__in=rotation.leaving)
    serving = around.exclude(from_date__gt=today).exclude(pk__in=_leaving_elsewhere())
    return assign(_places(rotation, spells), applicants_among(serving, today))


def _places(rotation: Rotation, spells: Sequence[Pairing]) -> list[Place]:
    """What each family looks for; of two who leave the same family each has a place of its own."""
    cases = Case.objects.filter(pk__in={spell.case_id for spell in spells})
    going = [spell.pk for spell in spells]
    by_case = {place.id: place for place in places_of(cases, rotation.leaves_on, leaving=going)}
    return [replace(by_case[spell.case_id], id=spell.pk) for spell in spells]


def _leaving_elsewhere() -> set[UUID]:
    """Whoever is about to leave by another rotation follows nobody."""
    unfinished = Rotation.objects.filter(state__in=(Rotation.State.PREPARED, Rotation.State.APPROVED))
    return {helper for leaving in unfinished.values_list("leaving", flat=True) for helper in leaving}


def _starts_on(rotation: Rotation, spell: Pairing, today: date) -> date:
    """The day from which a successor could be there: some days before the end, when the answers do not take longer."""
    path = spell.case.unit_path
    overlap = int(parameters.value("succession.overlap_days", path=path, day=today, default=OVERLAP_DAYS))
    answer = int(parameters.value("pairing.answer_days", path=path, day=today, default=ANSWER_DAYS))
    return max(rotation.leaves_on - timedelta(days=overlap), today + timedelta(days=answer))


def replace_successor(
    *,
    rotation: Rotation,
    row: RotationRow,
    helper: Helper | None,
    reason: str,
    actor: Actor,
    now: datetime,
    version: int | None = None,
) -> RotationRow:
    """Ask somebody else, or nobody in particular, and say why. Raises NotPrepared, StaleVersion, NotFitting."""
    held = _prepared(rotation, version)
    today = timezone.localdate(now)
    row.successor, row.score, row.parts, row.reasons = helper, None, {}, []
    row.starts_on, row.waits_because, row.changed_because = None, "" if helper else TAKEN_AWAY, reason
    if helper is not None:
        _name(held, row, helper, today)
    row.save()
    if actor.user_id is not None and actor.user_id not in held.hands:
        held.hands.append(actor.user_id)
    held.version += 1
    held.save(update_fields=["hands", "version"])
    data = {"helper_name": row.pairing.helper.name, "named_name": helper.name if helper else ""}
    _tell("rotation.changed" if helper else "rotation.emptied", held, actor, now, data, reason, row.pairing)
    return row


def _name(rotation: Rotation, row: RotationRow, helper: Helper, today: date) -> None:
    """Name this helper in the row, with the score. Raises NotFitting."""
    [place] = _places(rotation, [row.pairing])
    named = rotation.rows.filter(successor=helper).exclude(pk=row.pk).count()
    load = taken_places([helper.pk], today).get(helper.pk, 0) + promised_places([helper.pk]).get(helper.pk, 0)
    one = applicant(helper, helper.kind, load + named, today)
    obstacle = "outside_service" if helper.pk in rotation.leaving else obstacle_of(place, one)
    if obstacle:
        raise NotFitting([FieldProblem("/helper", obstacle, OBSTACLES.get(obstacle, NotFitting.message))])
    ranked = score(place, one)
    row.score, row.parts, row.reasons = ranked.score, dict(ranked.parts), list(ranked.reasons)
    row.starts_on = _starts_on(rotation, row.pairing, today)


def approve(*, rotation: Rotation, actor: Actor, now: datetime, version: int | None = None) -> Rotation:
    """One signature for all families. Raises NotPrepared, StaleVersion, OwnPlan, DayPassed, Changed."""
    held = _prepared(rotation, version)
    today = timezone.localdate(now)
    if is_behind(actor, *held.hands, day=today):
        raise OwnPlan
    if held.leaves_on <= today:
        raise DayPassed
    if problems := changes(held, today):
        raise Changed(problems)
    held.state, held.approved_label, held.approved_at = Rotation.State.APPROVED, actor.label, now
    held.version += 1
    held.save(update_fields=["state", "approved_label", "approved_at", "version"])
    _tell("rotation.approved", held, actor, now, {"families": held.rows.count()})
    return held


def changes(rotation: Rotation, today: date) -> list[FieldProblem]:
    """What is no longer as it was previewed, row by row; three statements for any number of rows."""
    rows = list(rotation.rows.select_related("pairing__case", "successor__kind"))
    named = {row.successor_id for row in rows if row.successor_id is not None}
    load = Counter(taken_places(named, today)) + Counter(promised_places(named))
    wanted = Counter(row.successor_id for row in rows if row.successor_id)
    found = [(f"/rows/{number}", _change(rotation, row, load, wanted)) for number, row in enumerate(rows)]
    known = {row.pairing_id for row in rows}
    if spells_of(rotation.leaving, rotation.office.path, today).exclude(pk__in=known).exists():
        found.append(("/rows", "family_added"))
    return [FieldProblem(pointer, code, CHANGES[code]) for pointer, code in found if code]


def _change(rotation: Rotation, row: RotationRow, load: Mapping[UUID, int], wanted: Mapping[UUID, int]) -> str:
    if row.pairing.version != row.pairing_version or row.pairing.to_date is not None:
        return "pairing_changed"
    if row.pairing.case.state != Case.State.OPEN:
        return "case_not_open"
    helper = row.successor
    if helper is None:
        return ""
    ends = helper.to_date is not None and helper.to_date <= rotation.leaves_on
    if helper.status != Helper.Status.ACTIVE or ends:
        return "successor_not_serving"
    return "successor_full" if load.get(helper.pk, 0) + wanted[helper.pk] > helper.places else ""


def cancel(*, rotation: Rotation, reason: str, actor: Actor, now: datetime, version: int | None = None) -> Rotation:
    """Give the plan up; what was carried out of it stays. Raises Finished, StaleVersion."""
    held = _held(rotation, version)
    if held.state not in {Rotation.State.PREPARED, Rotation.State.APPROVED}:
        raise Finished
    held.state, held.ended_at, held.version = Rotation.State.CANCELLED, now, held.version + 1
    held.save(update_fields=["state", "ended_at", "version"])
    _tell("rotation.cancelled", held, actor, now, {}, reason)
    return held


def open_rows(rotation: Rotation, helper: UUID) -> Iterable[RotationRow]:
    """The rows of one who leaves that were not carried out yet, under lock."""
    rows = rotation.rows.select_for_update(of=("self",)).filter(state=RotationRow.State.PLANNED, pairing__helper=helper)
    return rows.select_related("pairing__case", "pairing__helper", "successor")


def finish(*, rotation: Rotation, actor: Actor, now: datetime) -> bool:
    """Whether everything is carried out; then it is noted, once."""
    held = _held(rotation, None)
    if held.state != Rotation.State.APPROVED or held.rows.filter(state=RotationRow.State.PLANNED).exists():
        return False
    held.state, held.ended_at, held.version = Rotation.State.DONE, now, held.version + 1
    held.save(update_fields=["state", "ended_at", "version"])
    begun = held.rows.filter(state=RotationRow.State.BEGUN).count()
    _tell("rotation.done", held, actor, now, {"families": begun, "skipped": held.rows.count() - begun})
    return True


def _prepared(rotation: Rotation, version: int | None) -> Rotation:
    held = _held(rotation, version)
    if held.state != Rotation.State.PREPARED:
        raise NotPrepared
    return held


def _held(rotation: Rotation, version: int | None) -> Rotation:
    rows = Rotation.objects.select_for_update(of=("self",)).select_related("office", "partner_unit")
    held = rows.get(pk=rotation.pk)
    if version is not None and version != held.version:
        raise StaleVersion
    return held


def _tell(
    action: str,
    rotation: Rotation,
    actor: Actor,
    now: datetime,
    data: Mapping[str, object],
    reason: str = "",
    pairing: Pairing | None = None,
) -> None:
    record(
        action=action,
        object=rotation,
        case_id=pairing.case_id if pairing else None,
        family_id=pairing.family_id if pairing else None,
        unit_path=rotation.unit_path,
        actor=actor,
        now=now,
        data=data,
        reason=reason,
    )
