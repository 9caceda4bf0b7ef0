"""`manage.py run` as a person runs it: a real process with its children, killed and stopped in many ways."""

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
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings

PATIENCE = 180.0


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

    def start(self) -> "System":
        """Start it; does not wait."""
        self.data.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JIEQIN_", "DATABASE_"))}
        ours = {"JIEQIN_DATA": str(self.data), "PORT": str(self.port), "JIEQIN_DEMO": "0", "JIEQIN_WORKERS": "1"}
        with self.printed.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "backend/manage.py", "run"],
                cwd=settings.ROOT,
                env=inherited | ours | {"LANG": "C.UTF-8", "LC_ALL": ""} | self.more,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

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


@pytest.fixture(scope="module")
def system(open_folder: Path) -> Iterator[System]:
    """One system for all tests here, for a start takes long; whoever stops it starts it again."""
    found = System(open_folder / "data").start()
    try:
        wait_for(found.is_ready)
        yield found
    finally:
        if found.process is not None and found.process.poll() is None:
            found.end()


def test_ready(system: System) -> None:
    assert system.get("/healthz") == (200, {"alive": True})
    assert system.get("/readyz") == (200, {"ready": True, "missing": []})
    assert system.children().keys() == {"database", "web", "worker"}


@pytest.mark.parametrize("name", ["web", "worker", "database"])
def test_a_killed_program_comes_back(system: System, name: str) -> None:
    before = system.children()[name]
    before.kill()
    wait_for(lambda: name in (now := system.children()) and now[name].pid != before.pid)
    wait_for(system.is_ready)
    assert f"{name} ended (-9)" in system.printed.read_text()


def test_a_second_run_on_the_same_data_is_told_off(system: System) -> None:
    second = System(system.data).start()
    output = second.output()
    assert second.process is not None
    assert second.process.returncode == 1
    assert f"process {system.process.pid}" in output  # type: ignore[union-attr]
    assert "JIEQIN_DATA" in output
    assert system.is_ready()


def test_stopped_without_a_trace_and_quickly_started_again(system: System) -> None:
    family = system.family()

    assert system.end(signal.SIGINT) == 0

    assert not psutil.wait_procs(family, timeout=5)[1]
    assert not (system.data / "postgres" / "data" / "postmaster.pid").exists()
    output = system.output()
    assert f"http://localhost:{system.port}/" in output
    assert "migrations" in output
    assert output.index("Stopping") < output.index("Stopped")

    wait_for(system.start().is_ready)
    assert system.cpu_seconds() < 10  # on a busy machine the clock on the wall would tell about the others
    assert "migrations" not in system.printed.read_text()


def test_killed_without_warning_takes_its_children_along_and_starts_again(system: System) -> None:
    """And the number in postmaster.pid may belong to a stranger by then, as it soon does in a container."""
    database = system.children()["database"]
    owner = database.uids().real
    pid_file = system.data / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    family = system.family()

    assert system.end(signal.SIGKILL) == -signal.SIGKILL

    assert not psutil.wait_procs(family, timeout=15)[1]
    with subprocess.Popen(["sleep", "600"], user=owner if os.geteuid() == 0 else None) as stranger:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        wait_for(system.start().is_ready)
        assert stranger.poll() is None
        stranger.kill()


def test_all_killed_at_once_starts_again(system: System) -> None:
    family = system.family()
    system.process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]  # so that it mends nothing meanwhile
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    system.end(signal.SIGKILL)
    wait_for(system.start().is_ready)


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = System(tmp_path / "data", port).start()
        assert f"PORT={port + 1} make run" in refused.output()


def test_real_use_on_a_database_elsewhere_needs_secrets(tmp_path: Path) -> None:
    refused = System(tmp_path / "data", more={"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}).start()
    output = refused.output()
    assert "jieqin.E002" in output
    assert "jieqin.E003" in output
    assert not (tmp_path / "data" / "keys.json").exists()


def test_unreachable_database_is_named(tmp_path: Path) -> None:
    more = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "JIEQIN_DEMO": "1"}
    output = System(tmp_path / "data", more=more).start().output()
    assert "The database does not answer" in output
    assert "Traceback" not in output
