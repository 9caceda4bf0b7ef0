"""Visits: planned, recorded, missed, amended. A record comes from a work item's form or by itself from a telephone.

**One rule for records that come by themselves** (`record_contact`): the visit is written at once; whatever run of a
process waits for it is told by the message `visit_recorded`, queued in the same transaction, and goes on as if its work
item had been completed. One visit serves all programmes (domain.md E6): every plan of the family whose window was open
when the visit was made is replaced by it, and its run told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case, Family
from backend.cases.surveys import answers_of
from backend.core import prepared
from backend.core.crypto import encrypt
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed, StaleVersion
from backend.core.jobs import enqueue
from backend.core.models import new_id
from backend.helpers.models import Helper, Pairing, StandIn
from backend.org import parameters
from backend.org.access import Actor
from backend.org.powers import is_behind
from backend.visits.cadence import CLOCK_DRIFT, Lateness, Rules, Window, is_sampled, lateness
from backend.visits.models import RECORDED, FollowUp, Visit

Result = Literal["met", "not_met", "refused"]
STATES: Mapping[str, Visit.State] = {
    "met": Visit.State.DONE,
    "not_met": Visit.State.NOT_MET,
    "refused": Visit.State.REFUSED,
}
AWAITED = Q(state=Visit.State.PLANNED) | Q(state=Visit.State.MISSED, instance_id__isnull=False)
"""A visit that can still be made; what the helper missed, the village worker makes while a run waits for it."""
CHANNELS = frozenset({"home", "phone", "video", "group", "other"})
OLDEST = timedelta(days=366)
"""A visit of more than a year ago is not entered as a visit any more."""


class AlreadyRecorded(Conflict):
    """There is a record of this visit."""

    code = "visit_already_recorded"
    message = _("This visit has been recorded already.")


class VisitOver(Conflict):
    """The visit was cancelled or replaced."""

    code = "visit_over"
    message = _("This visit was cancelled or replaced by another one.")


class IdTaken(Conflict):
    """The id made by the device names a visit of another family."""

    code = "visit_id_taken"
    message = _("This id belongs to another visit.")


class OwnRecord(NotAllowed):
    """Four eyes: whoever recorded a visit neither calls the family back about it nor lets it count (domain.md 3.0)."""

    code = "own_visit_record"
    message = _("You recorded this visit yourself: somebody else has to check it.")


class PairingSuspended(NotAllowed):
    """While a pairing is suspended its helper neither sees nor visits the family."""

    code = "pairing_suspended"
    message = _("This pairing is suspended at present: somebody else goes until it is settled.")


class BadRecord(Invalid):
    """The record contradicts itself or the clock."""

    code = "bad_visit_record"
    message = _("The record of this visit is not right.")


class NotRecorded(Conflict):
    """Only a record can be amended or decided on."""

    code = "visit_not_recorded"
    message = _("There is no record of this visit yet.")


class NoReason(Invalid):
    """A change of a record needs a reason."""

    code = "reason_missing"
    message = _("Please give a reason.")


@dataclass(frozen=True)
class Recorded:
    """A visit as it was recorded, and what the process that waits for it needs to know."""

    visit: Visit
    result: str
    record_state: Lateness
    call_back: bool

    def as_message(self, *, looked_into: bool) -> dict[str, Any]:
        """The data of `visit_recorded`. `looked_into`: another run follows up what was found and calls back (E6)."""
        return {
            "visit": str(self.visit.pk),
            "visit_result": self.result,
            "record_state": "in_time" if looked_into else self.record_state,
            "call_back": self.call_back and not looked_into,
            "looked_into": looked_into,
        }


@dataclass(frozen=True)
class LastContacts:
    """When somebody of the family was met last, and what was agreed then; when last tried, and missed."""

    met: datetime | None
    agreed: date | None
    tried: datetime | None
    missed: date | None

    def before(self, moment: datetime | None) -> bool:
        """Whether nobody was there since that moment, if there was one."""
        return moment is not None and all(each is None or each < moment for each in (self.met, self.tried))


def rules_for(path: str, day: date) -> Rules:
    """The numbers in force at a place on a day: parameter `visit.rules`, a mapping that overrides single ones."""
    return Rules(**parameters.value("visit.rules", path=path, day=day, default={}))


def plan_visit(
    *,
    case: Case,
    window: Window,
    channel: str,
    actor: Actor,
    now: datetime,
    pairing: Pairing | None = None,
    helper: Helper | None = None,
    instance_id: UUID | None = None,
    is_paused: bool = False,
) -> Visit:
    """Plan a visit. `helper`: who is to go, the pairing's or a stand-in; none: the village worker.

    `instance_id`: the run that waits for it and is told when it is recorded elsewhere. `is_paused`: the family's time
    stands still: it is for afterwards.
    """
    visit = Visit.objects.create(
        family=case.family,
        case=case,
        pairing=pairing,
        helper=helper,
        planned_for=window.day,
        opens_at=window.opens_at,
        due_at=window.due_at,
        channel=channel,
        instance_id=instance_id,
        paused_at=now if is_paused else None,
        created_at=now,
    )
    data = {"planned_for": window.day.isoformat(), "channel": channel}
    record(action="visit.planned", object=visit, label=case.family.label, actor=actor, now=now, data=data)
    return visit


def record_visit(
    *,
    visit_id: UUID,
    answers: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    device_at: datetime | None = None,
    answering: UUID | None = None,
) -> Recorded:
    """Write down what a visit found (F07). A record after 48 h is late and needs a reason; after 7 days it is held for
    the supervisor and counts only when allowed (E20). Device time and recording time stand side by side in history.

    `answering`: the run whose work item this answers; it needs no message.
    Raises AlreadyRecorded, VisitOver, BadRecord.
    """
    held = _awaited(visit_id)
    return _write(held, answers, actor, now, device_at, answering)


def record_contact(
    *,
    case: Case,
    answers: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    id: UUID | None = None,
    pairing: Pairing | None = None,
    device_at: datetime | None = None,
) -> Recorded:
    """Record a visit outside its work item: a planned one by its id, or one that nobody planned.

    `id` may be made by the device: the same id twice is one visit, and the second time changes nothing. A planned visit
    that was replaced in the meantime becomes an extra one: nobody's record is lost. Raises IdTaken, BadRecord.
    """
    known = _known(id, case)
    if known is not None:
        return _record_known(known, answers, actor, now, device_at)
    visit = Visit(
        id=id or new_id(),
        family=case.family,
        case=case,
        pairing=pairing,
        helper=_who_went(pairing, actor, timezone.localdate(now)) if pairing else None,
        is_extra=True,
        created_at=now,
    )
    try:
        with transaction.atomic():
            return _write(visit, answers, actor, now, device_at, None)
    except IntegrityError:
        # The same record came in twice at the same moment: the first one counts.
        known = _known(id, case)
        if known is None:
            raise
        return _as_recorded(known)


def _who_went(pairing: Pairing, actor: Actor, day: date) -> Helper:
    """The stand-in when it is the stand-in who records, else the pairing's helper."""
    rows = StandIn.objects.on(day).filter(pairing=pairing).select_related("helper")
    row = rows.filter(helper__user_id=actor.user_id).first() if actor.user_id else None
    return row.helper if row is not None and row.helper is not None else pairing.helper


