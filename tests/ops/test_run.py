"""`manage.py run` as a person runs it: a real process with its children, killed and stopped in many ways."""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

import psutil
import pytest

from backend.core.databases import SOCKET
from tests.system import System, wait_for


@pytest.fixture
def system(started: System) -> System:
    """One for all tests here, for a start takes long; whoever stops it starts it again."""
    return started


def test_ready(system: System) -> None:
    assert system.get("/healthz") == (200, {"alive": True})
    assert system.get("/readyz") == (200, {"ready": True, "missing": [], "late": []})
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
    # Beside the first start, for seconds would tell about the machine and what else it does.
    assert system.cpu_seconds() < system.first_start / 2
    assert "migrations" not in system.printed.read_text()


def test_killed_without_warning_takes_its_children_along_and_starts_again(system: System) -> None:
    """And the number in its pid files may belong to a stranger by then, as it soon does in a container."""
    database = system.children()["database"]
    owner = database.uids().real
    home = system.data / "postgres"
    pid_files = [home / "data" / "postmaster.pid", home / f"{SOCKET}.lock"]
    kept = {file: file.read_text().splitlines()[1:] for file in pid_files}
    family = system.family()

    assert system.end(signal.SIGKILL) == -signal.SIGKILL

    assert not psutil.wait_procs(family, timeout=15)[1]
    with subprocess.Popen(["sleep", "600"], user=owner if os.geteuid() == 0 else None) as stranger:
        try:
            for file, lines in kept.items():
                file.write_text("\n".join([str(stranger.pid), *lines]) + "\n")
            wait_for(system.start().is_ready)
            assert stranger.poll() is None
        finally:
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
