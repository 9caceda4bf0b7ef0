"""Sealing and checking go on while others write: nothing is lost and nobody is accused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event as Signal
from uuid import UUID

import pytest
from django.db import connection, transaction

from backend.audit.history import collect, record
from backend.audit.models import Chain
from backend.audit.seals import seal
from backend.audit.verification import verify
from backend.org.access import SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)


def tell(now: datetime, *cases: int) -> None:
    with collect():
        for case in cases:
            record(action="case.changed", actor=SYSTEM, now=now, case_id=UUID(int=case))


def test_a_chain_that_is_being_written_is_left_for_the_next_seal(now: datetime) -> None:
    tell(now, 1, 2)
    written, go = Signal(), Signal()

    def write() -> None:
        try:
            with transaction.atomic():
                tell(now, 1)
                written.set()
                go.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        assert written.wait(10)
        with transaction.atomic():
            first = seal(now=now)
        go.set()
        writing.result()
    assert first is not None
    assert first.body.split(" ")[0] == f"case:{UUID(int=2)}"
    with transaction.atomic():
        second = seal(now=now)
    assert second is not None
    assert second.body.startswith(f"case:{UUID(int=1)} 2 ")
    assert not Chain.objects.filter(sealed=False).exists()


def test_checking_finds_nothing_wrong_while_others_write_and_seal(now: datetime) -> None:
    stop = Signal()

    def write() -> int:
        count = 0
        try:
            while not stop.is_set():
                with transaction.atomic():
                    tell(now, 1, 2, 3)
                with transaction.atomic():
                    seal(now=now)
                count += 1
        finally:
            connection.close()
        return count

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        verdicts = [verify() for _ in range(10)]
        stop.set()
        assert writing.result() > 0
    assert [verdict.faults for verdict in verdicts] == [[]] * 10