def _record_known(
    known: Visit, answers: Mapping[str, Any], actor: Actor, now: datetime, device_at: datetime | None
) -> Recorded:
    if known.state in RECORDED:
        return _as_recorded(known)
    if not _is_awaited(known):
        # The run that planned it has gone on to the next visit: it must not take this record for that one.
        known.is_extra, known.instance_id = True, None
        return _write(known, answers, actor, now, device_at, None)
    return record_visit(visit_id=known.pk, answers=answers, actor=actor, now=now, device_at=device_at)


def miss_visit(*, visit: Visit, actor: Actor, now: datetime) -> Visit:
    """The helper did not come in time. It is said kindly and counts against nobody; the village worker goes instead.

    Raises AlreadyRecorded, VisitOver.
    """
    held = _awaited(visit.pk)
    if held.state == Visit.State.PLANNED:
        held.state, held.missed_at, held.version = Visit.State.MISSED, now, held.version + 1
        held.save(update_fields=["state", "missed_at", "version"])
        data = {"planned_for": held.planned_for.isoformat() if held.planned_for else None}
        _tell("visit.missed", held, actor, now, data)
    return held


def cancel_visits(*, case: Case, reason: str, actor: Actor, now: datetime, pairing: Pairing | None = None) -> int:
    """Take back the plans of a case (of one pairing); what was missed stays missed. Returns how many."""
    rows = Visit.objects.select_for_update(of=("self",)).filter(case=case, state=Visit.State.PLANNED)
    if pairing is not None:
        rows = rows.filter(pairing=pairing)
    held = list(rows)
    # Nobody waits any more for what was missed.
    Visit.objects.filter(case=case, state=Visit.State.MISSED, instance_id__isnull=False).update(instance_id=None)
    for visit in held:
        visit.state, visit.version = Visit.State.CANCELLED, visit.version + 1
        visit.save(update_fields=["state", "version"])
        _tell("visit.cancelled", visit, actor, now, {"reason_code": reason})
    return len(held)


