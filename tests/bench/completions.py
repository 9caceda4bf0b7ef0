"""Completions per second over HTTP, against the floor, in turn on one server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from uuid import UUID

from django.db import connection

from backend.cases.models import CaseNumber
from backend.org.models import User
from tests.bench import crowd, diagrams, floor, load, people, statements
from workflows.models import WorkItem

WARM_SECONDS = 2.0
WARM_ANSWERS = 240
"""Every thread of every process of the server has completed something by then."""
ROUND_SECONDS = 3.0
STEPS = 3
"""Work items of one instance of the 10-node process."""


@dataclass
class Compared:
    """Both loads, and how many transactions that write each completion took."""

    floor: load.Load = field(default_factory=load.Load)
    completions: load.Load = field(default_factory=load.Load)
    commits: float = 0.0

    @property
    def ratio(self) -> float:
        """Completions for each answer of the floor."""
        return self.completions.per_second / self.floor.per_second


def prepared(user: User, count: int) -> list[UUID]:
    """So many open items of the 10-node process, one third at each of its steps, every one in a case of its own."""
    found: list[list[UUID]] = []
    for step in range(STEPS):
        instance = statements.started(diagrams.line(10))
        statements.walked(instance, user, 0)
        for _ in range(step):
            statements.completed(people.client(user), statements.open_item(instance))
        instance.refresh_from_db()
        assert instance.case is not None
        seed = f"line{step}"
        crowd.cases(instance.case, 1, count // STEPS, seed=seed)
        crowd.instances(instance, 1, count // STEPS, seed=seed)
        items = WorkItem.objects.filter(case_number__startswith=seed, state=WorkItem.State.OPEN)
        found.append(list(items.values_list("pk", flat=True)))
    crowd.settle()
    return list(chain.from_iterable(zip(*found, strict=True)))


def compared(port: int, user: User, items: list[UUID], *, rounds: int, progress: Callable[[], None]) -> Compared:
    """Drive floor and completions in turn, after both have warmed up every process of the server."""
    token = people.token(user)
    for client in range(load.CLIENTS):
        CaseNumber.objects.get_or_create(scope=f"{floor.SCOPE}:{client}", defaults={"last": 0})
    noted = str(statements.started(diagrams.loop()).pk)
    todo: Iterator[UUID] = iter(items)

    def count_up(client: int) -> load.Request:
        return load.Request(f"/floor/{client}/", {"instance": noted}, token)

    def complete(client: int) -> load.Request | None:
        item = next(todo, None)
        if item is None:
            return None
        return load.Request(f"/api/work-items/{item}/complete/", {"answers": diagrams.ANSWERS}, token)

    warmed = 0
    while warmed < WARM_ANSWERS:
        load.drive(port, count_up, seconds=WARM_SECONDS)
        warmed += len(load.drive(port, complete, seconds=WARM_SECONDS).answered)
    result, written = Compared(), 0
    for _ in range(rounds):
        result.floor.add(load.drive(port, count_up, seconds=ROUND_SECONDS))
        before = _transactions()
        result.completions.add(load.drive(port, complete, seconds=ROUND_SECONDS))
        written += _transactions() - before
        progress()
    result.commits = written / len(result.completions.answered)
    return result


def _transactions() -> int:
    """How many transactions have written something until now: PostgreSQL numbers these and no others."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        [number] = cursor.fetchone()
        return int(number)
