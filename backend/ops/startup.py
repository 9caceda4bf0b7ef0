"""What `manage.py run` does before and while the system serves: the steps, in order, and the programs it supervises."""

import contextlib
import fcntl
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext_lazy as _

from backend.core import embedded
from backend.core.embedded import STOP_SECONDS
from backend.core.errors import DomainError
from backend.core.processes import tail
from backend.ops.health import direct_connection
from backend.ops.supervisor import Process, Program, Supervisor, spawned
from backend.org.models import User

OLDEST_POSTGRESQL = 15
READY_SECONDS = 120


class CannotStart(DomainError):
    """The system cannot be started like this."""

    code = "cannot_start"


class AlreadyRunning(CannotStart):
    """Another run uses this data folder."""

    message = _("Jieqin runs already with the data in %(folder)s (process %(pid)s). Stop it first, or set JIEQIN_DATA.")


class PortTaken(CannotStart):
    """Another program listens on the port."""

    message = _("Port %(port)s of %(host)s is taken by another program. Choose another one: PORT=%(next)s make run")


class NoDatabase(CannotStart):
    """The database of DATABASE_URL does not answer."""

    message = _("The database does not answer: %(reason)s")


class OldDatabase(CannotStart):
    """The database server is older than what is tested."""

    message = _("PostgreSQL 15 or later is needed; the server of DATABASE_URL is %(version)s.")


class DemoInRealUse(CannotStart):
    """Accounts with a known password in a system for real families."""

    message = _(
        "This database holds demo accounts (%(names)s), and JIEQIN_DEMO=0 was asked for. "
        "Take an empty database (JIEQIN_DATA or DATABASE_URL), or deactivate them."
    )


class NotReady(CannotStart):
    """Web or worker did not come up in time."""

    message = _("Not ready after %(seconds)s s (%(missing)s). The logs are in %(folder)s.")


class ProgramEnded(CannotStart):
    """Web or worker ended before it was ready."""

    message = _("%(name)s ended right after its start. Its log, %(log)s, ends with:\n%(tail)s")


class FolderNotWritable(CannotStart):
    """The data folder cannot be used."""

    message = _("The data folder %(folder)s cannot be used: %(reason)s. Set JIEQIN_DATA to another one.")


@dataclass(frozen=True)
class Place:
    """Where the system runs: its data folder, and the address it listens on."""

    data: Path
    host: str
    port: int

    @property
    def logs(self) -> Path:
        """The folder of the log files."""
        return self.data / "logs"

    @property
    def address(self) -> str:
        """For a browser on this machine."""
        return f"http://{'localhost' if self.host in {'127.0.0.1', '0.0.0.0', '::1', '::'} else self.host}:{self.port}/"


@contextlib.contextmanager
def sole_run(place: Place) -> Iterator[None]:
    """Hold the data folder for this run (a killed one holds nothing). Raises AlreadyRunning or FolderNotWritable."""
    try:
        place.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(place.data / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FolderNotWritable(params={"folder": place.data, "reason": error.strerror}) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    except BlockingIOError:
        raise AlreadyRunning(params={"folder": place.data, "pid": os.read(descriptor, 20).decode() or "?"}) from None
    finally:
        os.close(descriptor)


def check_port(place: Place) -> None:
    """Raises PortTaken when another program listens there; waits a moment for one that is just ending."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    for attempt in range(20):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((place.host, place.port))
                return
            except OSError as error:
                if attempt == 19:
                    params = {"host": place.host, "port": place.port, "next": place.port + 1}
                    raise PortTaken(params=params) from error
        time.sleep(0.1)


def start_database(supervisor: Supervisor, place: Place) -> None:
    """Start the embedded server and make its database. Raises DatabaseTrouble."""
    log = place.logs / "database.log"
    placement = embedded.prepared(place.data)

    def start() -> Process:
        return embedded.start(embedded.prepared(place.data), log=log)

    server = supervisor.start(Program("database", start, log, signal.SIGINT, STOP_SECONDS))
    embedded.wait_until_ready(placement, server, log=log)
    embedded.ensure_database(placement)


def check_database() -> str:
    """The server's version, such as `18.6`. Raises NoDatabase or OldDatabase."""
    try:
        with direct_connection() as found:
            number = found.info.server_version
    except psycopg.Error as error:
        raise NoDatabase(params={"reason": str(error).strip()}) from error
    version = f"{number // 10000}.{number % 10000}"
    if number // 10000 < OLDEST_POSTGRESQL:
        raise OldDatabase(params={"version": version})
    return version


def migrate() -> int:
    """Bring the tables up to date; returns how many migrations were applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", interactive=False, verbosity=0)
    return len(plan)


def refuse_demo_accounts() -> None:
    """Raises DemoInRealUse when an account of the demo could still log in."""
    names = User.objects.filter(is_demo=True, is_active=True).order_by("username").values_list("username", flat=True)
    if names:
        raise DemoInRealUse(params={"names": ", ".join(names)})


def start_programs(supervisor: Supervisor, place: Place) -> None:
    """Start worker and web, which is the first to stop again."""
    root, env = settings.ROOT, dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
    web = [sys.executable, "-m", "gunicorn", "--config", "python:backend.ops.webserver", "backend.wsgi:application"]
    # What matters of the checks was checked before; all of them would load every page into the worker.
    worker = [sys.executable, str(root / "backend" / "manage.py"), "procrastinate", "--skip-checks", "worker"]

    def program(name: str, command: list[str]) -> Program:
        log = place.logs / f"{name}.log"
        return Program(name, lambda: spawned(command, log=log, cwd=root, env=env), log)

    # When we are killed, both are, with Gunicorn's own children: every request and job is one transaction.
    supervisor.start(program("worker", worker))
    supervisor.start(program("web", web))


def wait_until_ready(supervisor: Supervisor, place: Place) -> None:
    """Return when /readyz says yes. Raises NotReady, or ProgramEnded."""
    deadline = time.monotonic() + READY_SECONDS
    missing = "web"
    while time.monotonic() < deadline:
        if not (missing := _missing(place)):
            return
        for program in supervisor.programs:
            if program.process is not None and program.process.poll() is not None:
                raise ProgramEnded(params={"name": program.name, "log": program.log, "tail": tail(program.log)})
        time.sleep(0.1)
    raise NotReady(params={"seconds": READY_SECONDS, "missing": missing, "folder": place.logs})


def _missing(place: Place) -> str:
    """What /readyz says is missing; nothing when all is there."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place.host, place.host)
    web = http.client.HTTPConnection(host, place.port, timeout=5)
    try:
        web.request("GET", "/readyz", headers={"Host": "localhost"})
        reply = web.getresponse()
        return "" if reply.status == 200 else reply.read(200).decode(errors="replace")
    except OSError:
        return "web"
    finally:
        web.close()
