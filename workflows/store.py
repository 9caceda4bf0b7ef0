"""Instances in the database: loaded under lock, saved with one UPDATE, waiting nodes mirrored into work items.

Nothing but `services` calls this. Locks are taken in one order everywhere: instance, then its work items, then (at the
very end, by the database's trigger) the case's chain of events; two instances are never locked together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg import sql
from psycopg.errors import LockNotAvailable

from backend.cases.models import Case, Family
from backend.cases.pauses import AWAY, reason_of
from backend.core import prepared
from backend.core.errors import Conflict, NotFound
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.roles import LEVELS
from backend.org.working_days import covered, day_due, due_at, later_by
from workflows.engine.definition import Definition, Node, cached, compile_definition
from workflows.engine.runner import Passed, Run, Waiting
from workflows.models import Instance, Process, Trace, WorkItem
from workflows.steps import FORM_VALUES, STEPS
from workflows.steps.context import Context

STAND_INS: Mapping[str, str] = {"helper": "village", "liaison": "caseworker"}
"""Whose inbox an item goes to when the helper has no account, or no partner unit stands behind the helper."""


class Busy(Conflict):
    """Another command is moving this case right now."""

    code = "busy"
    message = _("Somebody is working on this case at this very moment. Try again.")


GOES_ON: Mapping[str, frozenset[str]] = {AWAY: frozenset({"care_visit"})}
"""Reason of a pause → processes whose time goes on: whoever is away is called by telephone once a month (E1)."""


def definition(process: Process) -> Definition:
    """The compiled definition, parsed once per operating-system process and kept by its digest."""

    def load() -> Definition:
        files = Process.objects.values_list("files", flat=True).get(pk=process.pk)
        return compile_definition({path: text.encode() for path, text in files.items()}, process_id=process.key)

    return cached(process.digest, load)


@lru_cache(maxsize=256)
def _process(process_id: UUID) -> Process:
    """A process without its files, kept in memory: it never changes."""
    return Process.objects.defer("files").get(pk=process_id)


def pausable_steps(processes: Iterable[UUID], reason: str) -> dict[UUID, tuple[str, frozenset[str]]]:
    """Of these versions of processes those that stand still for this reason: the process, and its steps that do."""
    found = {}
    for row in map(_process, processes):
        steps = definition(row).pausable
        if steps and row.key not in GOES_ON.get(reason, ()):
            found[row.pk] = (row.key, steps)
    return found


LOCKED = [field.attname for field in Instance._meta.concrete_fields]
LOCK = (
    sql.SQL("SELECT {} FROM workflows_instance WHERE id = %s FOR UPDATE")
    .format(sql.SQL(", ").join(map(sql.Identifier, LOCKED)))
    .as_string()
)
LOCK_IF_FREE = LOCK + " SKIP LOCKED"
SAVE = """
UPDATE workflows_instance
SET data = %s, wake_at = %s, stood_still = %s, failures = %s, error = %s, state = %s, outcome = %s, ended_at = %s,
    version = %s
WHERE id = %s
"""
FINISH = """
UPDATE workflows_workitem
SET state = 'done', outcome = %s, assignee_id = %s, completed_by_id = %s, completed_label = %s, ended_at = %s,
    draft = NULL, version = version + 1
WHERE id = %s AND state = 'open' AND version = %s
"""
"""As SQL and prepared, for every command sends them: Django and PostgreSQL took longer to build and plan each anew."""

OPENED = tuple(field.attname for field in WorkItem._meta.concrete_fields if field.name != "draft")
"""What is written of a new work item: nobody has typed anything yet."""


@contextmanager
def waiting() -> Iterator[None]:
    """Raises Busy when a row inside is held by another transaction for longer than the lock timeout."""
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Busy from error
        raise


def locked(instance_id: UUID, *, skip_locked: bool = False) -> Instance:
    """The instance with its process, its row locked until the transaction ends. The case comes when it is asked for.

    Raises NotFound when there is none, Busy when another transaction holds it for longer than the lock timeout.
    """
    with waiting():
        row = prepared.execute(LOCK_IF_FREE if skip_locked else LOCK, [instance_id]).fetchone()
    if row is None:
        raise Busy if skip_locked else NotFound
    instance = prepared.stored(Instance, LOCKED, row)
    instance.process = _process(instance.process_id)
    return instance


def context(instance: Instance, actor: Actor, now: datetime) -> Context:
    """What a step is told about where it runs."""
    return Context(instance=instance, actor=actor, now=now)


def restore(instance: Instance, *, actor: Actor, now: datetime) -> Run:
    """The instance as a run of the engine; its timers are moved if it stood still."""
    run = Run.restore(
        definition(instance.process),
        bytes(instance.data),
        steps=STEPS,
        context=context(instance, actor, now),
        now=now,
        paused=instance.paused_at is not None,
    )
    for begin, end in zip(instance.stood_still[::2], instance.stood_still[1::2], strict=True):
        run.move_timers(partial(_moved, begin=begin, end=end))
    return run


def _moved(due: datetime, since: datetime | None, *, begin: datetime, end: datetime) -> datetime:
    """When a timer falls due that stood still: as many working days later as the pause covered of its time."""
    first, last = timezone.localdate(max(begin, since or begin)), timezone.localdate(end)
    return due + later_by(day_due(due), covered(first, last))


def known(item: WorkItem, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """What the domain knows beforehand for an item's form: `values` of fields, `facts` to decide by. Reads only."""
    ask = FORM_VALUES.get((item.process, item.step))
    if ask is None or item.state != WorkItem.State.OPEN:
        return {}
    instance = item.instance
    waiting = {entry.token: entry for entry in restore(instance, actor=actor, now=now).waiting}
    entry = waiting.get(item.token)
    return ask(context(instance, actor, now), entry.data) if entry else {}


