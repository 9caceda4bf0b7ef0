"""A bank's answer whose posting is killed goes on where it was: each line is posted once, and the ledger balances."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from backend.audit.models import Event
from backend.ledger.balances import trial_balance
from backend.ledger.models import Entry
from backend.payments import answers, batches, posting
from backend.payments.models import Batch, Payable
from tests.payments.banking import answer
from tests.payments.owing import county, owed, person

LINES = 24
POST = """
import time, django
django.setup()
from django.utils import timezone
from backend.payments import posting
from backend.payments.models import Batch
posting.PORTION = 2
posting.post_answers(batch_id=Batch.objects.get().pk, now=timezone.now(), told=lambda _: time.sleep(0.1))
"""


def _in_another_process() -> subprocess.Popen[bytes]:
    used = connection.settings_dict
    place = f"{used['USER']}:{used['PASSWORD']}@{used['HOST']}:{used['PORT']}" if used["HOST"][:1] != "/" else ""
    url = f"postgresql://{place or used['USER'] + '@'}/{used['NAME']}" + ("" if place else f"?host={used['HOST']}")
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "backend.settings"}
    return subprocess.Popen([sys.executable, "-c", POST], env=environment, cwd=Path(__file__).parents[2])


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_nobody_is_paid_twice(now: datetime) -> None:
    with transaction.atomic():
        for _ in range(LINES):
            owed(now)
        batch = batches.draw_up(unit=county(), programme="", pay_on=date(2026, 3, 2), actor=person(), now=now)
        batches.release(batch=batch, actor=person(), now=now)
        content = answer(batch, returned={5: "账户已销户"})
        answers.take(batch=batch, name="x.csv", content=content, actor=person(), now=now)
    process = _in_another_process()
    deadline = time.monotonic() + 60
    while posting.progress(batch).posted < 4 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    posted = posting.progress(batch).posted
    assert 4 <= posted < LINES, "it was killed in the middle"
    assert Entry.objects.exclude(kind="obligation").count() == posted, "what is counted stands in the ledger"
    posting.post_answers(batch_id=batch.pk, now=now)
    assert Counter(Entry.objects.values_list("kind", flat=True)) == {
        "obligation": LINES,
        "payment": LINES - 1,
        "return": 1,
    }
    assert Counter(Payable.objects.values_list("state", flat=True)) == {"paid": LINES - 1, "returned": 1}
    assert Event.objects.filter(action="payable.paid").count() == LINES - 1
    assert Batch.objects.get().state == "settled"
    assert trial_balance(county()).is_balanced
