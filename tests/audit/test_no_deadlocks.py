"""Two commands that touch the same cases in opposite order both finish."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from backend.audit.history import collect, record
from backend.audit.models import Chain
from backend.org.access import SYSTEM

ROUNDS = 20


@pytest.mark.django_db(transaction=True)
def test_opposite_orders_do_not_wait_for_each_other_in_a_circle(now: datetime) -> None:
    cases = [uuid4() for _ in range(8)]
    start = Barrier(2)

    def work(order: list[UUID]) -> None:
        try:
            for _ in range(ROUNDS):
                start.wait(timeout=10)
                with transaction.atomic(), collect():
                    for case in order:
                        record(action="case.changed", actor=SYSTEM, now=now, case_id=case)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, [cases, cases[::-1]]))
    assert set(Chain.objects.values_list("length", flat=True)) == {2 * ROUNDS}
