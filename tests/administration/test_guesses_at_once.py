"""Guesses sent at the same moment count one after another: the lock-out cannot be outrun."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.conf import settings
from django.db import connection, transaction

from backend.administration.log_in import log_in
from backend.audit.models import Event
from tests import factories

AT_ONCE = 6
GUESSES = settings.LOGIN_FAILURES * 2
CHECKED = range(1, settings.LOGIN_FAILURES + 1)


@pytest.mark.django_db(transaction=True)
def test_no_more_guesses_are_checked_than_are_allowed(now: datetime) -> None:
    factories.user("zhang", password="correct horse battery")

    def guess(number: int) -> bool:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = 0")
                return log_in(username="zhang", password=f"wrong {number}", now=now) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert not any(pool.map(guess, range(GUESSES)))
    failed = Event.objects.filter(action="login.failed")
    assert failed.count() == GUESSES
    assert sorted(failed.filter(data__has_key="failures").values_list("data__failures", flat=True)) == list(CHECKED)
    assert Event.objects.filter(action="login.locked").count() == 1
