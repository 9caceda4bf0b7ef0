"""How many statements and commits a completion costs, and what the two hundredth visit costs over the first."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.org.access import SYSTEM
from backend.org.models import Unit, User
from tests import factories
from tests.bench import diagrams
from workflows import services
from workflows.models import Instance, WorkItem

NOT_COUNTED = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")
AUTHENTICATION = '"org_token"'
LATE = 199
"""Visits before those that are measured as late."""

_running = count(1)


@dataclass(frozen=True)
class Cost:
    """What one completion over the API sent to the database."""

    statements: int
    commits: int
    state_bytes: int


def started(files: Mapping[str, str]) -> Instance:
    """A new instance of this process for a case of its own."""
    with transaction.atomic():
        process = diagrams.deployed(files)
        number = f"bench-{next(_running)}"
        case = factories.case(factories.family(number=number), number=number)
        return services.start(process=process.key, case=case, actor=SYSTEM, now=timezone.now())


def started_at(village: Unit) -> Instance:
    """A new instance of the loop for a case in this village."""
    with transaction.atomic():
        diagrams.deployed(diagrams.loop())
        number = f"bench-{next(_running)}"
        case = factories.case(factories.family(unit=village, number=number), number=number)
        return services.start(process="loop", case=case, actor=SYSTEM, now=timezone.now())


def open_item(instance: Instance) -> WorkItem:
    """One of its open work items."""
    return WorkItem.objects.filter(instance=instance, state=WorkItem.State.OPEN).order_by("step")[0]


def completed(client: Client, item: WorkItem, answers: Mapping[str, Any] = diagrams.ANSWERS) -> None:
    """Complete it over the API. Raises RuntimeError when the answer is no success."""
    body = json.dumps({"answers": answers}, ensure_ascii=False)
    answer = client.post(f"/api/work-items/{item.pk}/complete/", body, content_type="application/json")
    if answer.status_code != 200:
        raise RuntimeError(answer.content.decode())


def cost(client: Client, instance: Instance, answers: Mapping[str, Any] = diagrams.ANSWERS) -> Cost:
    """Complete one of its open items and count: without authentication, BEGIN and COMMIT."""
    item = open_item(instance)
    with CaptureQueriesContext(connection) as queries:
        completed(client, item, answers)
    sent = [query["sql"] for query in queries]
    counted = [sql for sql in sent if not sql.startswith(NOT_COUNTED) and AUTHENTICATION not in sql]
    instance.refresh_from_db()
    return Cost(len(counted), sum(sql.startswith("COMMIT") for sql in sent), len(instance.data))


def walked(instance: Instance, user: User, times: int) -> None:
    """Complete the loop's item so many times, without the API."""
    for _ in range(times):
        with transaction.atomic():
            services.complete(item=open_item(instance), answers=diagrams.AGAIN, user=user, now=timezone.now())


def costs(client: Client, user: User) -> dict[str, Cost]:
    """Of every kind that bench.json names. The first completion in a process also reads the definition: not counted."""
    found = {}
    for name, files in {
        "nodes_10": diagrams.line(10),
        "nodes_100": diagrams.line(100),
        "open_5": diagrams.fork(5),
        "open_50": diagrams.fork(50),
    }.items():
        cost(client, started(files))
        found[name] = cost(client, started(files))
    files = diagrams.loop()
    cost(client, started(files), diagrams.AGAIN)
    instance = started(files)
    found["visit_1"] = cost(client, instance, diagrams.AGAIN)
    walked(instance, user, LATE - 1)
    found["visit_200"] = cost(client, instance, diagrams.AGAIN)
    return found


@dataclass(frozen=True)
class Growth:
    """Medians of late visits over those of early ones."""

    wall: float
    cpu: float


def growth(client: Client, user: User, *, instances: int, visits: int = 25) -> Growth:
    """Measured in turn: visits 1 … of new instances, visits 200 … of old ones."""
    files = diagrams.loop()
    early, late = [], []
    for _ in range(instances):
        young, old = started(files), started(files)
        walked(old, user, LATE)
        for _ in range(visits):
            early.append(_timed(client, young))
            late.append(_timed(client, old))
    wall, cpu = (
        statistics.median(times[part] for times in late) / statistics.median(times[part] for times in early)
        for part in (0, 1)
    )
    return Growth(wall, cpu)


def _timed(client: Client, instance: Instance) -> tuple[float, float]:
    """Seconds of the clock and of this process's work for one visit."""
    item = open_item(instance)
    wall, cpu = time.perf_counter(), time.process_time()
    completed(client, item, diagrams.AGAIN)
    return time.perf_counter() - wall, time.process_time() - cpu
