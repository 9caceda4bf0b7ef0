"""Reminders over HTTP: one's own, by which channels, the outbox without contents, and what a family's page tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.core import schedules
from backend.jobs import reminders as job
from backend.reminders import sending
from backend.reminders.models import Choice, Delivery
from backend.reminders.outbox import intend, one_user, role_at
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from workflows.reminders import Book

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _channels(settings: Any) -> None:
    settings.CHANNELS = {"sms": "file", "email": "", "wechat": ""}


def test_one_s_own_are_read_and_counted() -> None:
    now = timezone.now()
    mine, other = factories.user("mine", role="caseworker"), factories.user("other", role="caseworker")
    for number in range(3):
        intend("notice", to=one_user(mine), key=f"m{number}", now=now, label="探访", label_en=f"Visit {number}")
    intend("notice", to=one_user(other), key="o", now=now)
    sending.show(now=now, book=Book())
    caller = Caller(mine)
    rows = results(caller.get("me/reminders/"))
    assert [(row["title"], row["label"]) for row in rows] == [("A message for you", f"Visit {n}") for n in (2, 1, 0)]
    assert caller.get("me/reminders/count/").json() == {"unread": 3}
    foreign = str(Delivery.objects.get(user=other).pk)
    assert caller.post("me/reminders/read/", {"ids": [rows[0]["id"], foreign]}).json() == {"unread": 2}
    assert len(results(caller.get("me/reminders/", unread="true"))) == 2
    assert caller.post("me/reminders/read/").json() == {"unread": 0}
    assert Caller(other).get("me/reminders/count/").json() == {"unread": 1}
    assert caller.statements("me/reminders/") <= 1


def test_channels_are_chosen_and_given_up() -> None:
    user = factories.user("cw", role="caseworker", email="zhang@example.org")
    caller = Caller(user)
    assert_problem(caller.put("me/channels/", {"channel": "sms", "wanted": True}), 422, "no_address", "/address")
    assert_problem(caller.put("me/channels/", {"channel": "email", "wanted": True}), 422, "no_channel", "/channel")
    assert_problem(caller.put("me/channels/", {"channel": "in_app", "wanted": True}), 422, "no_channel", "/channel")
    said = caller.put("me/channels/", {"channel": "sms", "wanted": True, "address": "13812345678"}).json()
    told = {row["channel"]: (row["wanted"], row["address"]) for row in said}
    assert told == {
        "email": (False, "z****@example.org"), "sms": (True, "138****5678"), "wechat": (False, ""),
    }  # fmt: skip
    caller.put("me/channels/", {"channel": "sms", "wanted": False})
    assert not Choice.objects.exists()


def test_the_office_notes_what_a_helper_without_an_account_wants() -> None:
    caller = Caller(factories.user("cw", role="caseworker"))
    helper, with_account = factories.helper(phone="13900000000"), factories.helper(user=factories.user("h"))
    mute = factories.helper(phone="")
    wanted = {"wanted": True}
    assert caller.post(f"helpers/{helper.pk}/text-messages/", wanted).json()["text_messages"] is True
    assert_problem(caller.post(f"helpers/{with_account.pk}/text-messages/", wanted), 409, "has_account")
    assert_problem(caller.post(f"helpers/{mute.pk}/text-messages/", wanted), 422, "no_address")
    assert caller.post(f"helpers/{helper.pk}/text-messages/", {"wanted": False}).json()["text_messages"] is False


def test_the_outbox_tells_that_but_not_what(now: Any) -> None:
    family, user = factories.family(label="欧阳春兰"), factories.user("cw", role="caseworker")
    to = role_at("caseworker", factories.town())
    intend("notice", to=to, key="a", now=now, about=family, label="失独户 欧阳")
    intend("notice", to=to, key="b", now=now, about=family, closed_to=user.pk)
    intend("notice", to=role_at("auditor", factories.town()), key="c", now=now)
    sending.show(now=now, book=Book())
    answer = Caller(factories.user("sys", role="sysadmin")).get("outbox/")
    newest = results(answer)[0]
    assert (newest["state"], newest["why"]) == ("failed", "nobody")
    assert "欧阳" not in answer.content.decode()
    assert str(family.pk) not in answer.content.decode()
    assert Caller(user).get("outbox/").status_code == 403
    [row] = Caller(user).get(f"families/{family.pk}/reminders/").json()
    assert (row["title"], row["state"], row["deliveries"][0]["channel"]) == ("A message for you", "sent", "in_app")
    stranger = factories.user("far", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    assert Caller(stranger).get(f"families/{family.pk}/reminders/").status_code == 404


def test_a_job_that_did_not_run_is_told() -> None:
    now = timezone.now()
    for name in [each.name for each in schedules.late_among([("x", now - timedelta(days=9), now)], now)]:
        schedules.note_run(name, now - timedelta(days=3))
    schedules.note_run("reminders.send", now)
    system = factories.user("sys", role="sysadmin")
    told = Caller(system).get("jobs/").json()
    late = {row["name"] for row in told["late"]}
    assert {"history.seal", "housekeeping.purge", "timers.wake_due"} <= late
    assert "reminders.send" not in late
    for _again in range(2):
        job.look(0)
    sending.show(now=now, book=Book())
    rows = results(Caller(system).get("me/reminders/", page_size=100))
    assert {row["label"] for row in rows if row["kind"] == "schedule.late"} == late
    assert len([row for row in rows if row["kind"] == "schedule.late"]) == len(late)


def test_nothing_sent_though_something_was_due() -> None:
    now = timezone.now()
    user = factories.user("cw", role="caseworker")
    intend("notice", to=one_user(user), key="a", now=now - timedelta(hours=2))
    caller = Caller(factories.user("sys", role="sysadmin"))
    assert caller.get("jobs/").json()["silence"] == {"unsent": 1, "untold": 0, "unknown": 0}