def begin(instance: Instance, *, data: Mapping[str, Any], actor: Actor, now: datetime) -> Run:
    """A new run, walked to its first waits; it stands still from the start when the family is paused."""
    process = definition(instance.process)
    if process.pausable and instance.case is not None:
        reason = reason_of(instance.case.family_id)
        instance.paused_at = now if reason and process.process_id not in GOES_ON.get(reason, ()) else None
    return Run.start(
        process,
        data=dict(data),
        steps=STEPS,
        context=context(instance, actor, now),
        now=now,
        paused=instance.paused_at is not None,
    )


def save(
    instance: Instance,
    run: Run,
    *,
    before: Iterable[Waiting],
    actor: Actor,
    now: datetime,
    completed: WorkItem | None = None,
) -> list[WorkItem]:
    """Write back what a command did: state row, opened and dropped work items, trace. Returns the opened items.

    `before`: what waited when the command began. One statement for each kind of row, whatever their number.
    """
    _save_state(instance, run, now)
    known = {waiting.token for waiting in before}
    still = {waiting.token for waiting in run.waiting}
    dropped = known - still - ({completed.token} if completed else set())
    if dropped:
        WorkItem.objects.filter(instance=instance, token__in=dropped, state=WorkItem.State.OPEN).update(
            state=WorkItem.State.CANCELLED, ended_at=now, draft=None
        )
    _trace(instance, run.passed, actor, now, completed)
    return open_items(instance, [waiting for waiting in run.waiting if waiting.token not in known], now)


def finish(row: WorkItem) -> bool:
    """Write that an item has been completed as the row now says; it becomes a version newer. False when it is no longer
    as it was read: claimed, moved, done or cancelled meanwhile.
    """
    values = [row.outcome, row.assignee_id, row.completed_by_id, row.completed_label, row.ended_at, row.pk, row.version]
    if prepared.execute(FINISH, values).rowcount != 1:
        return False
    row.state, row.draft, row.version = WorkItem.State.DONE, None, row.version + 1
    return True


def _save_state(instance: Instance, run: Run, now: datetime) -> None:
    instance.data = run.dump()
    instance.wake_at, instance.stood_still = run.wake_at, []
    instance.failures, instance.error = 0, ""
    if run.state == "done":
        instance.state = Instance.State.DONE
        instance.outcome = run.outcome or ""
        instance.ended_at = now
    if instance._state.adding:
        instance.save(force_insert=True)
    else:
        instance.version += 1
        values = [instance.data, instance.wake_at, instance.stood_still]
        values += [instance.failures, instance.error, instance.state]
        values += [instance.outcome, instance.ended_at, instance.version, instance.pk]
        prepared.execute(SAVE, values)


def _trace(
    instance: Instance, passed: Sequence[Passed], actor: Actor, now: datetime, completed: WorkItem | None
) -> None:
    rows = []
    for node in passed:
        by_person = completed is not None and node.token == completed.token
        rows.append(
            Trace(
                instance=instance,
                node=node.node_id,
                kind=node.kind,
                at=node.at,
                by=actor.label if by_person else "",
                by_id=actor.user_id if by_person else None,
                for_id=actor.for_id if by_person else None,
                outcome=completed.outcome if completed is not None and by_person else "",
            )
        )
    prepared.insert(rows)


def open_items(instance: Instance, waiting: Sequence[Waiting], now: datetime) -> list[WorkItem]:
    """One work item for each node that began to wait, each in the inbox of its role at its unit."""
    people = [entry for entry in waiting if entry.node.form]
    if not people:
        return []
    done_by = doers(instance, [entry.node for entry in people])
    items = [_item(instance, entry, done_by, now) for entry in people]
    prepared.insert(items, OPENED)
    return items