def decide_late_record(*, visit: Visit, allow: bool, reason: str, actor: Actor, now: datetime) -> Visit:
    """The supervisor lets a record of more than 7 days count, or not: then the visit was missed (E20).

    Raises NotRecorded when no record is held, OwnRecord.
    """
    held = prepared.found(Visit, visit.pk, follow=("case",), lock=True)
    if held.state != Visit.State.HELD:
        raise NotRecorded
    _check_other(held, actor, now)
    result = answers_of(held.answers).get("visit_result", "met")
    held.state = STATES[result] if allow else Visit.State.MISSED
    held.instance_id = None
    held.version += 1
    held.save(update_fields=["state", "instance_id", "version"])
    follow_up(visit=held, kind="late_record", result="allow" if allow else "refuse", answers={}, actor=actor, now=now)
    action = "visit.late_record_allowed" if allow else "visit.late_record_refused"
    _tell(action, held, actor, now, {}, reason)
    return held


def amend_visit(
    *,
    visit: Visit,
    answers: Mapping[str, Any],
    reason: str,
    actor: Actor,
    now: datetime,
    version: int | None = None,
) -> Visit:
    """Correct a record: the fields given are replaced, those given as None removed. History keeps who, why, which
    fields, and what they said before, sealed. Raises NotRecorded, StaleVersion, NoReason, BadRecord.
    """
    if not reason.strip():
        raise NoReason([FieldProblem("/reason", NoReason.code, NoReason.message)])
    held = prepared.found(Visit, visit.pk, follow=("case",), lock=True)
    if held.state not in RECORDED:
        raise NotRecorded
    if version is not None and version != held.version:
        raise StaleVersion
    before = answers_of(held.answers)
    after = {**before, **{key: _plain(value) for key, value in answers.items()}}
    after = {key: value for key, value in after.items() if value is not None}
    changed = sorted(key for key in {*before, *after} if after.get(key) != before.get(key))
    if not changed:
        return held
    _set_answers(held, after, held.recorded_at or now)
    if held.state != Visit.State.HELD:
        held.state = STATES[str(after["visit_result"])]
    held.amended_by_id = actor.user_id
    held.version += 1
    held.save()
    sealed = encrypt(json.dumps({key: before.get(key) for key in changed}, ensure_ascii=False)).hex()
    _tell("visit.amended", held, actor, now, {"fields": changed, "sealed_before": sealed}, reason)
    have_looked_through(held)
    return held


