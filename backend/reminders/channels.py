"""How a message leaves: e-mail by SMTP, text messages and WeChat by an adapter. Which ones: settings.

An adapter is a class with `send(message)`. It raises NotTaken when the message certainly did not go out, so that it may
be tried again; whatever else it raises leaves the outcome unknown, and then nothing is repeated. Taken is not arrived:
what the network says of it later the adapter tells in `reports()`, if it can.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from smtplib import SMTPException, SMTPServerDisconnected
from typing import Protocol, runtime_checkable
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone
from django.utils.module_loading import import_string

from backend.reminders.models import Channel

log = logging.getLogger(__name__)


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


@dataclass(frozen=True)
class Report:
    """What became of a message that a channel had taken."""

    message: UUID
    arrived: bool
    detail: str = ""
    """The network's code for a failure; never an address."""


class Adapter(Protocol):
    """One way out of the house."""

    def send(self, message: Message) -> None:
        """Hand it over. Raises NotTaken; anything else means that nobody knows."""


@runtime_checkable
class Reporting(Protocol):
    """An adapter that hears later what became of messages."""

    def reports(self) -> Sequence[Report]:
        """What was not taken in yet. The same report may come twice: it counts once."""

    def forget_reports(self) -> None:
        """What `reports` gave last is taken in, and stored."""


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


@dataclass
class File:
    """Writes messages into a file a day instead of sending them: for trying out, and for gateways that read a folder.

    What became of them such a gateway writes into files `<channel>-reports-*.jsonl` of the same folder, each moved
    there when it is complete: lines of `{"id": …, "arrived": true or false, "detail": …}`. They are removed once they
    are taken in.
    """

    channel: str
    _taken: list[Path] = field(default_factory=list)

    def send(self, message: Message) -> None:
        """A line of JSON. Only the owner may read the file."""
        folder = Path(settings.OUTBOX)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = {"id": str(message.id), "to": message.address, "text": message.text}
        path = folder / f"{self.channel}-{timezone.localdate().isoformat()}.jsonl"
        with open(path, "a", opener=_private, encoding="utf-8") as file:
            file.write(json.dumps(told, ensure_ascii=False) + "\n")

    def reports(self) -> Sequence[Report]:
        """Of all files that lie there; a line that is none is left out, and the log tells of it."""
        self._taken = sorted(Path(settings.OUTBOX).glob(f"{self.channel}-reports-*.jsonl"))
        return [report for path in self._taken for report in _reports_in(path)]

    def forget_reports(self) -> None:
        """Remove the files that were read."""
        for path in self._taken:
            path.unlink(missing_ok=True)


def remove_files(*, before: date) -> int:
    """Remove the files with messages of days before this one; returns how many. They hold addresses."""
    removed = 0
    for path in Path(settings.OUTBOX).glob("*-????-??-??.jsonl"):
        if path.stem[-10:] < before.isoformat():
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _reports_in(path: Path) -> Iterator[Report]:
    for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
        try:
            told = json.loads(line)
            yield Report(UUID(told["id"]), told["arrived"] is True, str(told.get("detail") or "")[:120])
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s, line %d is no delivery report", path.name, number)


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
