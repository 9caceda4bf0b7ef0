"""Due timers woken by two workers, and what cases cost that wait for nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta

from django.db import connection
from django.db.models import Max
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.jobs.timers import wake_all
from tests.bench import crowd, diagrams, statements
from tests.bench.server import ROOT
from workflows.models import Instance

WORKERS = 2


def waiting(count: int, *, seed: str) -> None:
    """So many cases whose process waits an hour for its timer."""
    instance = statements.started(diagrams.pause())
    assert instance.case is not None
    crowd.cases(instance.case, 1, count, seed=seed)
    crowd.instances(instance, 1, count, seed=seed)
    crowd.settle()


def idle_statements(count: int) -> float:
    """Statements of looking for due timers, per case that has none due: with so many cases less without any."""
    alone = _statements_of_waking()
    waiting(count, seed="idle")
    return (_statements_of_waking() - alone) / count


def _statements_of_waking() -> int:
    with CaptureQueriesContext(connection) as queries:
        woken = wake_all(timezone.now())
    if woken:
        raise RuntimeError(f"{woken} timers were due")
    return len(queries)


def woken_per_second(count: int) -> float:
    """Wake so many due timers by workers that start at the same moment. Raises RuntimeError when not all were woken."""
    due = Instance.objects.filter(state=Instance.State.RUNNING, wake_at__isnull=False)
    missing = count - due.count()
    if missing > 0:
        waiting(missing, seed="due")
    latest = due.aggregate(latest=Max("wake_at"))["latest"]
    expected = due.count()
    workers = [_worker() for _ in range(WORKERS)]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    begun = time.perf_counter()
    moment = (latest + timedelta(minutes=1)).isoformat()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(f"{moment}\n")
        worker.stdin.flush()
    counts = [int(worker.communicate()[0]) for worker in workers]
    seconds = time.perf_counter() - begun
    if sum(counts) != expected or due.filter(wake_at__lte=latest).exists():
        raise RuntimeError(f"woken: {counts} of {expected}")
    return expected / seconds


def _worker() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.wake"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
