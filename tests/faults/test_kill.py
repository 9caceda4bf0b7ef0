"""kill -9 of web, worker and database in the middle of 1,000 completions: what was acknowledged is there once, and
nothing is half done. (1,000 with THOROUGH=1, as before a release; otherwise 120.)"""

import http.client
import json
import queue
import threading
import time
from dataclasses import dataclass, field

from tests.system import System, wait_for
from tests.thoroughness import THOROUGH

COUNT = 1000 if THOROUGH else 120
CLIENTS = 4
LONGEST_SECONDS = 300


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


def test_what_was_acknowledged_is_there_once(started: System) -> None:
    """E35: a restart in the middle of an approval leaves it done or not done, never half."""
    seeded = json.loads(started.run("-m", "tests.faults.seeding", str(COUNT)))
    clients = Clients(started, seeded["token"])
    for item in seeded["items"]:
        clients.todo.put(item)
    threads = [threading.Thread(target=clients.work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LONGEST_SECONDS
    for share, victim in ((0.2, "web"), (0.4, "database"), (0.6, "worker"), (0.8, "database")):
        while len(clients.acknowledged) < share * COUNT and time.monotonic() < deadline:
            time.sleep(0.02)
        _kill(started, victim)
    for thread in threads:
        thread.join(max(0.1, deadline - time.monotonic()))
    clients.stop.set()
    assert not clients.refused
    assert len(clients.acknowledged) == COUNT, f"only {len(clients.acknowledged)} in {LONGEST_SECONDS} s"
    wait_for(started.is_ready)

    done = {"state": "done", "told": 1, "passed": 1, "open": ["check_note"], "waiting": ["check_note"]}
    found = json.loads(started.run("-m", "tests.faults.accounting"))
    assert {item: entry for item, entry in found.items() if entry != done} == {}
    assert set(found) == set(clients.acknowledged)
    started.run("backend/manage.py", "verify_history")


def _kill(system: System, name: str) -> None:
    """kill -9 of one of the three programs: the process that `manage.py run` started, not its children."""
    wait_for(lambda: name in system.children())
    system.children()[name].kill()
