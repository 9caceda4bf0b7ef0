"""Registers in the background: one after another, stopped when nobody wants them any more; old files removed."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation
from procrastinate.contrib.django import app

from backend.core import prepared
from backend.documents import exports, sheets
from backend.documents.exports import Stopped
from backend.documents.models import Export
from backend.org.access import may
from backend.reporting.registers import REGISTERS, Register, Row, pieces


@app.task(name="exports.produce")
def produce(*, export_id: str) -> None:
    """Write a register as far as whoever asked may read it now. Taken up again after a crash, it begins anew."""
    export = prepared.found(Export, UUID(export_id), follow=("unit", "requested_by"))
    if not may(export.requested_by, "export.write", path=export.unit.path):
        with transaction.atomic():
            exports.fail(export=export, now=timezone.now())
        return
    try:
        with translation.override(export.requested_by.language):
            content = _written(export, REGISTERS[export.register])
        with transaction.atomic():
            exports.finish(export=export, content=content, now=timezone.now())
    except Stopped:
        return


@app.periodic(cron="27 * * * *")
@app.task(name="exports.remove", queueing_lock="exports.remove")
def remove(timestamp: int) -> None:
    """Every hour: files whose day is over."""
    with transaction.atomic():
        exports.remove_expired(now=timezone.now())


def _written(export: Export, register: Register) -> bytes:
    day = timezone.localdate()
    exports.begin(export=export, total=register.rows(export.requested_by, export.unit).count())
    columns = sheets.ordered(register.columns(), register=export.register, day=day, path=export.unit.path)
    return sheets.register(columns=columns, rows=_rows(export, register))


def _rows(export: Export, register: Register) -> Iterator[Row]:
    """The rows, numbered; after some hundred it is told how far it has come. Raises Stopped."""
    done = 0
    for piece in pieces(register, export.requested_by, export.unit, timezone.localdate()):
        for row in piece:
            done += 1
            yield {"serial": done, **row}
        exports.advance(export=export, done=done)
