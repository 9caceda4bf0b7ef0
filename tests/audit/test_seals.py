"""Seals are chained, signed outside the database, and cost what changed since the one before."""

from datetime import datetime
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from backend.audit import seals
from backend.audit.history import record
from backend.audit.models import Chain, Seal
from backend.audit.seals import seal
from backend.audit.verification import Verdict, faults, verify
from backend.org.access import SYSTEM

pytestmark = pytest.mark.django_db


def tell(now: datetime, *cases: int) -> None:
    for case in cases:
        record(action="case.changed", actor=SYSTEM, now=now, case_id=UUID(int=case))


def sealed(made: Seal | None) -> list[str]:
    return [line.split(" ")[0] for line in made.body.splitlines()] if made else []


def details(noted: str = "") -> list[str]:
    return [fault.detail for fault in faults(Verdict(), seal=noted) if fault.what == "seal"]


def without_triggers(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_a_seal_knows_the_chains_that_changed_since_the_one_before(now: datetime) -> None:
    tell(now, 1, 2, 2)
    first = seal(now=now)
    assert sealed(first) == [f"case:{UUID(int=1)}", f"case:{UUID(int=2)}"]
    assert seal(now=now) is None
    tell(now, 2)
    second = seal(now=now)
    assert sealed(second) == [f"case:{UUID(int=2)}"]
    assert first is not None
    assert second is not None
    assert (second.number, second.previous) == (2, first.mac)
    assert verify().ok
    assert not Chain.objects.filter(sealed=False).exists()


def test_a_seal_costs_five_statements_whatever_there_is(now: datetime) -> None:
    tell(now, *range(1, 30))
    with CaptureQueriesContext(connection) as queries:
        seal(now=now)
    assert len(queries) <= 5


def test_many_chains_are_sealed_in_portions(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "HEADS", 2)
    tell(now, 1, 2, 3)
    assert [len(sealed(seal(now=now))) for _ in range(3)] == [2, 1, 0]
    assert verify().seals == 2


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        (
            "UPDATE audit_seal SET body = replace(body, ' 1 ', ' 2 ') WHERE number = 2",
            "seal 2 was not made with the key",
        ),
        ("DELETE FROM audit_seal WHERE number = 2", "seal 2 is missing"),
        ("DELETE FROM audit_seal WHERE number = 1", "seal 1 is missing"),
        ("UPDATE audit_seal SET previous = '' WHERE number = 3", "seal 3 follows on another than the one before it"),
    ],
)
def test_an_altered_or_missing_seal_is_found(statement: str, detail: str, now: datetime) -> None:
    for case in (1, 2, 3):
        tell(now, case)
        seal(now=now)
    without_triggers(statement)
    assert any(found.startswith(detail) for found in details())


def test_the_last_seal_is_missed_by_whoever_noted_it(now: datetime) -> None:
    tell(now, 1)
    last = seal(now=now)
    assert last is not None
    noted = f"{last.number}:{bytes(last.mac).hex()}"
    assert details(noted) == []
    without_triggers("DELETE FROM audit_seal")
    assert details() == []
    assert details(noted) == ["seal 1 is missing"]


def test_a_seal_made_again_with_another_key_is_not_the_noted_one(now: datetime) -> None:
    tell(now, 1)
    last = seal(now=now)
    assert last is not None
    noted = f"1:{bytes(last.mac).hex()}"
    without_triggers("UPDATE audit_seal SET mac = sha256('x')")
    assert details(noted) == [f"seal 1 was not made with the key {last.key}", "seal 1 is not the one that was noted"]


def test_seals_outlive_a_change_of_the_key(now: datetime) -> None:
    tell(now, 1)
    seal(now=now)
    with override_settings(FIELD_KEYS="new:" + "A" * 43 + "=," + settings.FIELD_KEYS):
        tell(now, 2)
        made = seal(now=now)
        assert made is not None
        assert made.key == "new"
        assert verify().ok
    assert details() == ["seal 2 was not made with the key new"]
