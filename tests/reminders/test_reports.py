"""Delivery reports: taken is not arrived; what did not arrive climbs to the next channel, and then to a voice."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from backend.cases.families import record_death
from backend.jobs import reminders as job
from backend.reminders.channels import Report
from backend.reminders.models import Choice, Delivery, Reminder, Try
from backend.reminders.outbox import intend, one_helper, one_user
from backend.reminders.reports import take_in
from tests import factories
from tests.reminders.test_outbox import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(settings: Any, tmp_path: Path) -> Path:
    """Text messages and e-mail go to files."""
    settings.OUTBOX, settings.CHANNELS = tmp_path, {"sms": "file", "email": "file", "wechat": ""}
    return tmp_path


def reported(box: Path, *lines: Any) -> None:
    """The gateway lays a file there."""
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (box / "sms-reports-1.jsonl").write_text(text, "utf-8")


def texted(now: datetime, **account: Any) -> UUID:
    """A user who wants text messages was sent one; its id."""
    user = factories.user("cw", role="caseworker", **account)
    Choice.objects.create(user=user, channel="sms", address="13800000000")
    intend("notice", to=one_user(user), key="a", now=now, urgent=True, label="一件事")
    assert run(now) == 1
    message = Delivery.objects.get(channel="sms").message
    assert message is not None
    return message


def states() -> dict[str, str]:
    """By channel."""
    return dict(Delivery.objects.values_list("channel", "state"))


def test_arrived_is_noted_once_and_stays(now: datetime, box: Path) -> None:
    message = texted(now)
    said = [Report(message, arrived=True), Report(message, arrived=True), Report(message, arrived=False)]
    assert take_in(reports=said, now=now) == 1
    assert states() == {"in_app": "sent", "sms": "delivered"}
    assert Reminder.objects.get().state == "delivered"
    assert list(Try.objects.order_by("id").values_list("outcome", flat=True)) == ["marked", "sent", "arrived"]


def test_the_file_is_read_and_removed_whatever_else_stands_in_it(now: datetime, box: Path) -> None:
    message = texted(now)
    strange = {"id": str(UUID(int=1)), "arrived": True}
    reported(box, "no report", strange, [1], {"id": str(message), "arrived": False, "detail": "DELIVRD:012"})
    job.take_reports()
    assert states()["sms"] == "failed"
    assert Try.objects.order_by("id").values_list("outcome", "detail").last() == ("lost", "DELIVRD:012")
    assert not list(box.glob("sms-reports-*"))


def test_what_did_not_arrive_goes_by_e_mail(now: datetime, box: Path) -> None:
    """D20: the next channel, although only text messages were chosen; in the person's own address."""
    message = texted(now, email="cw@example.org")
    for _again in range(2):
        take_in(reports=[Report(message, arrived=False)], now=now)
    assert [run(now), run(now)] == [1, 0]
    assert states() == {"in_app": "sent", "sms": "failed", "email": "sent"}
    [line] = next(box.glob("email-*.jsonl")).read_text("utf-8").splitlines()
    assert json.loads(line)["to"] == "cw@example.org"


def test_at_night_the_next_channel_waits_and_after_a_death_it_says_nothing(now: datetime, box: Path) -> None:
    """E2, and the quiet hours."""
    user, person = factories.user("cw", role="caseworker", email="cw@example.org"), factories.family().persons.get()
    Choice.objects.create(user=user, channel="sms", address="13800000000")
    intend("notice", to=one_user(user), key="a", now=now, about=person)
    run(now)
    assert run(now + timedelta(hours=23, minutes=30)) == 1
    message = Delivery.objects.get(channel="sms").message
    assert message is not None
    night = now + timedelta(hours=37)
    take_in(reports=[Report(message, arrived=False)], now=night)
    assert run(night) == 0
    record_death(person=person, died_on=factories.TODAY, actor=factories.actor(), now=night)
    assert run(night + timedelta(hours=12)) == 0
    assert states()["email"] == "failed"


def test_whoever_has_only_a_number_is_rung(now: datetime, box: Path) -> None:
    """A helper without an account: somebody of the office hears of it, once, without a name."""
    office, helper, family = factories.user("cw", role="caseworker"), factories.helper(phone="1390"), factories.family()
    Choice.objects.create(helper_id=helper.pk, channel="sms")
    intend("visit.coming", to=one_helper(helper.pk), key="a", now=now, about=family, unit_path=family.unit.path)
    run(now)
    run(now + timedelta(hours=23, minutes=30))
    message = Delivery.objects.get(channel="sms").message
    assert message is not None
    for _again in range(2):
        take_in(reports=[Report(message, arrived=False)], now=now)
    run(now + timedelta(days=2))
    told = Delivery.objects.get(user=office)
    assert (told.reminder.kind, told.reminder.label) == ("helper.unreached", "")
    assert Reminder.objects.get(key="a").state == "failed"
