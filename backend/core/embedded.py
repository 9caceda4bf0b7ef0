"""The embedded PostgreSQL: the server that a package brings, on a folder of its own.

It listens on a Unix socket only, in a folder that nobody but its account (and root) may enter: so there is no
password to keep and no port to choose. It lives no longer than the process that started it.
"""

import contextlib
import importlib.metadata
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
from django.utils.translation import gettext_lazy as _
from psycopg import sql

from backend.core.databases import ROLE, SOCKET, SUPERUSER, embedded_url
from backend.core.placement import PACKAGE, SHELF, DatabaseTrouble, Placement, placed
from backend.core.processes import appended, tail, tied

READY_SECONDS = 600
"""A server that was killed replays its log before it answers; that may take minutes."""
STOP_SECONDS = 30

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    # No statements, values or rows in the log: they may be personal data.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "max_connections": "100",
    "jit": "off",
}
LEAST_MEMORY, MOST_MEMORY = 128, 1024
"""Megabytes that the server shares among its processes for pages of the database."""
HASTY = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB", "autovacuum": "off",
}  # fmt: skip
"""For tests: a power cut may cost everything."""


class OtherVersion(DatabaseTrouble):
    """The database was made by another major version of PostgreSQL."""

    message = _(
        "The database in %(folder)s was made by PostgreSQL %(theirs)s; this one is %(ours)s. "
        "Move it over with pg_dump and psql, or set JIEQIN_DATA to a new folder."
    )


class StillRunning(DatabaseTrouble):
    """An earlier server on this folder does not end."""

    message = _("An earlier database server (process %(pid)s) still runs on %(folder)s and does not stop.")


class StartFailed(DatabaseTrouble):
    """The server, or a program of its package, ended with an error."""

    message = _("The database server did not start: %(reason)s")


def prepared(data: Path, *, shelf: Path = SHELF, durable: bool = True) -> Placement:
    """The database files of this data folder, ready to be served: made on the first call, mended after a crash.

    `shelf`: see placement.placed. Raises DatabaseTrouble.
    """
    placement = placed(data, shelf=shelf)
    if placement.files.exists():
        _check_version(placement)
        _settle(placement)
    else:
        _initialise(placement, durable=durable)
    return placement


def start(placement: Placement, *, log: Path, durable: bool = True) -> "subprocess.Popen[bytes]":
    """Start the server. When the process that called this dies, the server shuts down cleanly by itself."""
    here = {"unix_socket_directories": str(placement.sockets), "shared_buffers": f"{_memory()}MB"}
    settings = SETTINGS | here | ({} if durable else HASTY)
    pairs = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with appended(log) as output:
        return subprocess.Popen(
            [str(placement.programs / "postgres"), "-D", str(placement.files), *pairs],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=tied(signal.SIGINT),
            **placement.options(),
        )


def _memory() -> int:
    """An eighth of the machine's memory, within bounds: the web server wants some, and so do the system's own pages.

    A county's year on 256 MB waited for its disk a third of the time.
    """
    return min(MOST_MEMORY, max(LEAST_MEMORY, psutil.virtual_memory().total // 2**20 // 8))


def wait_until_ready(placement: Placement, server: "subprocess.Popen[bytes]", *, log: Path) -> None:
    """Return when the server answers. Raises StartFailed when it ends instead, with the last lines of its log."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(psycopg.OperationalError), connection(placement):
            return
        time.sleep(0.05)
    raise StartFailed(params={"reason": tail(log)})


def ensure_database(placement: Placement) -> None:
    """Make the application's database and its role, which is no superuser, unless they are there."""
    role = sql.Identifier(ROLE)
    with connection(placement) as found:
        if not found.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            found.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        if not found.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE]).fetchone():
            found.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))


def stop(server: "subprocess.Popen[bytes]", *, seconds: float = STOP_SECONDS) -> None:
    """End the server: first as it should be (SIGINT: roll back, write all, end), at last by force."""
    for last in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            return
        server.send_signal(last)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(seconds)


@contextlib.contextmanager
def running(data: Path, *, shelf: Path = SHELF, durable: bool = True) -> Iterator[str]:
    """A server on this folder while the block lasts; gives its superuser's database URL. Raises DatabaseTrouble."""
    log = data / "postgres.log"
    placement = prepared(data, shelf=shelf, durable=durable)
    server = start(placement, log=log, durable=durable)
    try:
        wait_until_ready(placement, server, log=log)
        ensure_database(placement)
        yield embedded_url(data, role=SUPERUSER)
    finally:
        stop(server)


@contextlib.contextmanager
def connection(placement: Placement) -> Iterator["psycopg.Connection[Any]"]:
    """A connection as superuser, committing each statement."""
    with psycopg.connect(
        host=str(placement.sockets), port=5432, user=SUPERUSER, dbname="postgres", autocommit=True, connect_timeout=5
    ) as found:
        yield found


def _initialise(placement: Placement, *, durable: bool) -> None:
    """Make the database files: aside first, so that an interrupted attempt leaves nothing that looks finished."""
    draft = placement.home / "new"
    shutil.rmtree(draft, ignore_errors=True)
    command = [str(placement.programs / "initdb"), "-D", str(draft), "--username", SUPERUSER, "--auth", "trust"]
    command += ["--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    command += ["--no-instructions", *([] if durable else ["--no-sync"])]
    made = subprocess.run(command, check=False, capture_output=True, text=True, **placement.options())
    if made.returncode != 0:
        raise StartFailed(params={"reason": made.stderr.strip() or made.stdout.strip()})
    draft.rename(placement.files)


def _check_version(placement: Placement) -> None:
    theirs = (placement.files / "PG_VERSION").read_text().strip()
    ours = importlib.metadata.version(PACKAGE).split(".")[0]
    if theirs != ours:
        raise OtherVersion(params={"folder": placement.files, "theirs": theirs, "ours": ours})


def _settle(placement: Placement) -> None:
    """End what an interrupted run left on these files, and drop its pid files when the pid is somebody else's by now.

    PostgreSQL itself sees through a pid file whose process is gone; but in a container, numbers come again soon, and
    then it takes any process of the same account for its predecessor. Nor does every container reap what was killed.
    """
    for last in (signal.SIGINT, signal.SIGQUIT):
        left = _servers(placement.files)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(last)
        psutil.wait_procs(left, timeout=STOP_SECONDS)
    if left := _servers(placement.files):
        raise StillRunning(params={"pid": left[0].pid, "folder": placement.files})
    for file in (placement.files / "postmaster.pid", placement.sockets / f"{SOCKET}.lock"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if psutil.pid_exists(int(file.read_text().split()[0])):
                file.unlink()


def _servers(files: Path) -> list[psutil.Process]:
    """Processes of a server on these files: it and its children work in that folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == "postgres" and Path(process.cwd()) == files.resolve():
                found.append(process)
    return found
