"""E-mail over a real SMTP server of our own."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.mail.backends import smtp

from backend.reminders.models import Choice, Delivery
from backend.reminders.outbox import intend, one_user
from tests import factories
from tests.reminders.test_outbox import run

pytestmark = pytest.mark.django_db


class Postbox:
    """What a server took, and what it answers."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the letter when the answer is yes."""
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            letter = email.message_from_bytes(envelope.content, policy=default)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
        return self.answer


@pytest.fixture
def postbox(settings: Any) -> Iterator[Postbox]:
    """A server that listens."""
    box = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = f"{smtp.EmailBackend.__module__}.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.CHANNELS = {"email": "backend.reminders.channels.Mail"}
    yield box
    server.stop()


def test_an_e_mail_in_the_reader_s_language(now: datetime, postbox: Postbox) -> None:
    user = factories.user("cw", role="caseworker", email="cw@example.org")
    Choice.objects.create(user=user, channel="email")
    intend("emergency.reported", to=one_user(user), key="a", now=now, label="A1")
    assert run(now) == 1
    [letter] = postbox.letters
    assert (letter["To"], letter["Subject"]) == ("cw@example.org", "结亲提醒")
    assert letter["Message-ID"] == f"<{Delivery.objects.get(channel='email').message}@localhost>"
    assert letter.get_content().strip() == "结亲：新报告的紧急情况1起。请登录查看。"


def test_a_server_that_is_busy_or_away_gets_it_later(now: datetime, postbox: Postbox, settings: Any) -> None:
    user = factories.user("cw", role="caseworker", email="cw@example.org")
    Choice.objects.create(user=user, channel="email")
    intend("emergency.reported", to=one_user(user), key="a", now=now)
    postbox.answer, port = "451 later", settings.EMAIL_PORT
    run(now)
    settings.EMAIL_PORT = 1
    run(now + timedelta(hours=1))
    settings.EMAIL_PORT, postbox.answer = port, "250 OK"
    run(now + timedelta(hours=2))
    assert len(postbox.letters) == 1
    assert Delivery.objects.get(channel="email").state == "sent"
