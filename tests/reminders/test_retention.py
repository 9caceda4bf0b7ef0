"""After some months the words of reminders go; that they were sent stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.org.parameters import set_parameter
from backend.reminders import retention
from backend.reminders.models import Delivery, Reminder
from backend.reminders.outbox import intend, one_user
from tests import factories
from tests.reminders.test_outbox import run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("days", "emptied"), [(30, 0), (31, 1)])
def test_the_words_go_and_the_fact_stays(now: datetime, days: int, emptied: int) -> None:
    set_parameter(key="reminder.kept_days", value=30, from_date=factories.LONG_AGO)
    family = factories.family()
    user = factories.user("cw", role="caseworker")
    intend(
        "notice", to=one_user(user), key="a", now=now, about=family, label="核对 A1", label_en="Check A1", page="/a/"
    )
    run(now)
    later = now + timedelta(days=days)
    assert [retention.empty(now=later), retention.empty(now=later)] == [emptied, 0]
    row = Reminder.objects.get()
    assert bool(row.label or row.label_en or row.page) == (not emptied)
    assert (row.kind, row.family_id, row.state) == ("notice", family.pk, "sent")
    assert Delivery.objects.get().user == user


def test_files_with_addresses_go_and_reports_stay(now: datetime, settings: Any, tmp_path: Path) -> None:
    settings.OUTBOX = tmp_path
    set_parameter(key="reminder.kept_days", value=30, from_date=factories.LONG_AGO)
    for name in ("sms-2026-01-30", "sms-2026-01-31", "sms-reports-2"):
        (tmp_path / f"{name}.jsonl").touch()
    assert retention.remove_sent(now=now) == 1  # on 2 March
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["sms-2026-01-31", "sms-reports-2"]