def follow_up(
    *, visit: Visit, kind: str, result: str, answers: Mapping[str, Any], actor: Actor, now: datetime
) -> FollowUp:
    """What was done because of a visit: emergency, follow_up, call_back, late_record. The answers are encrypted.

    Raises OwnRecord when somebody would call back about a visit of one's own recording.
    """
    if kind == "call_back":
        _check_other(visit, actor, now)
    row = FollowUp.objects.create(
        visit=visit,
        kind=kind,
        result=result,
        answers=json.dumps(dict(answers), ensure_ascii=False, default=str) if answers else "",
        done_by_id=actor.user_id,
        done_by_label=actor.label,
        done_at=now,
        created_at=now,
    )
    if kind != "late_record":
        _tell(f"visit.{kind}_recorded", visit, actor, now, {"result": result})
    return row


def _check_other(visit: Visit, actor: Actor, now: datetime) -> None:
    """A record may come by a work item, a telephone or the API: who made it stands in the visit, not in the process."""
    if is_behind(actor, visit.recorded_by_id, day=timezone.localdate(now)):
        raise OwnRecord


def note_flags(*, visit: Visit, flags: Iterable[str]) -> None:
    """Keep the red flags that table D07 found beside the visit; the decision itself is in the history."""
    found = sorted(set(flags) - {"none"})
    if found != visit.red_flags:
        visit.red_flags = found
        visit.save(update_fields=["red_flags"])


def unanswered(family: Family) -> int:
    """How many visits in a row nobody answered, up to the last one that met somebody."""
    count = 0
    for (state,) in _last_answers(family.pk):
        if state != Visit.State.NOT_MET:
            break
        count += 1
    return count


def last_contacts(family: Family) -> LastContacts:
    """What the next visit is planned by."""
    [met] = _last_met(family.pk) or [(None, None)]
    [tried] = _last_tried(family.pk) or [(None,)]
    [missed] = _last_missed(family.pk) or [(None,)]
    return LastContacts(met=met[0], agreed=met[1], tried=tried[0], missed=missed[0])


def _of_family(family: UUID, *states: Visit.State) -> models.QuerySet[Visit]:
    return Visit.objects.filter(family=family, state__in=states)


_last_answers = prepared.question(
    lambda family: (
        _of_family(family, Visit.State.DONE, Visit.State.NOT_MET)
        .order_by("-started_at", "-id")
        .values_list("state")[:10]
    )
)
_last_met = prepared.question(
    lambda family: _of_family(family, Visit.State.DONE).order_by("-started_at").values_list("started_at", "next_on")[:1]
)
_last_tried = prepared.question(
    lambda family: (
        _of_family(family, Visit.State.NOT_MET, Visit.State.REFUSED)
        .order_by("-started_at")
        .values_list("started_at")[:1]
    )
)
_last_missed = prepared.question(
    lambda family: _of_family(family, Visit.State.MISSED).order_by("-due_at").values_list("planned_for")[:1]
)


def _write(
    visit: Visit,
    answers: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    device_at: datetime | None,
    answering: UUID | None,
) -> Recorded:
    """The record into its row, into history, and to whoever waits for it."""
    plain = {key: _plain(value) for key, value in answers.items()}
    _set_answers(visit, plain, now)
    _check_spell(visit, actor, now)
    rules = rules_for(visit.case.unit_path, timezone.localdate(now))
    state = lateness(ended_at=visit.ended_at or visit.started_at or now, recorded_at=now, rules=rules)
    visit.late_reason = str(plain.get("late_reason") or "")[:400]
    if state != "in_time" and not visit.late_reason.strip():
        raise BadRecord([FieldProblem("/late_reason", "missing", _("Say why the record comes late."))])
    result = str(plain["visit_result"])
    visit.state = Visit.State.HELD if state == "blocked" else STATES[result]
    visit.is_late = state != "in_time"
    visit.recorded_at, visit.recorded_by_id, visit.recorded_by_label = now, actor.user_id, actor.label
    visit.device_at = device_at
    visit.is_sampled = is_sampled(visit.pk, percent=rules.sample_percent)
    if not visit._state.adding:
        visit.version += 1
    visit.save()
    recorded = Recorded(visit, result, state, visit.is_sampled or _often_missed(visit))
    _tell("visit.recorded", visit, actor, now, _told(visit, result, state), visit.late_reason)
    _pass_on(recorded, actor, now, answering)
    return recorded


