"""A command repeated with the same key is done once and answered twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg.errors import LockNotAvailable

from backend.core.idempotency import KEPT, Claim, Given, KeyReused, begin, finish, purge
from backend.core.models import Answer

USER = uuid4()


def claim(now: datetime, fingerprint: bytes = b"a" * 32, key: str = "k-1") -> Claim:
    return begin(user_id=USER, key=key, fingerprint=fingerprint, now=now)


@pytest.mark.django_db
def test_the_first_answer_is_given_again(now: datetime) -> None:
    first = claim(now)
    assert first.answer is None
    finish(first, status=201, body='{"name":"张三"}')
    assert claim(now).answer == Given(status=201, body='{"name":"张三"}')
    assert Answer.objects.count() == 1


@pytest.mark.django_db
def test_it_costs_two_statements(now: datetime) -> None:
    with CaptureQueriesContext(connection) as queries:
        finish(claim(now), status=200, body="{}")
    assert len(queries) == 2


@pytest.mark.django_db
def test_another_request_with_the_same_key_is_refused(now: datetime) -> None:
    finish(claim(now), status=200, body="")
    with pytest.raises(KeyReused):
        claim(now, fingerprint=b"b" * 32)
    assert begin(user_id=uuid4(), key="k-1", fingerprint=b"b" * 32, now=now).answer is None  # another user's key


@pytest.mark.django_db
def test_a_claim_without_answer_is_taken_over(now: datetime) -> None:
    claim(now)
    again = claim(now, fingerprint=b"b" * 32)
    assert again.answer is None
    finish(again, status=200, body="")
    assert claim(now, fingerprint=b"b" * 32).answer == Given(status=200, body="")


@pytest.mark.django_db
def test_answers_are_stored_encrypted(now: datetime) -> None:
    finish(claim(now), status=200, body="张三")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM core_answer")
        assert "张三".encode() not in bytes(cursor.fetchone()[0])


@pytest.mark.django_db
def test_old_answers_are_forgotten(now: datetime) -> None:
    claim(now - KEPT - timedelta(seconds=1), key="old")
    claim(now - KEPT + timedelta(seconds=1), key="young")
    assert purge(now=now) == 1
    assert Answer.objects.get().key == "young"


@pytest.mark.django_db(transaction=True)
def test_a_command_rolled_back_leaves_no_claim(now: datetime) -> None:
    with transaction.atomic():
        finish(claim(now), status=200, body="")
        transaction.set_rollback(True)
    assert claim(now).answer is None


@pytest.mark.django_db(transaction=True)
def test_an_equal_request_at_the_same_moment_waits_and_gets_the_first_answer(now: datetime) -> None:
    claimed, go = Event(), Event()

    def first() -> None:
        try:
            with transaction.atomic():
                mine = claim(now)
                claimed.set()
                go.wait(10)
                finish(mine, status=201, body="first")
        finally:
            connection.close()

    def second() -> Claim:
        try:
            with transaction.atomic():
                return claim(now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        assert claimed.wait(10)
        two = pool.submit(second)
        go.set()
        one.result()
        assert two.result().answer == Given(status=201, body="first")


@pytest.mark.django_db(transaction=True)
def test_waiting_has_an_end(now: datetime) -> None:
    def impatient() -> None:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '50ms'")
                claim(now)
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        claim(now)
        with pytest.raises(OperationalError) as refused:
            pool.submit(impatient).result()
    assert isinstance(refused.value.__cause__, LockNotAvailable)
