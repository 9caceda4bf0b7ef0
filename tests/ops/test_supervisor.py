"""Programs that keep dying are started later and later; logs do not grow for ever."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.ops import supervisor as module
from backend.ops.supervisor import Process, Program, Supervisor, rotate, spawned


@pytest.fixture
def told() -> list[str]:
    """What the person at the terminal was told."""
    return []


@pytest.fixture
def supervisor(told: list[str]) -> Iterator[Supervisor]:
    """Stopped after the test."""
    found = Supervisor(report=told.append)
    yield found
    found.stop()


def program(tmp_path: Path, code: str) -> Program:
    """A Python program."""
    log = tmp_path / "program.log"

    def start() -> Process:
        return spawned([sys.executable, "-c", code], log=log, cwd=tmp_path, env={})

    return Program("program", start, log, stop_seconds=0.5)


def test_later_and_later(
    supervisor: Supervisor, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("backend.ops.supervisor.time.monotonic", lambda: clock[0])
    dying = program(tmp_path, "raise SystemExit(3)")
    supervisor.start(dying)
    delays = []
    for _ in range(9):
        assert dying.process is not None
        subprocess.Popen.wait(dying.process)
        supervisor._mend(dying)
        delays.append(dying.delay)
        clock[0] += dying.delay
        supervisor._mend(dying)
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert "program ended (3)" in told[0] or "program 已结束（3）" in told[0]

    clock[0] += module.STEADY_SECONDS + 1
    assert dying.process is not None
    subprocess.Popen.wait(dying.process)
    supervisor._mend(dying)
    assert dying.delay == 0


def test_a_start_that_fails_is_tried_again(supervisor: Supervisor, told: list[str], tmp_path: Path) -> None:
    found = program(tmp_path, "input()")
    works = found.start
    supervisor.start(found).kill()
    assert found.process is not None
    found.process.wait()

    def fails() -> Process:
        raise OSError("no room")

    found.start = fails
    supervisor._mend(found)
    found.due_at = 0
    supervisor._mend(found)
    assert "no room" in told[-1]
    found.start, found.due_at = works, 0
    supervisor._mend(found)
    assert found.process is not None


def test_who_does_not_listen_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    found = program(tmp_path, deaf)
    process = supervisor.start(found)
    while "deaf" not in found.log.read_text():
        pass
    supervisor.stop()
    assert process.returncode == -signal.SIGKILL


def test_stopped_in_the_opposite_order(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "order"
    for name in ("first", "second", "third"):
        code = (
            "import os, pathlib, signal, time\n"
            "def end(*_):\n"
            f"    with open({str(note)!r}, 'a') as note: note.write('{name} ')\n"
            "    os._exit(0)\n"
            "signal.signal(signal.SIGTERM, end)\n"
            f"pathlib.Path({str(tmp_path / name)!r}).touch()\n"
            "time.sleep(600)"
        )
        found = program(tmp_path, code)
        found.stop_seconds = 30
        supervisor.start(found)
        while not (tmp_path / name).exists():
            pass
    supervisor.stop()
    assert note.read_text() == "third second first "


def test_a_large_log_is_moved_aside_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_LOG", 10)
    log = tmp_path / "web.log"
    with log.open("a") as writer:
        writer.write("a long enough line\n")
        writer.flush()
        rotate(log)
        writer.write("new\n")
    assert log.read_text() == "new\n"
    assert (tmp_path / "web.log.1").read_text() == "a long enough line\n"
    rotate(tmp_path / "missing.log")
