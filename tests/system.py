"""The whole system as a person runs it: `manage.py run` as a real process with its children."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

PATIENCE = 400.0


def wait_for(condition: Any, *, seconds: float = PATIENCE) -> Any:
    """What the condition answers as soon as that is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class System:
    """One run on one data folder."""

    data: Path
    port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    first_start: float = 0.0
    """The processor time of the start that made everything."""

    def start(self) -> "System":
        """Start it; does not wait."""
        self.data.mkdir(parents=True, exist_ok=True)
        with self.printed.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "backend/manage.py", "run"],
                cwd=settings.ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    @property
    def env(self) -> dict[str, str]:
        """Its own settings, and nothing of those of whoever tests."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JIEQIN_", "DATABASE_"))}
        ours = {"JIEQIN_DATA": str(self.data), "PORT": str(self.port), "JIEQIN_DEMO": "0", "JIEQIN_WORKERS": "1"}
        return inherited | ours | {"LANG": "C.UTF-8", "LC_ALL": ""} | self.more

    @property
    def printed(self) -> Path:
        """What it printed."""
        return self.data.with_name(f"printed-{self.port}")

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of an address; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except (OSError, HTTPException):
            return 0, None

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Status and body of an answer. Raises OSError or HTTPException when nobody answers."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **headers})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def run(self, *arguments: str) -> str:
        """The output of a Python program that works on the same data. Fails the test when it fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=settings.ROOT,
            env=self.env | {"PYTHONPATH": str(settings.ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    def is_ready(self) -> bool:
        """Whether /readyz says so, or the run has ended, which the caller will notice."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(self.output())
        return self.get("/readyz")[0] == 200

    def children(self) -> dict[str, psutil.Process]:
        """The running programs by name."""
        assert self.process is not None
        found: dict[str, psutil.Process] = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                line = " ".join(child.cmdline())
                names = {"postgres": "database", "gunicorn": "web", "procrastinate": "worker"}
                found |= {name: child for word, name in names.items() if word in line}
        return found

    def end(self, last: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        assert self.process is not None
        self.process.send_signal(last)
        return self.process.wait(PATIENCE)

    def output(self) -> str:
        """Everything it printed; waits for its end."""
        assert self.process is not None
        self.process.wait(PATIENCE)
        return self.printed.read_text()

    def cpu_seconds(self) -> float:
        """The processor time that it and all it started have taken so far."""
        assert self.process is not None
        times = [each.cpu_times() for each in (psutil.Process(self.process.pid), *self.family())]
        return sum(each.user + each.system + each.children_user + each.children_system for each in times)

    def family(self) -> list[psutil.Process]:
        """All processes it started, and what those started."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)
