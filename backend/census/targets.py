"""The families of a round: begun by whoever asks them, settled by a survey, or not reached for a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect, record
from backend.cases.families import ask_again_on, asked_too_soon
from backend.cases.models import Case, Family, Survey
from backend.census import contacts
from backend.census.models import LATE, SurveyTarget
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import codes
from backend.org.access import Actor
from backend.org.models import User

RESULTS = {
    "surveyed": SurveyTarget.State.SURVEYED,
    "refused": SurveyTarget.State.REFUSED,
    "moved": SurveyTarget.State.MOVED,
    "not_found": SurveyTarget.State.NOT_FOUND,
}
"""Result of a survey → what it makes of the target."""


class SettledAlready(Conflict):
    """The family has a result."""

    code = "target_settled"
    message = _("This family has a result already.")


class NoContact(Conflict):
    """Nobody whom the family knows is named yet."""

    code = "contact_missing"
    message = _("Only somebody whom this family knows may ask. Name the contact first.")


class AskedTooSoon(Conflict):
    """A family that refused is asked again after six months, not sooner (E5)."""

    code = "asked_too_soon"
    message = _("This family refused. It may be asked again on %(day)s, not sooner.")


class NotAContact(Invalid):
    """A contact works for the family's village."""

    code = "not_a_contact"
    message = _("The contact has to be somebody who works for this village.")


class UnknownReason(Invalid):
    """The reason is no entry of the list."""

    code = "bad_code"
    message = _("Choose a reason from the list.")


def name_contact(*, target: SurveyTarget, contact: User, reason: str, actor: Actor, now: datetime) -> SurveyTarget:
    """From now on this one asks the family, and nobody else knows of it. Raises SettledAlready, NotAContact."""
    held = _open(target)
    today = timezone.localdate(now)
    if not held.by_contact or not contacts.works_for(contact.pk, held.unit_path, today):
        raise NotAContact([FieldProblem("/contact", NotAContact.code, NotAContact.message)])
    held.contact = contact
    _save(held, "contact")
    _tell("survey_target.contact_named", held, actor, now, {"contact": contact.name}, reason)
    return held


def begin(*, target: SurveyTarget, case: Case, instance_id: UUID | None, now: datetime) -> None:
    """The run of household intake that is to settle it."""
    target.case, target.instance_id = case, instance_id
    _save(target, "case", "instance_id")


def check_askable(target: SurveyTarget, now: datetime) -> SurveyTarget:
    """The target under lock, to be begun. Raises SettledAlready, AskedTooSoon, NoContact."""
    held = _open(target)
    if asked_too_soon(held.family, timezone.localdate(now)):
        raise AskedTooSoon(params={"day": ask_again_on(held.family)})
    held.by_contact = held.by_contact or held.family.is_special  # it may have lost its child since it was listed
    if held.by_contact and held.contact_id is None:
        raise NoContact
    return held


def settle(*, family: Family, survey: Survey, result: str, actor: Actor, now: datetime) -> int:
    """A survey has a result: what is open for the family in any round is settled by it, also when it had been marked as
    not reached. How many targets that were."""
    rows = SurveyTarget.objects.select_for_update(of=("self",)).filter(family=family, state__in=LATE)
    settled = list(rows)
    for row in settled:
        row.state, row.survey, row.reason, row.note = RESULTS[result], survey, "", ""
        _sign(row, actor, now)
        _save(row, "state", "survey", "reason", "note", "settled_at", "settled_by", "settled_label")
    return len(settled)


def give_reason(
    *, targets: Sequence[SurveyTarget], reason: str, note: str, actor: Actor, now: datetime
) -> list[SurveyTarget]:
    """Why these families were not reached, signed by whoever says so; a later survey still counts. All or none.

    Raises UnknownReason, SettledAlready.
    """
    if reason not in codes.choices("survey_missed", day=timezone.localdate(now)):
        raise UnknownReason([FieldProblem("/reason", UnknownReason.code, UnknownReason.message)])
    with collect():
        return [_missed(_open(target), reason, note, actor, now) for target in targets]


def _missed(held: SurveyTarget, reason: str, note: str, actor: Actor, now: datetime) -> SurveyTarget:
    held.state, held.reason, held.note = SurveyTarget.State.NOT_REACHED, reason, note
    _sign(held, actor, now)
    _save(held, "state", "reason", "note", "settled_at", "settled_by", "settled_label")
    _tell("survey_target.not_reached", held, actor, now, {"survey_missed": reason})
    return held


def _open(target: SurveyTarget) -> SurveyTarget:
    rows = SurveyTarget.objects.select_for_update(of=("self",)).select_related("round__unit", "family__unit")
    held = rows.get(pk=target.pk)
    if held.state not in LATE:
        raise SettledAlready
    return held


def _sign(row: SurveyTarget, actor: Actor, now: datetime) -> None:
    row.settled_at, row.settled_by_id, row.settled_label = now, actor.user_id, actor.label


def _save(row: SurveyTarget, *fields: str) -> None:
    row.version += 1
    row.save(update_fields=[*fields, "version"])


def _tell(action: str, row: SurveyTarget, actor: Actor, now: datetime, data: dict[str, str], reason: str = "") -> None:
    label, path = row.family.label, row.unit_path
    record(action=action, object=row, label=label, unit_path=path, actor=actor, now=now, data=data, reason=reason)