def _item(instance: Instance, entry: Waiting, done_by: Mapping[str, set[UUID]], now: datetime) -> WorkItem:
    node, data, case = entry.node, entry.data, instance.case_in_outline
    family = case.family if case else None
    assignee = data.get(node.assignee) if node.assignee else None
    about = data.get(node.closed_to) if node.closed_to else None
    role, unit = _place(instance, node, data, assigned=bool(assignee))
    hidden = role == "liaison"  # a liaison asks people for "a place", not for a named family (domain.md P-5)
    return WorkItem(
        instance=instance,
        token=entry.token,
        process=instance.process.key,
        step=node.id,
        title=node.name,
        title_en=node.name_en,
        form=node.form,
        role=role,
        unit=unit,
        unit_path=unit.path,
        case=case,
        case_number=case.number if case else _reference(data),
        family=None if hidden else family,
        family_label="" if hidden or family is None else family.label,
        search=_search_text(node, instance, data, hidden=hidden),
        assignee_id=UUID(str(assignee)) if assignee else None,
        priority=node.priority,
        due_at=_due(node, data, now),
        paused_at=now if instance.paused_at and node.pausable else None,
        excluded=_excluded(node, done_by, about),
        closed_to=UUID(str(about)) if about else None,
        created_at=now,
    )


def relabel(family: Family) -> None:
    """Open work items name the family as its file does by now; what was done keeps its words."""
    shown = WorkItem.objects.filter(family=family, state=WorkItem.State.OPEN).exclude(family_label=family.label)
    shown.update(family_label=family.label)


def _excluded(node: Node, done_by: Mapping[str, set[UUID]], about: Any) -> list[str]:
    """Who did an earlier step, and whom it is about."""
    others = {str(person) for other in node.not_same_as for person in done_by.get(other, ())}
    return sorted(others | ({str(about)} if about else set()))


def _due(node: Node, data: Mapping[str, Any], now: datetime) -> datetime:
    """A span from now, or the time that the process data holds."""
    if node.due.startswith("at:"):
        return datetime.fromisoformat(data[node.due.removeprefix("at:")])
    return due_at(now, node.due)


def _reference(data: Mapping[str, Any]) -> str:
    """What people quote of an instance that has no case: `reference` in its data; empty without one."""
    return str(data.get("reference") or "")[:40]


def _search_text(node: Node, instance: Instance, data: Mapping[str, Any], *, hidden: bool) -> str:
    parts, case = [node.name, node.name_en, _reference(data)], instance.case_in_outline
    if case and not hidden:
        parts += [case.number, case.family.search]
    return " ".join(parts).lower()


def renamed(item: WorkItem, case: Case) -> Sequence[str]:
    """Say on an item of the case whose it is now and what it is found by; the fields that this changed. What tells no
    family (a liaison's) goes on telling none."""
    family = case.family
    if item.family_id is None:
        return ()
    before, number, _others = item.search.partition(case.number.lower())
    found_by = f"{before}{number} {family.search}".lower() if number else item.search
    if (item.family_label, item.search) == (family.label, found_by):
        return ()
    item.family_label, item.search = family.label, found_by
    return "family_label", "search"


def _place(instance: Instance, node: Node, data: Mapping[str, Any], *, assigned: bool) -> tuple[str, Unit]:
    """Role and unit whose inbox the item goes to."""
    role = node.role
    if node.unit.startswith("unit:"):
        return role, _unit(data[node.unit.removeprefix("unit:")])
    if node.unit.startswith("partner:"):
        partner = data.get(node.unit.removeprefix("partner:"))
        if partner:
            return role, _unit(partner)
        role = STAND_INS.get(role, role)
    elif role == "helper" and not assigned:
        role = STAND_INS[role]
    if instance.case_in_outline is None:
        raise NotFound(where=f"{instance.process.key}/{node.id}")
    return role, unit_for(role, instance.case_in_outline.family.unit)


def _unit(named: Any) -> Unit:
    """The unit that the process data names, or the one into which it went since (E16)."""
    unit = prepared.found(Unit, named, follow=("successor",))
    return unit.successor or unit


def unit_for(role: str, village: Unit) -> Unit:
    """The unit at which this role's work for a village is done: the nearest unit of the role's level above it."""
    level = LEVELS.get(role, village.kind)
    unit: Unit | None = village
    while unit is not None and unit.kind != level:
        unit = unit.parent  # the township came along with the village: no statement in the usual case
    return unit or village


def barred(instance: Instance, node: Node) -> set[UUID]:
    """Whom the node's four-eyes rule keeps away: see `doers`."""
    return {person for people in doers(instance, [node]).values() for person in people}


def doers(instance: Instance, nodes: Sequence[Node]) -> dict[str, set[UUID]]:
    """Who last completed each of the nodes that four-eyes rules name, and the absent colleague in whose place that was
    done: neither may be the second. One statement, none when no rule asks."""
    named = {other for node in nodes for other in node.not_same_as}
    if not named or instance._state.adding:
        return {}
    rows = Trace.objects.filter(instance=instance, node__in=named, by_id__isnull=False).order_by("at")
    found = rows.values_list("node", "by_id", "for_id")
    return {node: {person for person in people if person is not None} for node, *people in found}