def _check_spell(visit: Visit, actor: Actor, now: datetime) -> None:
    """A helper's own record is about a day of the spell, and of a pairing that is not suspended.

    Raises BadRecord, PairingSuspended.
    """
    pairing = visit.pairing
    if pairing is None or actor.user_id is None or pairing.helper.user_id != actor.user_id:
        return
    day = timezone.localdate(visit.started_at or now)
    if day < pairing.from_date:
        raise BadRecord([FieldProblem("/started_at", "before_spell", _("The pairing had not begun on that day."))])
    if pairing.to_date is not None and day > pairing.to_date:  # that day itself: before the hour it ended at
        raise BadRecord([FieldProblem("/started_at", "after_spell", _("The pairing was over on that day."))])
    if any(pairing.is_suspended(each) for each in {day, timezone.localdate(now)}):
        raise PairingSuspended


def _set_answers(visit: Visit, plain: Mapping[str, Any], recorded_at: datetime) -> None:
    """The answers into the row; raises BadRecord."""
    started, ended = _time(plain, "started_at"), _time(plain, "ended_at")
    problems = []
    if started is None:
        problems.append(FieldProblem("/started_at", "missing", _("Say when the visit was.")))
    elif started > recorded_at + CLOCK_DRIFT or (ended and ended > recorded_at + CLOCK_DRIFT):
        problems.append(FieldProblem("/started_at", "in_future", _("This has not happened yet.")))
    elif started < recorded_at - OLDEST:
        problems.append(FieldProblem("/started_at", "too_old", _("This is too long ago.")))
    if started and ended and ended < started:
        problems.append(FieldProblem("/ended_at", "before_start", _("The end lies before the beginning.")))
    if plain.get("visit_result") not in STATES:
        problems.append(FieldProblem("/visit_result", "enum", _("Choose one of the given answers.")))
    if plain.get("channel", visit.channel) not in CHANNELS:
        problems.append(FieldProblem("/channel", "enum", _("Choose one of the given answers.")))
    if problems:
        raise BadRecord(problems)
    visit.started_at, visit.ended_at = started, ended
    visit.channel = str(plain.get("channel", visit.channel))
    visit.next_on = date.fromisoformat(str(plain["next_on"])) if plain.get("next_on") else None
    visit.is_shared = bool(plain.get("share_with_successor"))
    visit.answers = json.dumps(dict(plain), ensure_ascii=False)


def _time(plain: Mapping[str, Any], key: str) -> datetime | None:
    """A point in time out of the answers; without an offset it is local time."""
    text = plain.get(key)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise BadRecord([FieldProblem(f"/{key}", "format", _("This is not a valid date or time."))]) from error
    return found if found.tzinfo else timezone.make_aware(found)


def _pass_on(recorded: Recorded, actor: Actor, now: datetime, answering: UUID | None) -> None:
    """Tell the runs that wait for this visit, or for one that it stands for: one of them follows up what was found."""
    visit = recorded.visit
    told = {visit.instance_id}
    leader = answering or visit.instance_id
    if recorded.result == "met":
        for plan in _plans_served(visit):
            plan.state, plan.replaced_by, plan.version = Visit.State.CANCELLED, visit, plan.version + 1
            plan.save(update_fields=["state", "replaced_by", "version"])
            _tell("visit.replaced", plan, actor, now, {"by": str(visit.pk)})
            told.add(plan.instance_id)
    for instance_id in sorted(str(each) for each in told if each and each != answering):
        enqueue(
            "processes.message",
            lock=f"instance:{instance_id}",
            instance_id=instance_id,
            name="visit_recorded",
            data=recorded.as_message(looked_into=leader is not None and instance_id != str(leader)),
            actor=actor.as_json(),
        )
        leader = leader or UUID(instance_id)
    is_held = recorded.record_state == "blocked"
    if leader is None or is_held:  # nobody waits for it, or only the supervisor: danger is reported all the same (E8)
        have_looked_through(visit)
    if leader is None and is_held:
        have_decided(visit)


