"""Cases: opened, moved through their phases, paused, closed, reopened, handed over to another place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case, Consent, Family, Programme
from backend.cases.numbers import case_number
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.org.access import Actor
from backend.org.models import Unit

LIVE = (Case.State.OPEN, Case.State.PAUSED)
COUNTY_LEVELS = 3
"""Province, city, county: two paths that share so many levels lie in one county."""


class AlreadyOpen(Conflict):
    """The family has an open case in this programme."""

    code = "case_already_open"
    message = _("This family already has an open case in this programme.")


class FamilyGone(Conflict):
    """The family's file is closed or was merged into another."""

    code = "family_gone"
    message = _("This household's file is closed or was merged into another one.")


class ProgrammeNotInForce(Invalid):
    """The programme has ended or has not begun."""

    code = "programme_not_in_force"
    message = _("This programme is not in force today.")


class NotOpen(Conflict):
    """The case is closed."""

    code = "case_not_open"
    message = _("This case is closed.")


class NotClosed(Conflict):
    """Only a closed case can be reopened; an archived one takes nothing any more."""

    code = "case_not_closed"
    message = _("Only a closed case can be reopened.")


class NotAPlace(Invalid):
    """Families and their cases live in villages and townships."""

    code = "not_a_place"
    message = _("This has to be a village or a township.")


class ConsentMissing(Invalid):
    """A file leaves its county only with the family's consent (PIPL art. 23; domain.md E1)."""

    code = "consent_missing"
    message = _("The family's consent is needed before its file goes to another county.")


def open_case(*, family: Family, programme: Programme, actor: Actor, now: datetime) -> Case:
    """A new case of the family in the programme, with its number. The process is started by whoever calls.

    Raises AlreadyOpen, FamilyGone, ProgrammeNotInForce.
    """
    day = timezone.localdate(now)
    if (programme.from_date and programme.from_date > day) or (programme.to_date and programme.to_date <= day):
        raise ProgrammeNotInForce
    held = _locked_family(family)
    if Case.objects.filter(family=held, programme=programme, state__in=LIVE).exists():
        raise AlreadyOpen
    case = Case.objects.create(
        number=case_number(unit=held.unit, programme=programme.code, year=day.year),
        family=held,
        programme=programme,
        unit=held.unit,
        unit_path=held.unit.path,
        opened_at=now,
        created_at=now,
    )
    record(action="case.opened", object=case, actor=actor, now=now, data={"programme": programme.code})
    return case


def start_case(*, family: Family, programme: Programme, actor: Actor, now: datetime) -> Case:
    """Open a case and queue the start of its programme's process: for whoever opens many at once."""
    case = open_case(family=family, programme=programme, actor=actor, now=now)
    _queue_process(case, actor)
    return case


def enter_phase(*, case: Case, phase: str, actor: Actor, now: datetime) -> None:
    """The case goes on to a phase (survey, filing, pairing, care, review)."""
    if case.phase == phase:
        return
    before, case.phase = case.phase, phase
    _save(case, "phase")
    record(action="case.phase_entered", object=case, actor=actor, now=now, data=_change("phase", before, phase))


def pause_case(*, case: Case, reason: str, actor: Actor, now: datetime) -> None:
    """Nothing is due while the family does not want it or is away; entitlements stay as they are (E5).

    `reason`: a code, such as refused, away, in_hospital, disaster, not_located. Raises NotOpen.
    """
    _set_state(case, Case.State.PAUSED, "case.paused", reason, actor, now)


def resume_case(*, case: Case, actor: Actor, now: datetime, reason: str = "") -> None:
    """A paused case goes on. Raises NotOpen."""
    _set_state(case, Case.State.OPEN, "case.resumed", reason, actor, now)


def hold_case(*, case: Case, number: str, actor: Actor, now: datetime) -> None:
    """Nothing is decided in the case (no review is signed) until the objection with this number is answered (E13).

    Visits and help go on: whoever objects to a decision takes nothing from the family.
    """
    _hold(case, number, "case.held", number, actor, now)


def release_case(*, case: Case, number: str, actor: Actor, now: datetime, held_by: str = "") -> None:
    """The objection is answered. `held_by`: the number of another one that still holds the case."""
    _hold(case, held_by, "case.released", number, actor, now)


def _hold(case: Case, held_for: str, action: str, number: str, actor: Actor, now: datetime) -> None:
    case.held_for = held_for
    _save(case, "held_for")
    record(action=action, object=case, actor=actor, now=now, data={"number": number})


def close_case(*, case: Case, reason: str, actor: Actor, now: datetime, note: str = "") -> None:
    """Close the case; late documents can still be added. `reason` is a code, `note` what the history should add.

    Whoever calls ends pairings and plans first. Raises NotOpen.
    """
    if case.state not in LIVE:
        raise NotOpen
    before, case.state, case.closed_at, case.close_reason = case.state, Case.State.CLOSED, now, reason[:40]
    _save(case, "state", "closed_at", "close_reason")
    data = {**_change("state", before, case.state), "reason_code": reason}
    record(action="case.closed", object=case, actor=actor, now=now, data=data, reason=note)


