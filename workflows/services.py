"""The verbs by which doors move processes: the same for the API, the pages, jobs and commands.

Each verb takes the time as an argument, runs in its caller's transaction (the door owns it), leaves either everything
or nothing behind, and writes its events together with what it did.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.cases.models import Case
from backend.core.crypto import decrypt, encrypt
from backend.core.errors import Conflict, FieldProblem, Invalid, StaleVersion
from backend.core.jobs import enqueue
from backend.org.access import SYSTEM, Actor
from backend.org.models import User
from backend.org.roles import ACTIONS, DESKS, INDEPENDENT
from workflows import store
from workflows.authority import (
    AlreadyDone,
    FourEyes,
    NotYours,
    Taken,
    check_free,
    grant_for,
    is_told,
    may_do,
    onlooker,
    overseer,
    stands_in,
)
from workflows.chronicle import decision, record_instance, record_item, told
from workflows.engine.definition import Definition, Node
from workflows.engine.forms import choice_title, localise, required_now, shown_now, validate
from workflows.engine.runner import Run
from workflows.facts import EXPLAINED_BY, Fact, Offered, Ranking, in_words, offered, ranking
from workflows.messages import problem_text
from workflows.models import Instance, Process, Trace, WorkItem, WorkItemQuerySet

STAYING = (*(DESKS - {"committee"}), *INDEPENDENT)
"""Roles whose items do not move with the family."""

DRAFT_LIMIT = 200_000
"""Characters of JSON that a draft may have."""


class NotForThem(Invalid):
    """The other person cannot do this work item."""

    code = "not_for_them"
    message = _("That person cannot do this: another role or place, left, or excluded by the four-eyes rule.")


class BadAnswers(Invalid):
    """The answers do not fit the form."""

    code = "bad_answers"
    message = _("Some answers are missing or not right.")


class NotRunning(Conflict):
    """The instance has ended."""

    code = "not_running"
    message = _("This process has ended.")


class ReasonMissing(Invalid):
    """A reason is needed."""

    code = "reason_missing"
    message = _("Please give a reason.")


class DateNotAhead(Invalid):
    """The date has to lie in the future."""

    code = "date_not_ahead"
    message = _("Please choose a time in the future.")


@dataclass(frozen=True)
class Form:
    """A work item's form for one language: JSON Schema, what was typed so far, values and facts known beforehand."""

    schema: Mapping[str, Any]
    draft: Mapping[str, Any] | None
    values: Mapping[str, Any]
    facts: Mapping[str, Any]
    told: Sequence[Fact]
    """The facts in words."""
    offered: Mapping[str, Sequence[Offered]]
    """By field: the rows that can be chosen."""
    ranking: Ranking | None
    """Helpers who may be asked, side by side."""


@dataclass(frozen=True)
class FormState:
    """A form as it stands with some answers: the fields asked for and needed now, and what is wrong."""

    shown: Sequence[str]
    required: Sequence[str]
    errors: Sequence[FieldProblem]


# --- instances -------------------------------------------------------------------------------------------------------


def start(
    *,
    process: str,
    case: Case | None,
    data: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
    parent_id: UUID | None = None,
) -> Instance:
    """Begin the newest version of a process for a case and walk it to its first waits.

    Raises NotDeployed when there is no such process.
    """
    with collect():
        instance = Instance(process=Process.objects.newest(process), case=case, parent_id=parent_id, created_at=now)
        record_instance(instance, "instance.started", actor, now)
        run = store.begin(instance, data=data or {}, actor=actor, now=now)
        store.save(instance, run, before=(), actor=actor, now=now)
        _settle(instance, run, now)
    return instance


