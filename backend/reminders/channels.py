"""How a message leaves: e-mail by SMTP, text messages and WeChat by an adapter. Which ones: settings.

An adapter is a class with `send(message)`. It raises NotTaken when the message certainly did not go out, so that it may
be tried again; whatever else it raises leaves the outcome unknown, and then nothing is repeated.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from smtplib import SMTPException, SMTPServerDisconnected
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.module_loading import import_string

from backend.reminders.models import Channel


class NotTaken(Exception):
    """The channel certainly did not take the message: it may be tried again."""


@dataclass(frozen=True)
class Message:
    """What goes out to one person: already in the person's language."""

    id: UUID
    channel: str
    address: str
    subject: str
    text: str


class Adapter(Protocol):
    """One way out of the house."""

    def send(self, message: Message) -> None:
        """Hand it over. Raises NotTaken; anything else means that nobody knows."""


class Mail:
    """E-mail over the SMTP server of the settings."""

    def send(self, message: Message) -> None:
        """The message's id is that of the e-mail: a server that sees it twice can tell."""
        domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
        mail = EmailMessage(
            message.subject, message.text, to=[message.address], headers={"Message-ID": f"<{message.id}@{domain}>"}
        )
        connection = get_connection()
        try:
            connection.open()
        except (OSError, SMTPException) as error:
            raise NotTaken(type(error).__name__) from error
        try:
            connection.send_messages([mail])
        except SMTPServerDisconnected:  # after DATA, before the answer: it may have gone out
            raise
        except SMTPException as error:
            raise NotTaken(type(error).__name__) from error
        finally:
            connection.close()


class File:
    """Writes messages into a file instead of sending them: for trying out, and for gateways that read a folder."""

    def __init__(self, channel: str) -> None:
        self.path = Path(settings.OUTBOX) / f"{channel}.jsonl"

    def send(self, message: Message) -> None:
        """A line of JSON. Only the owner may read the file."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = {"id": str(message.id), "to": message.address, "text": message.text}
        with open(self.path, "a", opener=_private, encoding="utf-8") as file:
            file.write(json.dumps(told, ensure_ascii=False) + "\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def available() -> list[str]:
    """The channels that this installation has, beside what is shown here."""
    return [channel for channel in Channel.values if settings.CHANNELS.get(channel)]


def adapter(channel: str) -> Adapter:
    """The way out for this channel. Raises NotTaken when the installation has none."""
    named = settings.CHANNELS.get(channel)
    if not named:
        raise NotTaken("no_channel")
    if named == "file":
        return File(channel)
    made: Adapter = import_string(named)()
    return made
