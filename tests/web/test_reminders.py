"""Pages: a bell with a number, one's reminders and channels, the outbox, and what a family's history says."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from backend.reminders import sending
from backend.reminders.models import Choice, Delivery
from backend.reminders.outbox import intend, one_user, role_at
from tests import factories
from tests.web.visitor import statements, text, visitor
from workflows.reminders import Book

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _channels(settings: Any) -> None:
    settings.CHANNELS = {"sms": "file", "email": "", "wechat": ""}


def test_the_bell_counts_until_all_are_seen() -> None:
    user, now = factories.user("cw", role="caseworker"), timezone.now()
    for key in "ab":
        intend("emergency.reported", to=one_user(user), key=key, now=now, page="/inbox/", label_en="Visit 7")
    sending.show(now=now, book=Book())
    here = visitor(user)
    said = text(here.get("/reminders/"))
    assert '<span class="badge text-bg-danger">2<' in said
    assert "Visit 7" in said
    first = Delivery.objects.first()
    assert first is not None
    address = f"/reminders/{first.pk}/read/"
    assert here.post(address, {"next": "/inbox/"}).headers["Location"] == "/inbox/"
    assert here.post(address, {"next": "https://example.org/"}).headers["Location"] == "/reminders/"
    here.post("/reminders/read/")
    assert "text-bg-danger" not in text(here.get("/reminders/")).partition("<main")[0]
    assert statements(here, "/reminders/") <= 8


def test_a_channel_is_begun_and_stopped() -> None:
    user = factories.user("cw", role="caseworker")
    here = visitor(user)
    refused = here.post("/reminders/", {"channel": "sms", "wanted": "true", "address": ""})
    assert (refused.status_code, "there is no address on file" in refused.content.decode()) == (422, True)
    here.post("/reminders/", {"channel": "sms", "wanted": "true", "address": "13812345678"})
    assert "138****5678" in text(here.get("/reminders/"))
    here.post("/reminders/", {"channel": "sms", "wanted": "false"})
    assert not Choice.objects.exists()


def test_the_outbox_is_the_administrator_s_and_a_family_s_history_tells_of_it() -> None:
    family, now = factories.family(label="欧阳春兰"), timezone.now()
    user = factories.user("cw", role="caseworker")
    intend("notice", to=role_at("caseworker", factories.town()), key="a", now=now, about=family, label="欧阳")
    sending.show(now=now, book=Book())
    said = text(visitor(factories.user("sys", role="sysadmin")).get("/administration/outbox/"))
    assert ("A message for you" in said, "欧阳" in said) == (True, False)
    assert visitor(user).get("/administration/outbox/").status_code == 403
    assert "A message for you" in text(visitor(user).get(f"/families/{family.pk}/history/"))


def test_a_helper_s_wish_is_noted() -> None:
    helper = factories.helper(phone="13900000000")
    here = visitor(factories.user("cw", role="caseworker"))
    assert here.post(f"/helpers/{helper.pk}/messages/", {"wanted": "true"}).status_code == 302
    assert "Gets text messages when visits are due." in text(here.get(f"/helpers/{helper.pk}/"))