def reopen_case(*, case: Case, reason: str, actor: Actor, now: datetime) -> None:
    """Take up a closed case again: its programme's process is started anew.

    Raises NotClosed (open or archived), AlreadyOpen (a newer case of the programme is open), FamilyGone.
    """
    if case.state != Case.State.CLOSED:
        raise NotClosed
    family = _locked_family(case.family)
    if Case.objects.filter(family=family, programme=case.programme_id, state__in=LIVE).exists():
        raise AlreadyOpen
    case.state, case.closed_at, case.close_reason, case.phase = Case.State.OPEN, None, "", "survey"
    _save(case, "state", "closed_at", "close_reason", "phase")
    data = _change("state", Case.State.CLOSED, Case.State.OPEN)
    record(action="case.reopened", object=case, actor=actor, now=now, data=data, reason=reason)
    if case.unit_id != family.unit_id:  # the family moved, or went into another household, while the case was closed
        follow_family(case=case, family=family, actor=actor, now=now, reason=reason)
    _queue_process(case, actor)


def follow_family(*, case: Case, family: Family, actor: Actor, now: datetime, reason: str) -> None:
    """The case lies where its family lives now; work that waits follows by a job, under the family's name of now."""
    origin, to = case.unit, family.unit
    if to.pk != origin.pk:
        case.unit, case.unit_path = to, to.path
        _save(case, "unit", "unit_path")
        record(action="case.transferred", object=case, actor=actor, now=now, data=_way(origin, to), reason=reason)
    enqueue("processes.move_items", lock=f"case:{case.pk}", case_id=str(case.pk))


def transfer_case(*, case: Case, to: Unit, reason: str, actor: Actor, now: datetime) -> None:
    """Hand the family and its open cases over to another village or township; work that waits follows by a job.

    The household keeps its number when it is free there. Both places' history tells it.
    Raises NotOpen, NotAPlace, and ConsentMissing when the file would leave its county.
    """
    if case.state not in LIVE:
        raise NotOpen
    family = _locked_family(case.family)
    origin = family.unit
    if to.kind not in {Unit.Kind.VILLAGE, Unit.Kind.TOWN} or to.pk == origin.pk:
        raise NotAPlace([FieldProblem("/unit", NotAPlace.code, NotAPlace.message)])
    if _county(to.path) != _county(origin.path) and not _agreed_to_handover(family):
        raise ConsentMissing
    number = family.number
    family.number = _free_number(number, origin, to)
    family.unit, family.updated_at, family.version = to, now, family.version + 1
    family.save(update_fields=["unit", "number", "updated_at", "version"])
    data = {**_way(origin, to), "number": number, "new_number": family.number}
    told: dict[str, Any] = {"actor": actor, "now": now, "reason": reason}
    record(action="family.transferred", object=family, unit_path=origin.path, data=data, **told)
    for each in (
        Case.objects.filter(family=family, state__in=LIVE).select_related("unit").select_for_update(of=("self",))
    ):
        follow_family(case=each, family=family, **told)
    case.refresh_from_db()


def _set_state(case: Case, state: Case.State, action: str, reason: str, actor: Actor, now: datetime) -> None:
    if case.state not in LIVE:
        raise NotOpen
    if case.state == state:
        return
    before, case.state = case.state, state
    _save(case, "state")
    record(action=action, object=case, actor=actor, now=now, data=_change("state", before, state), reason=reason)


def _locked_family(family: Family) -> Family:
    """The family's row under lock: who opens or moves a case of one family waits for the other."""
    held = prepared.found(Family, family.pk, follow=("unit",), lock=True)
    if held.merged_into_id or held.status == Family.Status.CLOSED:
        raise FamilyGone
    return held


def _queue_process(case: Case, actor: Actor) -> None:
    enqueue(
        "processes.start",
        lock=f"case:{case.pk}",
        process=case.programme.process,
        case_id=str(case.pk),
        actor=actor.as_json(),
    )


def _save(case: Case, *fields: str) -> None:
    case.version += 1
    case.save(update_fields=[*fields, "version"])


def _change(field: str, before: object, after: object) -> Mapping[str, Any]:
    return {"field": field, "from": str(before), "to": str(after)}


def _way(origin: Unit, to: Unit) -> dict[str, str]:
    """From where to where, as history tells it."""
    return {"from": origin.name, "to": to.name, "from_code": origin.code, "to_code": to.code}


def _county(path: str) -> list[str]:
    return path.split(".")[:COUNTY_LEVELS]


def _agreed_to_handover(family: Family) -> bool:
    return Consent.objects.filter(family=family, purpose="handover", withdrawn_at__isnull=True).exists()


def _free_number(number: str, origin: Unit, to: Unit) -> str:
    taken = Family.objects.filter(unit=to, number=number).exists()
    return f"{origin.code[-3:]}-{number}"[:40] if taken else number