def start_phase(
    *,
    process: str,
    case: Case,
    data: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
    parent_id: UUID | None,
) -> Instance | None:
    """Begin a process on behalf of an instance that waits for its end. None when that one has ended in the meantime:
    a family that moved or a case that was closed gets no new phase.

    The parent's row is locked while the phase begins, and nothing but the parent's: the phase is new, nobody has it.
    """
    if parent_id is not None and store.locked(parent_id).state != Instance.State.RUNNING:
        return None
    return start(process=process, case=case, data=data, actor=actor, now=now, parent_id=parent_id)


def send_message(*, instance_id: UUID, name: str, data: Mapping[str, Any], actor: Actor, now: datetime) -> bool:
    """Deliver a message to an instance. False when it waits for no such message: nothing happened then.

    Sending the same message twice is harmless: the second time nobody waits for it.
    """
    with collect():
        instance = store.locked(instance_id)
        if instance.state != Instance.State.RUNNING:
            return False
        run = store.restore(instance, actor=actor, now=now)
        before = list(run.waiting)
        if not run.send(name, dict(data)):
            return False
        record_instance(instance, "message.received", actor, now, data={"message": name, **_scalars(data)})
        store.save(instance, run, before=before, actor=actor, now=now)
        _settle(instance, run, now)
    return True


def send_to_case(*, case: Case, name: str, data: Mapping[str, Any], actor: Actor, now: datetime) -> int:
    """Queue a message to the instances that conduct a case; returns how many. They pass it on to the running phase.

    Queued, not sent: no two instances' locks are ever held together, and what is queued here is never lost.
    """
    ids = conductors(case)
    _queue_messages(ids, name, data, actor)
    return len(ids)


def send_to_phases(*, parent_id: UUID, name: str, data: Mapping[str, Any], actor: Actor) -> int:
    """Queue a message to the phases that run for an instance, not to what runs beside them; returns how many."""
    running = Instance.objects.filter(parent_id=parent_id, state=Instance.State.RUNNING)
    rows = running.select_related("process").defer("data", "process__files")
    ids = [row.pk for row in rows if not store.definition(row.process).beside]
    _queue_messages(ids, name, data, actor)
    return len(ids)


def _queue_messages(ids: Iterable[UUID], name: str, data: Mapping[str, Any], actor: Actor) -> None:
    for instance_id in ids:
        enqueue(
            "processes.message",
            lock=f"instance:{instance_id}",
            instance_id=str(instance_id),
            name=name,
            data=dict(data),
            actor=actor.as_json(),
        )


def conductors(case: Case) -> list[UUID]:
    """The instances that hear what is told about a case: its process, and surveys of a year (workflows.survey_rounds).
    What listens to no message at all (a finding) only runs beside it. Who starts something on behalf of the case, and
    is to hear of it, is its process alone (workflows.steps.needs.conductor_of)."""
    running = Instance.objects.filter(case=case, state=Instance.State.RUNNING, parent_id__isnull=True)
    rows = running.select_related("process").defer("data", "process__files")
    return [row.pk for row in rows if store.definition(row.process).messages]


def wake(*, instance_id: UUID, now: datetime) -> bool:
    """Fire the timers of an instance that are due, those that stand still excepted. False when it did not want to be
    woken (somebody else was faster)."""
    with collect():
        instance = store.locked(instance_id, skip_locked=True)
        if instance.state != Instance.State.RUNNING or instance.wake_at is None or instance.wake_at > now:
            return False
        run = store.restore(instance, actor=SYSTEM, now=now)
        if run.wake_at is not None and run.wake_at <= now:  # not so, when a pause moved or stopped its timers
            record_instance(instance, "timer.fired", SYSTEM, now, data={"due": instance.wake_at.isoformat()})
        before = list(run.waiting)
        run.wake()
        store.save(instance, run, before=before, actor=SYSTEM, now=now)
        _settle(instance, run, now)
    return True


