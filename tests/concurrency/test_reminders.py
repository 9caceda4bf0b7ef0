"""Two workers at the same moment send everything once."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from backend.jobs.reminders import send_all
from backend.reminders.models import Choice, Delivery
from backend.reminders.outbox import intend, one_user
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def work() -> None:
    """A worker's turn, with a connection of its own."""
    try:
        send_all()
    finally:
        connection.close()


def test_two_workers_at_once_send_once(settings: Any, tmp_path: Path, now: Any) -> None:
    settings.OUTBOX, settings.CHANNELS = tmp_path, {"sms": "file"}
    user = factories.user("cw", role="caseworker")
    Choice.objects.create(user=user, channel="sms", address="13800000000")
    for number in range(20):
        intend("notice", to=one_user(user), key=str(number), now=now, urgent=True)
    with ThreadPoolExecutor(3) as workers:
        for done in [workers.submit(work) for _worker in range(3)]:
            done.result()
    send_all()
    told = [json.loads(line)["text"] for line in next(tmp_path.glob("sms-*.jsonl")).read_text("utf-8").splitlines()]
    assert sum(int("".join(filter(str.isdigit, text))) for text in told) == 20
    assert Delivery.objects.filter(channel="sms", state="sent").count() == 20
    assert Delivery.objects.filter(channel="in_app").count() == 20
