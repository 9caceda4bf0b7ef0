"""What is intended reaches whoever is there when it is sent, once, at the right hour."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from backend.cases.families import record_death
from backend.jobs import reminders as job
from backend.org.models import Deputy
from backend.org.parameters import set_parameter
from backend.reminders import sending
from backend.reminders.models import Choice, Delivery, Reminder, Try
from backend.reminders.outbox import intend, one_helper, one_user, role_at, withdraw
from tests import factories
from tests.queueing import queued
from workflows.reminders import Book

pytestmark = pytest.mark.django_db
MORNING = timedelta(hours=23, minutes=30)
"""From nine in the morning to half past eight of the next day: when messages are collected."""


@pytest.fixture
def box(settings: Any, tmp_path: Path) -> Path:
    """Text messages go to a file."""
    settings.OUTBOX, settings.CHANNELS = tmp_path, {"sms": "file", "email": "", "wechat": ""}
    return tmp_path / f"sms-{timezone.localdate()}.jsonl"


def sent(box: Path) -> list[dict[str, str]]:
    """What went out."""
    return [json.loads(line) for line in box.read_text("utf-8").splitlines()] if box.exists() else []


def run(now: datetime) -> int:
    """What the job does at this moment; returns how many messages were handed over."""
    book = Book()
    sending.show(now=now, book=book)
    messages = [*sending.mark(now=now, book=book), *sending.mark_again(now=now, book=book)]
    for message in messages:
        outcome, detail = sending.hand_over(message)
        sending.note(message=message, outcome=outcome, detail=detail, now=now)
    return len(messages)


def readers() -> set[str]:
    """To whom something was shown here."""
    return set(Delivery.objects.filter(channel="in_app").values_list("user__username", flat=True))


def test_it_goes_with_the_transaction(now: datetime) -> None:
    place = factories.town()
    with transaction.atomic():
        intend("emergency.reported", to=role_at("caseworker", place), key="a", now=now)
        transaction.set_rollback(True)
    assert (Reminder.objects.count(), queued("reminders.send_urgent")) == (0, [])
    intend("notice", to=role_at("caseworker", place), key="b", now=now)
    intend("emergency.reported", to=role_at("caseworker", place), key="c", now=now)
    assert len(queued("reminders.send_urgent")) == 1
    with pytest.raises(KeyError):
        intend("no.such", to=role_at("caseworker", place), key="d", now=now)


def test_the_same_key_is_told_once_whatever_happens(now: datetime) -> None:
    factories.user("cw", role="caseworker")
    for _again in range(3):
        intend("notice", to=role_at("caseworker", factories.town()), key="a", now=now)
        run(now)
    assert Delivery.objects.count() == 1


def test_who_holds_the_post_when_it_is_sent(now: datetime) -> None:
    town, village = factories.town(), factories.village()
    away, deputy = factories.user("away", role="caseworker"), factories.user("deputy", role="supervisor")
    intend("notice", to=role_at("caseworker", village), key="a", now=now)
    factories.user("came-later", role="caseworker")
    Deputy.objects.create(absent=away, deputy=deputy, from_date=factories.TODAY, reason="假")
    gone = factories.user("gone", role="caseworker", to_date=factories.TODAY)
    factories.user("elsewhere", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    about = factories.user("about", role="caseworker")
    intend("notice", to=role_at("caseworker", town), key="b", now=now, closed_to=about.pk)
    run(now)
    first = Delivery.objects.filter(reminder__key="a").values_list("user__username", flat=True)
    assert set(first) == {"came-later", "deputy", "about"}
    assert {"about", "gone", "away"}.isdisjoint(
        Delivery.objects.filter(reminder__key="b").values_list("user__username", flat=True)
    )
    assert gone.username not in readers()


def test_nobody_there_is_shown_as_a_failure(now: datetime) -> None:
    intend("notice", to=role_at("auditor", factories.town()), key="a", now=now)
    run(now)
    row = Reminder.objects.get()
    assert (row.state, row.why) == ("failed", "nobody")


def test_several_of_the_day_become_one_message_without_names(now: datetime, box: Path) -> None:
    user = factories.user("cw", role="caseworker", language="en")
    Choice.objects.create(user=user, channel="sms", address="13800000000")
    family = factories.family(label="欧阳春兰")
    for key in "abc":
        intend("notice", to=one_user(user), key=key, now=now, about=family, label="失独 欧阳春兰")
    intend("visit.coming", to=role_at("caseworker", factories.town()), key="d", now=now)
    assert run(now) == 0
    assert run(now + MORNING) == 1
    assert run(now + 2 * MORNING) == 0
    [message] = sent(box)
    assert message["text"] == "Jieqin: messages for you: 3; visits due soon: 1. Please log in to see more."
    assert "欧阳" not in box.read_text("utf-8")
    assert box.stat().st_mode & 0o077 == 0
    assert set(Reminder.objects.values_list("state", flat=True)) == {"sent"}


@pytest.mark.parametrize(("hour", "out"), [(20, 1), (21, 0), (23, 0), (24, 0), (30, 0), (31, 1)])
def test_quiet_hours_go_over_midnight(now: datetime, box: Path, hour: int, out: int) -> None:
    """What a day without power left over waits for the morning; what is urgent does not."""
    user, moment = factories.user("cw", role="caseworker"), now + timedelta(hours=hour - 9)
    Choice.objects.create(user=user, channel="sms", address="13800000000")
    intend("notice", to=one_user(user), key="a", now=now)
    sending.show(now=now, book=Book())
    Reminder.objects.update(send_at=now)
    assert run(moment) == out
    intend("emergency.reported", to=one_user(user), key="b", now=moment)
    assert run(moment) == 1


def test_an_area_has_hours_of_its_own(now: datetime, box: Path) -> None:
    user, town = factories.user("cw", role="caseworker"), factories.town()
    Choice.objects.create(user=user, channel="sms", address="13800000000")
    own = {"quiet_from": "12:00", "quiet_to": "14:00", "collected_at": "09:30 13:00"}
    set_parameter(key="reminder.hours", value=own, from_date=factories.LONG_AGO, path=town.path)
    intend("notice", to=one_user(user), key="a", now=now, unit_path=town.path)
    assert [run(now), run(now + timedelta(minutes=30))] == [0, 1]
    intend("notice", to=one_user(user), key="b", now=now + timedelta(hours=1), unit_path=town.path)
    assert run(now + timedelta(hours=1)) == 0
    assert Reminder.objects.get(key="b").send_at == now + timedelta(hours=5)


def test_killed_between_mark_and_handing_over_it_is_unknown_and_never_repeated(now: datetime, box: Path) -> None:
    """E35: after a power cut nobody gets the same message twice."""
    user = factories.user("cw", role="caseworker")
    Choice.objects.create(user=user, channel="sms", address="13800000000")
    intend("emergency.reported", to=one_user(user), key="a", now=now)
    sending.show(now=now, book=Book())
    assert len(sending.mark(now=now, book=Book())) == 1  # and then the power fails
    assert [run(now + timedelta(days=day)) for day in (0, 1, 2)] == [0, 0, 0]
    assert sent(box) == []
    assert Delivery.objects.get(channel="sms").state == "marked"
    assert list(Try.objects.values_list("outcome", flat=True)) == ["marked"]


def test_what_was_certainly_not_taken_is_tried_again_some_times(now: datetime, box: Path, settings: Any) -> None:
    helper = factories.helper(phone="13900000000")
    Choice.objects.create(helper_id=helper.pk, channel="sms")
    intend("notice", to=one_helper(helper.pk), key="a", now=now, urgent=True)
    settings.CHANNELS = {"sms": "tests.reminders.adapters.Refusing"}
    assert [run(now), run(now), run(now + timedelta(minutes=10))] == [1, 0, 1]
    settings.CHANNELS = {"sms": "file"}
    assert [run(now + timedelta(hours=1)), run(now + timedelta(hours=9))] == [1, 0]
    assert [row["to"] for row in sent(box)] == ["13900000000"]
    assert list(Try.objects.order_by("id").values_list("outcome", flat=True)) == [
        "marked", "refused", "marked", "refused", "marked", "sent",
    ]  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Try.objects.update(outcome="sent")


def test_given_up_and_unknown(now: datetime, box: Path, settings: Any) -> None:
    helper = factories.helper(phone="13900000000")
    Choice.objects.create(helper_id=helper.pk, channel="sms")
    settings.CHANNELS = {"sms": "tests.reminders.adapters.Refusing"}
    intend("notice", to=one_helper(helper.pk), key="a", now=now, urgent=True)
    assert sum(run(now + timedelta(hours=hour)) for hour in range(0, 20, 2)) == sending.TRIES
    assert Reminder.objects.get().state == "failed"
    settings.CHANNELS = {"sms": "tests.reminders.adapters.Breaking"}
    intend("notice", to=one_helper(helper.pk), key="b", now=now, urgent=True)
    assert sum(run(now + timedelta(hours=hour)) for hour in range(0, 20, 2)) == 1
    assert Delivery.objects.get(reminder__key="b").state == "marked"


def test_after_a_death_nothing_is_ever_said_again(now: datetime, box: Path) -> None:
    """E2: neither what waits nor what somebody still intends."""
    user, family = factories.user("cw", role="caseworker"), factories.family()
    Choice.objects.create(user=user, channel="sms", address="13800000000")
    person = family.persons.get()
    intend("notice", to=one_user(user), key="shown", now=now, about=person)
    run(now)
    intend("notice", to=one_user(user), key="waiting", now=now, about=person)
    record_death(person=person, died_on=factories.TODAY, actor=factories.actor(), now=now)
    intend("notice", to=one_user(user), key="later", now=now, about=family)
    assert run(now + 2 * MORNING) == 0
    assert dict(Reminder.objects.values_list("key", "why")) == {"shown": "", "waiting": "gone", "later": "gone"}


def test_withdrawn_before_it_went_out(now: datetime) -> None:
    user, family = factories.user("cw", role="caseworker"), factories.family()
    intend("notice", to=one_user(user), key="a", now=now, about=family)
    withdraw(family, now=now)
    run(now)
    assert (Reminder.objects.get().state, Delivery.objects.count()) == ("dropped", 0)


def test_read_is_arrived(now: datetime) -> None:
    user, other = factories.user("cw", role="caseworker"), factories.user("other", role="caseworker")
    intend("notice", to=role_at("caseworker", factories.town()), key="a", now=now)
    run(now)
    assert [sending.read_all(user=user, now=now), sending.read_all(user=user, now=now)] == [1, 0]
    assert Reminder.objects.get().state == "delivered"
    assert Delivery.objects.visible_to(other).unread().count() == 1


def test_the_job_sends_all_of_it(now: datetime) -> None:
    user = factories.user("cw", role="caseworker")
    intend("emergency.reported", to=one_user(user), key="a", now=now)
    job.send_all()
    assert readers() == {"cw"}