def cancel(*, instance_id: UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Stop an instance: its open work items are cancelled, no timer fires any more. Stopping twice is harmless."""
    with collect():
        instance = store.locked(instance_id)
        if instance.state != Instance.State.RUNNING:
            return
        instance.state, instance.ended_at, instance.wake_at = Instance.State.CANCELLED, now, None
        instance.version += 1
        instance.save(update_fields=["state", "ended_at", "wake_at", "version"])
        WorkItem.objects.filter(instance=instance, state=WorkItem.State.OPEN).update(
            state=WorkItem.State.CANCELLED, ended_at=now, draft=None
        )
        record_instance(instance, "instance.cancelled", actor, now, reason=reason)


# --- work items ------------------------------------------------------------------------------------------------------


def claim(*, item: WorkItem, user: User, now: datetime, version: int | None = None) -> WorkItem:
    """Take an item: nobody else is offered it. Raises Taken, AlreadyDone, NotYours, FourEyes, StaleVersion."""
    row = _locked_item(item, version)
    grant = grant_for(row, user)
    check_free(row, user)
    if row.assignee_id == user.pk:
        return row
    return _reassign(row, user.pk, "work_item.claimed", grant.actor(user), now)


def release(*, item: WorkItem, user: User, now: datetime, version: int | None = None) -> WorkItem:
    """Give an item back to its queue; the draft stays. Raises NotYours when it is somebody else's."""
    row = _locked_item(item, version)
    grant = grant_for(row, user)
    if row.assignee_id is None:
        return row
    if row.role == "helper" or (row.assignee_id != user.pk and "work_item.assign" not in ACTIONS[grant.role]):
        raise NotYours
    return _reassign(row, None, "work_item.released", grant.actor(user), now)


def give_back(*, item: WorkItem, reason: str, user: User, now: datetime) -> WorkItem:
    """Put somebody's item back into its queue, as whoever assigns work there. Raises NotYours, ReasonMissing."""
    need_reason(reason)
    row = _locked_item(item, None)
    actor = overseer(row, user, "work_item.assign")
    return _reassign(row, None, "work_item.released", actor, now, reason=reason)


def delegate(
    *, item: WorkItem, to: User, reason: str, user: User, now: datetime, version: int | None = None
) -> WorkItem:
    """Hand an item to a colleague who can do it. Raises NotForThem when they cannot, ReasonMissing without a reason."""
    need_reason(reason)
    row = _locked_item(item, version)
    actor = overseer(row, user, "work_item.delegate")
    if str(to.pk) in row.excluded or not may_do(row, to):
        raise NotForThem
    return _reassign(row, to.pk, "work_item.delegated", actor, now, reason=reason, to=to.name)


def postpone(
    *, item: WorkItem, until: datetime, reason: str, user: User, now: datetime, version: int | None = None
) -> WorkItem:
    """Put an item off until a time, with a reason. It stays due when it was due. Raises DateNotAhead, ReasonMissing."""
    need_reason(reason)
    if until <= now:
        raise DateNotAhead
    row = _locked_item(item, version)
    actor = overseer(row, user, "work_item.postpone")
    row.postponed_until, row.postpone_reason = until, reason
    row.version += 1
    row.save(update_fields=["postponed_until", "postpone_reason", "version"])
    record_item(row, "work_item.postponed", actor, now, reason=reason, data={"until": until.isoformat()})
    return row


def save_draft(*, item: WorkItem, answers: Mapping[str, Any], user: User, now: datetime) -> WorkItem:
    """Keep what was typed so far, encrypted; unfinished answers are welcome. It is no event and moves nothing."""
    text = json.dumps(answers, ensure_ascii=False)
    if len(text) > DRAFT_LIMIT:
        raise BadAnswers([FieldProblem("/answers", "too_long", problem_text("too_long"))])
    row = _locked_item(item, None)
    grant_for(row, user)
    if row.assignee_id not in {None, user.pk} and not stands_in(row, user):
        raise Taken
    row.draft, row.draft_at = encrypt(text), now
    row.save(update_fields=["draft", "draft_at"])
    return row


def complete(
    *, item: WorkItem, answers: Mapping[str, Any], user: User, now: datetime, version: int | None = None
) -> WorkItem:
    """Complete a work item with its form's answers and walk the process to its next waits.

    Raises AlreadyDone, StaleVersion, Busy (409), NotYours, FourEyes (403), BadAnswers (422 with a pointer per field),
    and whatever rule of the domain a step refuses by. Nothing is changed then; the draft stays.
    """
    with collect():
        instance = store.locked(item.instance_id)
        definition = store.definition(instance.process)
        node = definition.nodes[item.step]
        row = copy(item)
        actor = _doer(row, node, instance, user, version)
        given = _checked(definition, node, answers)
        if not _finish(row, node, given, user, actor, now):
            row = _fresh(item)
            actor = _doer(row, node, instance, user, version)
            if not _finish(row, node, given, user, actor, now):
                raise store.Busy
        run = store.restore(instance, actor=actor, now=now)
        before = list(run.waiting)
        record_item(row, "work_item.completed", actor, now, data=told(definition, node, given))
        run.complete(row.token, given)
        store.save(instance, run, before=before, actor=actor, now=now, completed=row)
        _settle(instance, run, now)
    return row


def hand_out_next(*, user: User, now: datetime, items: WorkItemQuerySet) -> WorkItem | None:
    """Claim and return the most pressing item that nobody has: one statement finds and locks it, so that two people
    asking at the same moment get different ones. None when nothing is left."""
    row = (
        items.doable_by(user)
        .ready(now)
        .filter(assignee__isnull=True)
        .exclude(excluded__contains=[str(user.pk)])
        .order_by("due_at", "id")
        .select_for_update(skip_locked=True, of=("self",))
        .first()
    )
    if row is None:
        return None
    return _reassign(row, user.pk, "work_item.claimed", grant_for(row, user).actor(user), now)


def move_items(*, case: Case) -> int:
    """Bring a case's open work items to the inboxes of the place its family belongs to now, under the family's name;
    returns how many changed. The name changes when two households became one, or one became two again.

    Items of a partner unit and of auditors stay with them. Whoever had claimed one at the old place has it no longer.
    """
    changed = 0
    for item in WorkItem.objects.filter(case=case, state=WorkItem.State.OPEN):
        if fields := [*_placed(item, case), *store.renamed(item, case)]:
            item.version += 1
            item.save(update_fields=[*fields, "version"])
            changed += 1
    return changed


def _placed(item: WorkItem, case: Case) -> Sequence[str]:
    """Put the item where its role's work for the family is done; the fields that this changed."""
    if item.role in STAYING:
        return ()
    unit = store.unit_for(item.role, case.family.unit)
    if unit.pk == item.unit_id:
        return ()
    item.unit, item.unit_path = unit, unit.path
    item.assignee_id = item.assignee_id if item.role == "helper" else None
    return "unit", "unit_path", "assignee"


def form_of(item: WorkItem, *, user: User, language: str, now: datetime) -> Form:
    """The item's form in a language, its draft, the values known beforehand, and the facts that it is decided by.

    The draft is shown to who may do the item, nobody else; what is known, to who is told (`authority.is_told`).
    """
    forms = store.definition(item.instance.process).forms
    schema = forms[item.form]
    known = store.known(item, onlooker(item, user), now) if is_told(item, user) else {}
    draft = json.loads(decrypt(bytes(item.draft))) if item.draft and may_do(item, user) else None
    facts = known.get("facts", {})
    return Form(
        schema=localise(schema, language),
        draft=draft,
        values=known.get("values", {}),
        facts=facts,
        told=in_words(facts, {**_explaining(item.process), **forms}, language),
        offered=offered(schema, facts, language),
        ranking=ranking(facts, language),
    )


def _explaining(process: str) -> Mapping[str, Any]:
    """Forms of another process that say what the facts mean."""
    if process not in EXPLAINED_BY:
        return {}
    return store.definition(Process.objects.newest(EXPLAINED_BY[process])).forms


def check(*, item: WorkItem, answers: Mapping[str, Any]) -> FormState:
    """How the item's form stands with these answers, by the rules of its completion."""
    schema = store.definition(item.instance.process).forms[item.form]
    shown, required = shown_now(schema, answers), required_now(schema, answers)
    return FormState(
        shown=[name for name in schema["properties"] if name in shown],
        required=[name for name in schema["properties"] if name in required],
        errors=problems_of(schema, answers),
    )


def standing(instances: Sequence[Instance], *, language: str) -> list[dict[str, Any]]:
    """Where each instance stands: what it waits for and since when; for any number of them one statement."""
    running = [instance.pk for instance in instances if instance.state == Instance.State.RUNNING]
    items: dict[UUID, list[WorkItem]] = {}
    for row in WorkItem.objects.filter(instance__in=running, state=WorkItem.State.OPEN).order_by("created_at", "id"):
        items.setdefault(row.instance_id, []).append(row)
    return [_standing(instance, items.get(instance.pk, []), language) for instance in instances]


def _standing(instance: Instance, items: Sequence[WorkItem], language: str) -> dict[str, Any]:
    names = _names(instance, language)
    active = [{"node": row.step, "name": names.get(row.step, ""), "since": row.created_at} for row in items]
    if instance.state == Instance.State.RUNNING:
        people = {row.step for row in items}
        active += [
            {"node": entry.node.id, "name": names.get(entry.node.id, ""), "since": None}
            for entry in store.restore(instance, actor=SYSTEM, now=instance.created_at).waiting
            if entry.node.id not in people
        ]
    return {
        "instance": str(instance.pk),
        "process": instance.process.key,
        "version": instance.process.number,
        "name": instance.process.name_en if language.startswith("en") else instance.process.name,
        "state": instance.state,
        "outcome": names.get(instance.outcome, "") or instance.outcome,
        "started_at": instance.created_at,
        "ended_at": instance.ended_at,
        "wake_at": instance.wake_at,
        "active": active,
    }


def _names(instance: Instance, language: str) -> dict[str, str]:
    """What the diagram's nodes are called."""
    nodes = store.definition(instance.process).nodes.values()
    return {node.id: (node.name_en if language.startswith("en") else node.name) for node in nodes}


def diagram(instance: Instance, *, language: str) -> dict[str, Any]:
    """The instance on its diagram: BPMN XML, what waits, what was passed, when, by whom, with what outcome."""
    [stands] = standing([instance], language=language)
    xml = store.definition(instance.process).xml
    return {**stands, "outcome": instance.outcome, "bpmn": xml, "done": passed(instance, language=language)}


def passed(instance: Instance, *, language: str, until: datetime | None = None) -> list[dict[str, Any]]:
    """The nodes that the instance has passed, in order, or had passed by a time."""
    definition = store.definition(instance.process)
    names = _names(instance, language)
    rows = Trace.objects.filter(instance=instance).order_by("at", "id")
    return [
        {
            "node": row.node,
            "name": names.get(row.node, ""),
            "at": row.at,
            "by": row.by,
            "outcome": row.outcome,
            "outcome_name": _outcome_name(definition, row, language),
        }
        for row in (rows if until is None else rows.filter(at__lte=until))
    ]


def _outcome_name(definition: Definition, row: Trace, language: str) -> str:
    """What the form calls the answer by which a step was left; nothing for automatic nodes."""
    node = definition.nodes.get(row.node)
    if node is None or not row.outcome or not node.form:
        return row.outcome
    return choice_title(definition.forms[node.form], node.outcome, row.outcome, language)


# --- parts -----------------------------------------------------------------------------------------------------------


def _locked_item(item: WorkItem, version: int | None) -> WorkItem:
    """The item's row under lock, open, of the version that was read."""
    row = WorkItem.objects.select_for_update(of=("self",)).select_related("instance").filter(pk=item.pk).first()
    return _open(row, version)


def _fresh(item: WorkItem) -> WorkItem:
    """The item's row read again. Raises AlreadyDone when there is none."""
    row = WorkItem.objects.filter(pk=item.pk).first()
    if row is None:
        raise AlreadyDone
    return row


def _doer(row: WorkItem, node: Node, instance: Instance, user: User, version: int | None) -> Actor:
    """Who completes the item, as history tells it. Raises whatever forbids it, by what was read of the item."""
    _open(row, version)
    grant = grant_for(row, user)
    check_free(row, user)
    _check_four_eyes(instance, node, {user.pk, grant.holder_id})
    return grant.actor(user)


def _open(row: WorkItem | None, version: int | None) -> WorkItem:
    if row is None or row.state != WorkItem.State.OPEN:
        raise AlreadyDone
    if version is not None and version != row.version:
        raise StaleVersion
    return row


def _check_four_eyes(instance: Instance, node: Node, people: set[UUID]) -> None:
    """Asked again at completion: in a parallel branch the other step may have been done after this item was opened.
    Who acts for an absent colleague may do nothing that the colleague may not."""
    if people & store.barred(instance, node):
        raise FourEyes


def _reassign(
    row: WorkItem, user_id: UUID | None, action: str, actor: Actor, now: datetime, *, reason: str = "", to: str = ""
) -> WorkItem:
    row.assignee_id = user_id
    row.version += 1
    row.save(update_fields=["assignee", "version"])
    record_item(row, action, actor, now, reason=reason, data={"to": to} if to else {})
    return row


def need_reason(reason: str) -> None:
    """Raises ReasonMissing when the reason is empty."""
    if not reason.strip():
        raise ReasonMissing([FieldProblem("/reason", "missing", ReasonMissing.message)])


def _checked(definition: Definition, node: Node, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers when they fit the node's form. Raises BadAnswers with a pointer per field."""
    if problems := problems_of(definition.forms[node.form], answers):
        raise BadAnswers(problems)
    return dict(answers)


def problems_of(schema: Mapping[str, Any], answers: Mapping[str, Any]) -> list[FieldProblem]:
    """What is wrong with the answers, in words."""
    return [
        FieldProblem(f"/answers{each.pointer}", each.code, problem_text(each.code, each.params))
        for each in validate(schema, dict(answers))
    ]


def _finish(row: WorkItem, node: Node, answers: Mapping[str, Any], user: User, actor: Actor, now: datetime) -> bool:
    """Mark the item done. False when it is no longer as it was read: claimed, moved, done or cancelled meanwhile.

    This saves reading it again under lock: what was read is right if the version is still the same.
    """
    row.outcome = str(answers.get(node.outcome) or "")[:60] if node.outcome else ""
    row.assignee_id = row.assignee_id or user.pk
    row.completed_by_id, row.completed_label, row.ended_at = user.pk, actor.label, now
    return store.finish(row)


def _settle(instance: Instance, run: Run, now: datetime) -> None:
    """Tell history what the engine decided by itself, and tell a waiting parent when the instance has ended."""
    for made in run.decisions:
        record_instance(instance, "decision.made", SYSTEM, now, data=decision(made))
    if instance.state != Instance.State.DONE:
        return
    record_instance(instance, "instance.ended", SYSTEM, now, data={"outcome": instance.outcome})
    if instance.parent_id and not store.definition(instance.process).beside:
        enqueue(
            "processes.message",
            lock=f"instance:{instance.parent_id}",
            instance_id=str(instance.parent_id),
            name="phase_ended",
            data={"phase_outcome": instance.outcome, "phase": instance.process.key},
            actor=SYSTEM.as_json(),
        )


def _scalars(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if isinstance(value, str | int | float | bool)}
