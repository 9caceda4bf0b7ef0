"""A township as people meet it: a running server, a worker, a clock that tests move, and people with tokens."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import time_machine
from django.db import connection, connections
from django.test import Client
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.periodic import PeriodicRegistry

from backend.jobs.suspensions import note_checks
from backend.jobs.timers import wake_all
from workflows.models import Instance

LOCAL = ZoneInfo("Asia/Shanghai")
NIGHT = time(0, 2, tzinfo=LOCAL)
PASSWORD = "明月照大江-8"


class Refused(Exception):
    """The server said no."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(status, problem)
        self.status, self.problem = status, problem


@dataclass
class Server:
    """The way to the application: whole requests and answers through everything between socket and view."""

    requests: int = 0
    _client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def ask(self, method: str, path: str, body: bytes, kind: str, token: str = "") -> tuple[int, bytes]:
        """Status and body of the answer."""
        self.requests += 1
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self._client.generic(method, path, body, kind, headers=headers)
        return answer.status_code, answer.content


@dataclass
class Person:
    """Somebody with an account, who does everything through the API with a token of their own."""

    server: Server
    username: str
    name: str
    role: str
    unit: str = ""
    """The unit's code."""
    token: str = ""
    until: datetime | None = None
    has_news: bool = False
    """Whether this person has reason to look into the inbox."""

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of an answer."""
        return self._call("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, **body: Any) -> Any:
        """Send a command. Raises Refused."""
        return self._call("POST", path, body)

    def patch(self, path: str, **body: Any) -> Any:
        """Change something. Raises Refused."""
        return self._call("PATCH", path, body)

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every row of a list, page by page."""
        rows: list[dict[str, Any]] = []
        page = self.get(path, page_size=200, **query)
        while True:
            rows += page["results"]
            if page["next"] is None:
                return rows
            following = urlsplit(page["next"])
            page = self._call("GET", f"{following.path}?{following.query}")

    def upload(self, path: str, *, file: bytes, name: str, **fields: str) -> Any:
        """Send a file as a form does."""
        boundary = uuid.uuid4().hex
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
                 for key, value in fields.items()]  # fmt: skip
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        body = b"".join(parts) + head + file + f"\r\n--{boundary}--\r\n".encode()
        return self._send("POST", path, body, f"multipart/form-data; boundary={boundary}")

    def inbox(self) -> list[dict[str, Any]]:
        """What this person may do now."""
        return self.all("/api/work-items/", doable="true")

    def log_in(self) -> None:
        """A new token for name and password."""
        given = json.dumps({"username": self.username, "password": PASSWORD}).encode()
        status, answer = self.server.ask("POST", "/api/auth/token/", given, "application/json")
        assert status == 201, answer
        issued = json.loads(answer)
        self.token, self.until = issued["token"], datetime.fromisoformat(issued["expires_at"])

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        return self._send(method, path, content, "application/json")

    def _send(self, method: str, path: str, body: bytes, kind: str) -> Any:
        if self.until is None or datetime.now(LOCAL) >= self.until:
            self.log_in()
        status, answer = self.server.ask(method, path, body, kind, self.token)
        if status >= 500:
            raise AssertionError(f"{method} {path}: {status} {answer[:2000]!r}")
        if status >= 400:
            raise Refused(status, json.loads(answer))
        return json.loads(answer) if answer else None


@dataclass
class Clock:
    """The time that everything in this process reads; it moves only when it is told to."""

    traveller: time_machine.Traveller

    @property
    def now(self) -> datetime:
        """The present moment, in local time."""
        return datetime.now(LOCAL)

    @property
    def today(self) -> date:
        """The local day."""
        return self.now.date()

    def let_pass(self, until: datetime, worker: Worker) -> None:
        """Time goes by: whatever falls due is woken when it is due, and its jobs are done, before the next; and every
        night the dates of background checks are looked at."""
        while (due := min(self._next_timer() or until, self._next_night())) < until:
            self.traveller.move_to(max(due, self.now))
            if self.now.timetz() == NIGHT:
                note_checks(0)
            self.wake(worker)
        self.traveller.move_to(until)
        self.wake(worker)

    def wake(self, worker: Worker) -> None:
        """What the worker does every minute."""
        wake_all(self.now)
        worker.finish()

    def _next_night(self) -> datetime:
        """When the nightly job runs next."""
        return datetime.combine(self.today + timedelta(days=self.now.timetz() >= NIGHT), NIGHT)

    @staticmethod
    def _next_timer() -> datetime | None:
        found = Instance.objects.filter(state="running", wake_at__isnull=False).order_by("wake_at")
        return found.values_list("wake_at", flat=True).first()


@contextmanager
def standing_still(moment: datetime) -> Iterator[Clock]:
    """Nothing passes but what the test lets pass."""
    with time_machine.travel(moment, tick=False) as traveller:
        yield Clock(traveller)


class Worker:
    """The real worker, as `manage.py procrastinate worker` runs it: whenever it is asked, until nothing is queued."""

    def __enter__(self) -> Worker:
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(1))  # one thread does all jobs and closes its connection
        assert isinstance(app.connector, DjangoConnector)
        self._app = app.with_connector(app.connector.get_worker_connector())
        # What is done every minute is done by the clock: months pass here between two minutes.
        self._app.periodic_registry = PeriodicRegistry()  # type: ignore[no-untyped-call]
        self._loop.run_until_complete(self._app.open_async())
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.run_until_complete(self._app.close_async())
        self._loop.run_until_complete(self._loop.run_in_executor(None, connections.close_all))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def finish(self) -> None:
        """Do what is queued, and what that queues. Fails the test when a job failed or is put off."""
        if not _waiting():
            return
        self._loop.run_until_complete(
            self._app.run_worker_async(wait=False, concurrency=1, listen_notify=False, install_signal_handlers=False)
        )
        assert not _waiting()
        assert not list(ProcrastinateJob.objects.filter(status="failed").values_list("task_name", "args"))


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
        found: int = cursor.fetchone()[0]
    return found


@dataclass
class Watch:
    """Somebody who must never see anything: asked again and again."""

    stranger: Person
    looks: int = 0
    seen: list[Any] = field(default_factory=list)

    def look(self) -> None:
        """The stranger opens inbox, cases and families."""
        self.looks += 1
        for path in ("/api/work-items/", "/api/cases/", "/api/families/", "/api/helpers/", "/api/visits/"):
            self.seen += self.stranger.get(path)["results"]