def have_looked_through(visit: Visit, *, submission: UUID | None = None) -> None:
    """Danger in the record as it is now, or in another one that was sent of the visit, is reported (D07, E8). Once:
    what a visit has become an emergency for stays one."""
    enqueue(
        "processes.look_through", lock=f"visit:{visit.pk}", visit_id=str(visit.pk),
        submission_id=str(submission) if submission else None,
    )  # fmt: skip


def have_decided(visit: Visit) -> None:
    """The supervisor is asked about a record that is held and that no run waits for (E20)."""
    enqueue("processes.begin", lock=f"visit:{visit.pk}", noun="late_record", id=str(visit.pk))


def _plans_served(visit: Visit) -> list[Visit]:
    """Plans of the family that this visit fulfils as well: their window was open, and their channel is no stricter."""
    rows = Visit.objects.select_for_update(of=("self",)).select_related("case")
    rows = rows.filter(AWAITED, family=visit.family_id, opens_at__lte=visit.started_at).exclude(pk=visit.pk)
    if visit.channel != "home":
        rows = rows.filter(channel=visit.channel)
    return list(rows)


def _often_missed(visit: Visit) -> bool:
    """High risk and missed twice in a row before: such a record is always called back (P03 step 5)."""
    if visit.family.risk_tier != "A":
        return False
    before = Visit.objects.filter(family=visit.family_id, due_at__isnull=False).exclude(pk=visit.pk)
    last = list(before.order_by("-due_at", "-id").values_list("missed_at", flat=True)[:2])
    return len(last) == 2 and all(last)


def _awaited(visit_id: UUID) -> Visit:
    held = Visit.with_visitor(visit_id, lock=True)
    if held.state in RECORDED:
        raise AlreadyRecorded
    if not _is_awaited(held):
        raise VisitOver
    return held


def _is_awaited(visit: Visit) -> bool:
    """The same as AWAITED, of a row."""
    if visit.state == Visit.State.MISSED:
        return visit.instance_id is not None
    return visit.state == Visit.State.PLANNED


def _known(id: UUID | None, case: Case) -> Visit | None:
    """The visit with this id. Raises IdTaken when it is another family's."""
    if id is None:
        return None
    visit = Visit.objects.select_related("case", "family").filter(pk=id).first()
    if visit is None:
        return None
    if visit.family_id != case.family_id:
        raise IdTaken
    return visit


def _as_recorded(visit: Visit) -> Recorded:
    """What was answered when the visit was recorded first."""
    result = str(answers_of(visit.answers).get("visit_result", ""))
    state: Lateness = "blocked" if visit.state == Visit.State.HELD else "late" if visit.is_late else "in_time"
    return Recorded(visit, result, state, visit.is_sampled)


def _told(visit: Visit, result: str, state: str) -> dict[str, Any]:
    return {
        "result": result,
        "channel": visit.channel,
        "started_at": _plain(visit.started_at),
        "ended_at": _plain(visit.ended_at),
        "recorded_at": _plain(visit.recorded_at),
        "device_at": _plain(visit.device_at),
        "record_state": state,
        "extra": visit.is_extra,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _tell(action: str, visit: Visit, actor: Actor, now: datetime, data: Mapping[str, Any], reason: str = "") -> None:
    label = visit.family.label
    record(action=action, object=visit, label=label, actor=actor, now=now, data=data, reason=reason)
