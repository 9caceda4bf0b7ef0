"""Rosters: uploaded, checked without writing anything, then applied in the background."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from procrastinate.types import JSONValue

from backend.audit.history import collect, record
from backend.cases.models import Programme, Roster, RosterPart
from backend.cases.rosters import parts, reading
from backend.cases.rosters.checking import Group
from backend.cases.rosters.kinds import Kind, Upload, Written, kind_of
from backend.cases.rosters.problems import Problem, RosterEmpty, RosterState, RosterTooLarge
from backend.cases.rosters.rows import Layout, understand
from backend.cases.rosters.values import forget
from backend.core import prepared
from backend.core.errors import DomainError, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.org.access import Actor
from backend.org.models import Unit

AT_ONCE = 400
"""Households per transaction: some 0.3 seconds of work, lost when the process is killed and done again."""
INLINE = 1_000_000
"""Bytes: a smaller file is checked while the uploader waits (7,000 rows: some seconds), a larger one by a job."""
SHOWN = 5000
"""Problems and mended cells kept with the roster for showing; the workbook of problems has all."""
KEPT = timedelta(days=30)
"""How long the file is kept after it was applied, or uploaded and never applied."""
CASES_AT_ONCE = 100

Progress = Callable[[int, int], None]
"""Told after every step: households done, households in all."""


class NoSuchProgramme(Invalid):
    """There is no programme with this code."""

    code = "unknown_programme"
    message = _("There is no such programme.")


class NoUnit(Invalid):
    """Rows belong to somebody's unit; who works nowhere cannot upload."""

    code = "no_unit"
    message = _("Say for which unit the roster is.")


# --- upload and dry run ---------------------------------------------------------------------------------------------


def receive(
    *,
    kind: str,
    file: BinaryIO,
    name: str,
    actor: Actor,
    now: datetime,
    unit: Unit | None = None,
    start_programme: str = "",
) -> Roster:
    """Store a file and check it: a small one at once, a large one by a job (its state is then `checking`).

    Raises what `upload` and `dry_run` raise.
    """
    roster = upload(kind=kind, file=file, name=name, actor=actor, now=now, unit=unit, start_programme=start_programme)
    if roster.size <= INLINE:
        return dry_run(roster=roster, now=now)
    enqueue("rosters.check", lock="rosters", roster_id=str(roster.pk))
    return roster


def upload(
    *,
    kind: str,
    file: BinaryIO,
    name: str,
    actor: Actor,
    now: datetime,
    unit: Unit | None = None,
    start_programme: str = "",
) -> Roster:
    """Store an uploaded file, encrypted. `unit`: whose villages it may name, by default where the actor works.

    Raises RosterKind, NoUnit, NoSuchProgramme, RosterEmpty, RosterTooLarge.
    """
    roster = _new(kind, name, actor, now, unit, start_programme)
    pieces = list(_limited(file))
    if not pieces:
        raise RosterEmpty
    roster.size = sum(map(len, pieces))
    roster.digest = _digest(pieces)
    roster.save(force_insert=True)
    parts.store(roster, pieces)
    data = {"kind": kind, "size": roster.size, "sha256": roster.digest.hex()}
    _tell(roster, "roster.uploaded", actor, now, data)
    return roster


