"""Pauses of families: away, in hospital, after a disaster. Nothing is due meanwhile, entitlements stay as they are.

These are rows and history only; what stands still with them, and moves later when they end, is `workflows.pauses`.
A refusal is no pause: the case's own process rests, and asks again after half a year (E5, `families.ask_again_on`).

Why a family pauses tells of its health ("in hospital"): it stands in the row, never in history (PIPL art. 28).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.errors import ExclusionViolation

from backend.audit.history import collect, record
from backend.cases.cases import FamilyGone
from backend.cases.models import Family, Pause, PauseQuerySet
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, StaleVersion
from backend.org.access import Actor

REASONS = ("away", "hospital", "disaster")
"""Code list `family_pause_reason`."""
AWAY = "away"
"""Out for work or with the children: called once a month instead (E1)."""
LONGEST_AGO = timedelta(days=60)
"""What began longer ago has been counted in reports."""


class AlreadyPaused(Conflict):
    """The family's time stands still already, now or on one of these days."""

    code = "already_paused"
    message = _("This family is paused already, or was on one of these days.")


class PauseOver(Conflict):
    """The pause has ended."""

    code = "pause_over"
    message = _("This pause has ended already.")


class WrongPauseDays(Invalid):
    """A pause begins today or lately, and ends after its first day, today at the latest."""

    code = "wrong_pause_days"
    message = _("These days are not possible.")


def begin_pauses(
    *,
    families: Iterable[Family],
    reason: str,
    actor: Actor,
    now: datetime,
    from_date: date | None = None,
    expected_on: date | None = None,
) -> list[Pause]:
    """A pause for each of these families, from a day (default: today) until further notice.

    `expected_on`: the first day on which things are to go on; the pause ends by itself then. None: nobody knows yet.
    A constant number of statements. Raises WrongPauseDays, AlreadyPaused, FamilyGone (then for none of them).
    """
    today = timezone.localdate(now)
    begins = from_date or today
    _check(reason, begins, expected_on, today)
    made = [_made(family, reason, begins, expected_on, actor, now) for family in families]
    _insert(made)
    with collect():
        for pause in made:
            _tell(
                "family.paused", pause, actor, now, {"from_date": begins.isoformat(), "expected_on": _iso(expected_on)}
            )
    return made


def expect_end(
    *, pause: Pause, expected_on: date | None, actor: Actor, now: datetime, version: int | None = None
) -> Pause:
    """Things are to go on earlier or later than thought, or nobody knows. Raises PauseOver, WrongPauseDays,
    StaleVersion."""
    found = locked(Pause.objects.filter(pk=pause.pk), version)
    if not found:
        raise PauseOver
    held = found[0]
    if held.expected_on == expected_on:
        return held
    _check_expected(held.from_date, expected_on, timezone.localdate(now))
    told = {"from": _iso(held.expected_on), "to": _iso(expected_on)}
    held.expected_on, held.version = expected_on, held.version + 1
    held.save(update_fields=["expected_on", "version"])
    _tell("family.pause_changed", held, actor, now, told)
    return held


def end_pauses(*, pauses: Sequence[Pause], ended_on: date, actor: Actor, now: datetime) -> None:
    """Things go on from this day on: of these running pauses, each locked by whoever calls.

    A constant number of statements. Raises WrongPauseDays when one of them began later, or the day is still to come.
    """
    if ended_on > timezone.localdate(now) or any(ended_on < pause.from_date for pause in pauses):
        raise WrongPauseDays([FieldProblem("/ended_on", WrongPauseDays.code, WrongPauseDays.message)])
    ended = {"ended_on": ended_on, "ended_at": now, "ended_by_id": actor.user_id, "ended_by_label": actor.label}
    Pause.objects.filter(pk__in=[pause.pk for pause in pauses]).update(**ended, version=F("version") + 1)
    with collect():
        for pause in pauses:
            vars(pause).update(ended, version=pause.version + 1)
            told = {"from_date": pause.from_date.isoformat(), "ended_on": ended_on.isoformat()}
            _tell("family.pause_ended", pause, actor, now, told)


def locked(rows: PauseQuerySet, version: int | None = None) -> list[Pause]:
    """The running ones among these under lock, in one order. Raises StaleVersion for another version than was read."""
    found = rows.running().select_for_update(of=("self",)).select_related("family__unit").order_by("pk")
    pauses = list(found)
    if version is not None and any(pause.version != version for pause in pauses):
        raise StaleVersion
    return pauses


def reason_of(family_id: UUID) -> str:
    """Why the family's time stands still now; empty when it does not."""
    rows = _reasons(family_id)
    return str(rows[0][0]) if rows else ""


_reasons = prepared.question(
    lambda family: Pause.objects.running().filter(family=family).order_by("pk").values_list("reason")[:1]
)


def _made(family: Family, reason: str, begins: date, expected_on: date | None, actor: Actor, now: datetime) -> Pause:
    if family.status == Family.Status.CLOSED or family.merged_into_id:
        raise FamilyGone
    return Pause(
        family=family,
        reason=reason,
        from_date=begins,
        expected_on=expected_on,
        recorded_by_id=actor.user_id,
        recorded_by_label=actor.label,
        created_at=now,
    )


def _insert(made: Sequence[Pause]) -> None:
    try:
        with transaction.atomic():
            Pause.objects.bulk_create(made)
    except IntegrityError as error:
        if isinstance(error.__cause__, ExclusionViolation):
            raise AlreadyPaused from error
        raise


def _check(reason: str, begins: date, expected_on: date | None, today: date) -> None:
    if reason not in REASONS:
        raise Invalid([FieldProblem("/reason", "bad_code", _("There is no such reason."))])
    if not today - LONGEST_AGO <= begins <= today:
        raise WrongPauseDays([FieldProblem("/from_date", WrongPauseDays.code, WrongPauseDays.message)])
    _check_expected(begins, expected_on, today)


def _check_expected(begins: date, expected_on: date | None, today: date) -> None:
    if expected_on is not None and expected_on <= max(begins, today):
        raise WrongPauseDays([FieldProblem("/expected_on", WrongPauseDays.code, WrongPauseDays.message)])


def _tell(action: str, pause: Pause, actor: Actor, now: datetime, data: Mapping[str, str | None]) -> None:
    record(action=action, object=pause.family, actor=actor, now=now, data=data)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
