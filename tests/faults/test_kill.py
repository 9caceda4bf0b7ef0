"""kill -9 of web, worker and database in the middle of 1,000 completions: what was acknowledged is there once, and
nothing is half done. (1,000 with THOROUGH=1, as before a release; otherwise 120.)"""

import contextlib
import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.thoroughness import THOROUGH

ROOT = Path(__file__).resolve().parents[2]
COUNT = 1000 if THOROUGH else 120
CLIENTS = 4
READY_SECONDS = 180
LONGEST_SECONDS = 180


@dataclass
class System:
    """A whole system started by the command that people use, in a data folder of its own."""

    data: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "MAKELEVEL"}}
        return kept | {
            "JIEQIN_DATA": str(self.data),
            "JIEQIN_DEMO": "0",
            "PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
        }

    def start(self) -> None:
        with (self.data / "run.out").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "backend/manage.py", "run"],
                cwd=ROOT,
                env=self.env,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.wait_until_ready()

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            time.sleep(0.2)
        pytest.fail(f"not ready:\n{(self.data / 'run.out').read_text(errors='replace')[-3000:]}")

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **headers})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def run(self, *arguments: str) -> str:
        """The output of a program that works on the same data. Fails the test when it fails."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    def kill(self, name: str) -> None:
        """kill -9 of one of the three programs: the process that `manage.py run` started, not its children."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            if name in " ".join(child.cmdline()):
                child.kill()
                return
        pytest.fail(f"{name} does not run")


@dataclass
class Clients:
    """People who complete items at the same time, and remember what the system told them."""

    system: System
    token: str
    todo: "queue.Queue[str]" = field(default_factory=queue.Queue)
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        while not self.stop.is_set():
            try:
                item = self.todo.get_nowait()
            except queue.Empty:
                return
            self._complete(item)

    def _complete(self, item: str) -> None:
        """Until it is acknowledged: a person whose connection broke asks again, with the same key."""
        body = json.dumps({"answers": {"text": f"做完 {item[-4:]}"}}).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"once-{item}"}
        while not self.stop.is_set():
            try:
                status, answer = self.system.ask("POST", f"/api/work-items/{item}/complete/", body, **headers)
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            if status == 200:
                self.acknowledged[item] = self.acknowledged.get(item, 0) + 1
                return
            if status < 500 and status not in {409, 429}:
                self.refused[item] = answer.decode(errors="replace")
                return
            time.sleep(0.1)


@pytest.fixture
def system(open_folder: Path) -> Iterator[System]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = System(open_folder, port)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_what_was_acknowledged_is_there_once(system: System) -> None:
    """E35: a restart in the middle of an approval leaves it done or not done, never half."""
    seeded = json.loads(system.run("-m", "tests.faults.seeding", str(COUNT)))
    clients = Clients(system, seeded["token"])
    for item in seeded["items"]:
        clients.todo.put(item)
    threads = [threading.Thread(target=clients.work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LONGEST_SECONDS
    for share, victim in ((0.2, "gunicorn"), (0.4, "postgres"), (0.6, "procrastinate"), (0.8, "postgres")):
        while len(clients.acknowledged) < share * COUNT and time.monotonic() < deadline:
            time.sleep(0.02)
        system.kill(victim)
    for thread in threads:
        thread.join(max(0.1, deadline - time.monotonic()))
    clients.stop.set()
    assert not clients.refused
    assert len(clients.acknowledged) == COUNT, f"only {len(clients.acknowledged)} in {LONGEST_SECONDS} s"
    system.wait_until_ready()

    done = {"state": "done", "told": 1, "passed": 1, "open": ["check_note"], "waiting": ["check_note"]}
    found = json.loads(system.run("-m", "tests.faults.accounting"))
    assert {item: entry for item, entry in found.items() if entry != done} == {}
    assert set(found) == set(clients.acknowledged)
    system.run("backend/manage.py", "verify_history")
