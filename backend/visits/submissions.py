"""Records that telephones send, whenever they find a network: each once, none lost, none over another's head.

**The rule.** A telephone gives each record an id and says which version of the visit's record it knew (`based_on`;
none: it knew of no record). What comes in

1. under a known id is answered as before: a cut line costs nothing but the repetition;
2. about a visit without a record becomes its record;
3. saying what the record says already is taken over, and changes nothing;
4. based on the record as it stands is a correction of it;
5. based on anything else is a *conflict*: both are kept, and a person who may see both decides.

What the form or the clock refuses leaves no trace here: it stays on the telephone until somebody has mended it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case
from backend.cases.surveys import answers_of
from backend.core.crypto import encrypt
from backend.core.errors import Conflict, StaleVersion
from backend.helpers.models import Pairing
from backend.org.access import Actor
from backend.visits.models import Submission, Visit
from backend.visits.visits import IdTaken, amend_visit, have_looked_through, record_contact


class SubmissionTaken(Conflict):
    """The id of this submission was used for another record, or by somebody else."""

    code = "submission_taken"
    message = _("This record's id belongs to another record.")


class NothingToDecide(Conflict):
    """The submission is no conflict, or not any more."""

    code = "nothing_to_decide"
    message = _("There is nothing to decide here any more.")


def submit(
    *,
    id: UUID,
    visit_id: UUID,
    case: Case,
    pairing: Pairing | None,
    answers: Mapping[str, Any],
    based_on: int | None,
    reason: str,
    device_at: datetime | None,
    actor: Actor,
    now: datetime,
) -> Submission:
    """Take in a record by the rule above. `reason`: why a record is corrected.

    Raises SubmissionTaken, IdTaken (the visit is another family's), BadRecord.
    """
    known = _known(id)
    if known is not None:
        return _same(known, visit_id, answers, actor)
    given = Submission(
        id=id,
        visit_id=visit_id,
        state=Submission.State.CONFLICT,
        based_on=based_on,
        answers=_text(answers),
        sent_by_id=cast(UUID, actor.user_id),  # telephones are people's: the system sends nothing
        sent_by_label=actor.label,
        device_at=device_at,
        created_at=now,
    )
    try:
        with transaction.atomic():
            # The row first: of two equal submissions at the same moment the second waits here for the first one's end.
            given.save(force_insert=True)
            _take_in(given, answers, case, pairing, reason, actor, now)
    except IntegrityError:
        known = _known(id)
        if known is None:
            raise
        return _same(known, visit_id, answers, actor)
    return given


def decide_conflict(
    *, submission: Submission, answers: Mapping[str, Any], actor: Actor, now: datetime, version: int | None = None
) -> Submission:
    """A person says what the record is to say: `answers` in full, chosen from both or joined.

    `version`: the visit's version that was shown beside it. Raises NothingToDecide, StaleVersion, BadRecord.
    """
    visit = _locked(submission.visit_id)
    held = Submission.objects.select_for_update(of=("self",)).get(pk=submission.pk)
    if visit is None or held.state != Submission.State.CONFLICT:
        raise NothingToDecide
    if version is not None and version != visit.version:
        raise StaleVersion
    before = answers_of(visit.answers)
    changed = amend_visit(
        visit=visit,
        answers=_changes(before, answers),
        reason=str(_("Two records of this visit said different things.")),
        actor=actor,
        now=now,
    )
    held.visit, held.state, held.version = changed, Submission.State.DECIDED, changed.version
    held.decided_by_id, held.decided_by_label, held.decided_at = actor.user_id, actor.label, now
    held.save(update_fields=["state", "version", "decided_by", "decided_by_label", "decided_at"])
    sent = answers_of(held.answers)
    both = {"sent": _part(sent, differing(sent, before)), "recorded": _part(before, differing(sent, before))}
    _tell("visit.conflict_decided", held, actor, now, both)
    return held


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The fields in which two records differ, sorted."""
    return sorted(key for key in {*one, *other} if one.get(key) != other.get(key))


def _take_in(
    given: Submission,
    answers: Mapping[str, Any],
    case: Case,
    pairing: Pairing | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Rules 2 to 5."""
    visit = _locked(given.visit_id)
    if visit is None or not visit.is_recorded:
        visit = record_contact(
            id=given.visit_id,
            case=case,
            pairing=pairing,
            answers=answers,
            device_at=given.device_at,
            actor=actor,
            now=now,
        ).visit
    if visit.family_id != case.family_id:
        raise IdTaken
    recorded = answers_of(visit.answers)
    if recorded != answers_of(given.answers) and given.based_on == visit.version:
        visit = amend_visit(visit=visit, answers=_changes(recorded, answers), reason=reason, actor=actor, now=now)
        recorded = answers_of(visit.answers)
    given.visit = visit
    if recorded == answers_of(given.answers):
        given.state, given.version = Submission.State.STORED, visit.version
        given.save(update_fields=["state", "version"])
    else:
        sent = answers_of(given.answers)
        _tell("visit.conflict_found", given, actor, now, {"sent": _part(sent, differing(sent, recorded))})
        have_looked_through(visit, submission=given.pk)  # danger does not wait until somebody says which one counts


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What has to change, so that a record says `after` and nothing else: what it does not say becomes None."""
    return {key: after.get(key) for key in {*before, *after}}


def _locked(visit_id: UUID) -> Visit | None:
    return Visit.objects.select_for_update(of=("self",)).select_related("case", "family").filter(pk=visit_id).first()


def _known(id: UUID) -> Submission | None:
    return Submission.objects.select_related("visit__case", "visit__family").filter(pk=id).first()


def _same(known: Submission, visit_id: UUID, answers: Mapping[str, Any], actor: Actor) -> Submission:
    """The submission again, when it is the same one."""
    same = (known.sent_by_id, known.visit_id) == (actor.user_id, visit_id)
    if not same or answers_of(known.answers) != answers_of(_text(answers)):
        raise SubmissionTaken
    return known


def _text(answers: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in answers.items() if value is not None}, ensure_ascii=False)


def _part(answers: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: answers.get(name) for name in names}


def _tell(action: str, given: Submission, actor: Actor, now: datetime, values: Mapping[str, Any]) -> None:
    """Into the visit's history: which fields, and sealed what they said."""
    visit = given.visit
    fields = sorted({name for each in values.values() for name in each})
    sealed = encrypt(json.dumps(dict(values), ensure_ascii=False)).hex()
    data = {"submission": str(given.pk), "fields": fields, "sealed_values": sealed}
    record(action=action, object=visit, label=visit.family.label, actor=actor, now=now, data=data)
