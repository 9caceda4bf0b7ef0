"""The database itself refuses to change, remove or empty history."""

from datetime import datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from backend.audit.history import record
from backend.audit.models import Chain, Event, Seal
from backend.org.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _history(now: datetime) -> None:
    record(action="case.opened", actor=SYSTEM, now=now, case_id=uuid4())
    Seal.objects.create(number=1, at=now, key="test", body="", previous=b"", mac=b"")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET reason = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "UPDATE audit_chain SET length = 7",
        "UPDATE audit_chain SET head = '\\x00'",
        "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
        "INSERT INTO audit_chain (name, length, previous, head, sealed) VALUES ('x', 1, '', '', false)",
        "UPDATE audit_seal SET body = 'x'",
        "DELETE FROM audit_seal",
        "TRUNCATE audit_seal",
        "SET LOCAL pgtrigger.ignore = '{audit_keep,audit_keep_all}'; DELETE FROM audit_event",
    ],
)
def test_history_cannot_be_changed(statement: str) -> None:
    with pytest.raises(IntegrityError, match="history is only added to"), transaction.atomic():
        connection.cursor().execute(statement)
    assert (Event.objects.count(), Chain.objects.count(), Seal.objects.count()) == (1, 1, 1)


def test_the_database_numbers_events_itself(now: datetime) -> None:
    event = Event.objects.get()
    event.pk, event.seq, event.digest = uuid4(), 99, b"mine"
    event.save(force_insert=True)
    stored = Event.objects.get(pk=event.pk)
    assert (stored.seq, len(stored.digest)) == (2, 32)


def test_a_chain_can_only_be_marked_as_sealed() -> None:
    Chain.objects.update(sealed=True)
    assert Chain.objects.get().sealed
