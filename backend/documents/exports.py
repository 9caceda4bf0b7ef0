"""Exports: asked for with a purpose, written by a job that can be stopped, downloaded for a day; each step an event."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO

from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core import prepared
from backend.core.crypto import decrypt_bytes, encrypt_bytes
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.documents.models import Export, ExportPart
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit, User

State = Export.State
REGISTERS = ("families", "visits", "pairings")
PIECE = 1 << 20
"""Bytes per row of the database."""
KEPT = timedelta(hours=24)
"""How long a file can be downloaded."""
WORKING = (State.WAITING, State.RUNNING)


class NoSuchRegister(Invalid):
    """There is no register of that name."""

    code = "no_such_register"
    message = _("There is no such register.")


class NotWorking(Conflict):
    """Only what is waiting or being written can be stopped."""

    code = "export_not_working"
    message = _("This export is not being written any more.")


class NotReady(Conflict):
    """There is no file, or not any more."""

    code = "export_not_ready"
    message = _("There is no file to download: it is not written yet, was stopped, or its time is over.")


class Stopped(Exception):  # not an error: tells the writer that nobody wants it any more
    """Somebody stopped the export while it was written."""


def ask(*, register: str, unit: Unit, purpose: str, user: User, actor: Actor, now: datetime) -> Export:
    """Have a register written. Raises NoSuchRegister."""
    if register not in REGISTERS:
        raise NoSuchRegister([FieldProblem("/register", NoSuchRegister.code, NoSuchRegister.message)])
    row = Export.objects.create(
        register=register, unit=unit, purpose=purpose, requested_by=user, actor=actor.as_json(), created_at=now
    )
    _tell(row, "export.asked", actor, now, purpose)
    enqueue("exports.produce", lock="exports", export_id=str(row.pk))
    return row


def repeat(*, export: Export, user: User, actor: Actor, now: datetime) -> Export:
    """The same once more, as things are now."""
    return ask(register=export.register, unit=export.unit, purpose=export.purpose, user=user, actor=actor, now=now)


def stop(*, export: Export, actor: Actor, now: datetime) -> Export:
    """Nobody wants it any more; the job notices after its next rows. Raises NotWorking."""
    row = prepared.found(Export, export.pk, follow=("unit",), lock=True)
    if row.state not in WORKING:
        raise NotWorking
    _move(row, State.STOPPED, "export.stopped", actor, now)
    return row


def begin(*, export: Export, total: int) -> None:
    """It is being written. Raises Stopped."""
    if not Export.objects.filter(pk=export.pk, state__in=WORKING).update(state=State.RUNNING, total=total, done=0):
        raise Stopped


def advance(*, export: Export, done: int) -> None:
    """So many rows are written. Raises Stopped."""
    if not Export.objects.filter(pk=export.pk, state=State.RUNNING).update(done=done):
        raise Stopped


def finish(*, export: Export, content: bytes, now: datetime) -> None:
    """Keep the file, encrypted, for a day. Raises Stopped."""
    row = prepared.found(Export, export.pk, follow=("unit",), lock=True)
    if row.state != State.RUNNING:
        raise Stopped
    pieces = BytesIO(content)
    for number, piece in enumerate(iter(lambda: pieces.read(PIECE), b"")):
        ExportPart.objects.create(export=row, number=number, content=encrypt_bytes(piece))
    row.size, row.digest, row.done = len(content), sha256(content).hexdigest(), row.total
    row.finished_at, row.expires_at = now, now + KEPT
    _move(row, State.READY, "export.made", SYSTEM, now)


def fail(*, export: Export, now: datetime) -> None:
    """It could not be written: whoever asked may not read it any more, or something broke."""
    row = prepared.found(Export, export.pk, follow=("unit",), lock=True)
    if row.state in WORKING:
        _move(row, State.FAILED, "export.failed", SYSTEM, now)


def content(*, export: Export, actor: Actor, now: datetime) -> bytes:
    """The file: an event each time. Raises NotReady."""
    if export.state != State.READY or export.expires_at is None or export.expires_at <= now:
        raise NotReady
    parts = export.parts.order_by("number").values_list("content", flat=True)
    whole = b"".join(decrypt_bytes(bytes(part)) for part in parts)
    _tell(export, "export.downloaded", actor, now, export.purpose)
    return whole


def remove_expired(*, now: datetime) -> int:
    """Delete files whose day is over; returns how many."""
    rows = list(Export.objects.expired(now).select_related("unit").order_by("pk"))
    for row in rows:
        row.parts.all().delete()
        _move(row, State.OVER, "export.removed", SYSTEM, now)
    return len(rows)


def _move(row: Export, state: Export.State, action: str, actor: Actor, now: datetime) -> None:
    row.state = state
    row.version += 1
    row.save()
    _tell(row, action, actor, now)


def _tell(row: Export, action: str, actor: Actor, now: datetime, reason: str = "") -> None:
    data = {"export_register": row.register, "rows": row.done, "sha256": row.digest}
    record(action=action, object=row, label=row.unit.name, actor=actor, now=now, data=data, reason=reason)