def _digest(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def preview(*, kind: str, file: BinaryIO, name: str, actor: Actor, now: datetime, unit: Unit | None = None) -> Roster:
    """The dry run of a file that is not kept: a roster that is not stored. Raises what `upload` and `dry_run` raise."""
    roster = _new(kind, name, actor, now, unit, "")
    _examine(roster, reading.read(_limited(file)), now)
    return roster


def _new(kind: str, name: str, actor: Actor, now: datetime, unit: Unit | None, start_programme: str) -> Roster:
    kind_of(kind)
    _check_programme(start_programme)
    place = unit or (Unit.objects.filter(pk=actor.unit_id).first() if actor.unit_id else None)
    if place is None:
        raise NoUnit([FieldProblem("/unit", NoUnit.code, NoUnit.message)])
    return Roster(
        kind=kind,
        name=name[:200].replace("\x00", ""),
        unit=place,
        uploaded_by_id=actor.user_id,
        actor=actor.as_json(),
        start_programme=start_programme,
        created_at=now,
    )


def _limited(file: BinaryIO) -> Iterator[bytes]:
    """The file piece by piece, as far as any roster goes. Raises RosterTooLarge."""
    size = 0
    while piece := file.read(parts.SIZE):
        size += len(piece)
        if size > reading.MOST_BYTES:
            raise RosterTooLarge
        yield piece


def _check_programme(code: str) -> None:
    if code and not Programme.objects.filter(code=code).exists():
        raise NoSuchProgramme([FieldProblem("/start_programme", NoSuchProgramme.code, NoSuchProgramme.message)])


def dry_run(*, roster: Roster, now: datetime) -> Roster:
    """Check the stored file and note what it would do; of the file only the rows are kept. Nothing else is written.

    Raises RosterState, RosterColumns and the refusals of `reading.read`.
    """
    if roster.state not in {Roster.State.CHECKING, Roster.State.CHECKED}:
        raise RosterState
    spool = parts.spool_of(roster)
    _examine(roster, spool, now)
    parts.keep_rows(roster, spool)
    _save(roster, "counts", "problems", "mended", "total", "done", "state", "error")
    return roster


def _examine(roster: Roster, spool: reading.Spool, now: datetime) -> None:
    report = json.loads(_report(roster, spool, now))
    roster.counts, roster.problems, roster.mended = report["counts"], report["problems"], report["mended"]
    roster.total, roster.done = report["counts"]["groups"], 0
    roster.state, roster.error = Roster.State.CHECKED, ""


def _report(roster: Roster, spool: reading.Spool, now: datetime) -> str:
    """Counts, first problems and first mended cells, as JSON.

    As one text: thousands of small objects made beside those of a hundred thousand rows would lie scattered between
    them and keep all of that memory from being given back.
    """
    kind = kind_of(roster.kind)
    table, groups = examined(roster, spool, now)
    would = Counter[str]()
    for some in _batches([group for group in groups if not group.waits]):
        would += kind.compare(some, _upload_of(roster, now))
    report = {
        "counts": {**_counts(groups, table.skipped), **{name: would[name] for name in kind.counted}},
        "problems": list(_with_values(list(islice(_problems(groups), SHOWN)), table, kind.layout)),
        "mended": list(islice(_mended(groups), SHOWN)),
    }
    forget()
    return json.dumps(report, ensure_ascii=False)


def examined(roster: Roster, spool: reading.Spool, now: datetime) -> tuple[reading.Table, list[Group]]:
    """The table in the rows of a file, and its groups of rows checked against what is on file now."""
    kind = kind_of(roster.kind)
    table = reading.find_table(spool, kind.layout.columns)
    rows = understand(table, kind.layout, today=timezone.localdate(now))
    groups = kind.check(rows, unit=roster.unit)
    if not groups:
        raise RosterEmpty
    return table, groups


def _counts(groups: Sequence[Group], skipped: int) -> dict[str, Any]:
    problems = Counter(problem.level for problem in _problems(groups))
    how = Counter(how for group in groups for row in group.rows for how in row.mended.values())
    return {
        "rows": sum(len(group.rows) for group in groups),
        "groups": len(groups),
        "ready": sum(1 for group in groups if not group.waits),
        "waiting": sum(1 for group in groups if group.waits),
        "skipped": skipped,
        "errors": problems["error"],
        "warnings": problems["warning"],
        "mended": sum(how.values()),
        "mended_how": dict(sorted(how.items())),
        "problem_codes": dict(sorted(Counter(problem.code for problem in _problems(groups)).items())),
    }


def _problems(groups: Iterable[Group]) -> Iterator[Problem]:
    return (problem for group in groups for row in group.rows for problem in row.problems)


def _with_values(problems: Sequence[Problem], table: reading.Table, layout: Layout) -> Iterator[dict[str, Any]]:
    """The problems as they are kept, each with what stood in its cell."""
    positions = {layout.columns[place].heading: (position, place) for position, place in table.places.items()}
    wanted = {problem.row for problem in problems}
    rows = {number: cells for number, cells in table.everything() if number in wanted}
    for problem in problems:
        position, place = positions.get(problem.column, (-1, 0))
        cells = rows.get(problem.row, ())
        cell = cells[position] if 0 <= position < len(cells) else None
        yield {**problem.stored(), "value": layout.columns[place].told(cell)}


def _mended(groups: Iterable[Group]) -> Iterator[dict[str, Any]]:
    for group in groups:
        for row in group.rows:
            for field, how in row.mended.items():
                yield {"row": row.number, "column": row.layout.heading(field), "how": how}


# --- apply ----------------------------------------------------------------------------------------------------------


def start_applying(*, roster: Roster, actor: Actor, now: datetime, start_programme: str = "") -> Roster:
    """Have a checked roster applied by a job. Raises RosterState, NoSuchProgramme."""
    held = prepared.found(Roster, roster.pk, follow=("unit",), lock=True)
    if held.state != Roster.State.CHECKED:
        raise RosterState
    _check_programme(start_programme)
    held.start_programme = start_programme or held.start_programme
    held.state = Roster.State.APPLYING
    held.actor = actor.as_json()
    _save(held, "state", "actor", "start_programme")
    _tell(held, "roster.queued", actor, now, {"start_programme": held.start_programme})
    enqueue("rosters.apply", lock="rosters", roster_id=str(held.pk))
    return held


def apply(*, roster: Roster, now: datetime, progress: Progress | None = None) -> Roster:
    """Write the households of a roster, each as a whole, a batch per transaction; households with errors wait.

    The one service that opens transactions itself: it runs for minutes and has to keep what it did. Killed at any
    moment it goes on where it was: `done` moves in the transaction that writes the households it counts. The rows are
    checked again, since what is on file may have changed after the dry run. Raises RosterState.
    """
    if roster.state not in {Roster.State.CHECKED, Roster.State.APPLYING}:
        raise RosterState
    kind = kind_of(roster.kind)
    everything = deque(examined(roster, parts.spool_of(roster), now)[1])
    total = len(everything)
    for _done in range(roster.done):
        everything.popleft()
    while everything:
        batch = [everything.popleft() for _ in range(min(AT_ONCE, len(everything)))]
        if not _apply_batch(roster, kind, batch, total, now):
            return roster
        if progress:
            progress(roster.done, total)
    forget()
    with transaction.atomic():
        _finish(roster, now)
    return roster


def in_background(*, verb: Callable[..., Roster], roster_id: UUID, now: datetime) -> None:
    """Check or apply a roster in a job: a refusal becomes the roster's state instead of an answer.

    No transaction around it: the database would end one that stays idle while the file is read.
    """
    roster = prepared.found(Roster, roster_id, follow=("unit",))
    try:
        verb(roster=roster, now=now)
    except RosterState:
        return  # done by another job already
    except DomainError as refused:
        roster.refresh_from_db()
        roster.state, roster.error = Roster.State.FAILED, refused.code
        _save(roster, "state", "error")


def _apply_batch(roster: Roster, kind: Kind, batch: Sequence[Group], total: int, now: datetime) -> bool:
    """Write a batch; when it fails as a whole, household by household. False: another process goes on with it."""
    ready = [group for group in batch if not group.waits]
    try:
        with transaction.atomic(), collect():
            if not _hold(roster):
                return False
            written = kind.write(ready, _upload_of(roster, now))
            _keep(roster, written, len(batch), total)
        return True
    except (IntegrityError, OperationalError):
        # Somebody else changes one of these households just now: only that one has to wait.
        roster.refresh_from_db(fields=["counts", "done", "problems"])
    with transaction.atomic():
        if not _hold(roster):
            return False
        written = Written()
        for group in ready:
            _apply_one(roster, kind, group, written, now)
        _keep(roster, written, len(batch), total)
    return True


def _apply_one(roster: Roster, kind: Kind, group: Group, written: Written, now: datetime) -> None:
    try:
        with transaction.atomic(), collect():
            one = kind.write([group], _upload_of(roster, now))
    except (IntegrityError, OperationalError):
        written.counts["failed"] += 1
        row = group.rows[0]
        column = row.layout.columns[0].heading
        roster.problems = [
            *roster.problems,
            Problem(row.number, column, "household_conflict", "error", "busy").stored(),
        ]
    else:
        written.counts += one.counts
        written.families += one.families


def _hold(roster: Roster) -> bool:
    """Lock the roster's row; whether it still stands where this process left it."""
    return Roster.objects.select_for_update().filter(pk=roster.pk, done=roster.done).exclude(state="applied").exists()


def _keep(roster: Roster, written: Written, count: int, total: int) -> None:
    """Move on, in the transaction that wrote the households."""
    before = roster.counts.get("applied", {})
    names = (*kind_of(roster.kind).counted, "failed")
    applied = {name: before.get(name, 0) + written.counts[name] for name in names}
    roster.counts = {**roster.counts, "applied": applied}
    roster.done, roster.total, roster.state = roster.done + count, total, Roster.State.APPLYING
    _save(roster, "counts", "done", "total", "state", "problems")
    if roster.start_programme:
        start_cases(written.families, programme=roster.start_programme, actor=Actor.from_json(roster.actor))


def start_cases(family_ids: Sequence[UUID], *, programme: str, actor: Actor) -> None:
    """Queue the start of a case in the programme for each family, some families per job."""
    for start in range(0, len(family_ids), CASES_AT_ONCE):
        some: list[JSONValue] = [str(id) for id in family_ids[start : start + CASES_AT_ONCE]]
        enqueue("processes.start_cases", family_ids=some, programme=programme, actor=actor.as_json())


def _finish(roster: Roster, now: datetime) -> None:
    roster.state, roster.applied_at = Roster.State.APPLIED, now
    _save(roster, "state", "applied_at")
    _tell(roster, "roster.applied", Actor.from_json(roster.actor), now, roster.counts.get("applied", {}))


def _tell(roster: Roster, action: str, actor: Actor, now: datetime, data: Mapping[str, Any]) -> None:
    path = roster.unit.path
    record(action=action, object=roster, label=roster.name, unit_path=path, actor=actor, now=now, data=data)


def remove_files(*, now: datetime) -> int:
    """Delete the files of rosters that were applied, or uploaded and never applied, 30 days ago. Returns how many."""
    old = now - KEPT
    kept = RosterPart.objects.filter(roster__created_at__lt=old).exclude(roster__applied_at__gte=old)
    gone = kept.values("roster").distinct().count()
    kept.delete()
    return gone


def _upload_of(roster: Roster, now: datetime) -> Upload:
    return Upload(unit=roster.unit, actor=Actor.from_json(roster.actor), now=now, roster_id=roster.pk)


def _batches(groups: Sequence[Group]) -> Iterator[Sequence[Group]]:
    return (groups[start : start + AT_ONCE] for start in range(0, len(groups), AT_ONCE))


def _save(roster: Roster, *fields: str) -> None:
    roster.version += 1
    roster.save(update_fields=[*fields, "version"])
