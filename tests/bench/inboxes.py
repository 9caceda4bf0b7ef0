"""What the database spends on a page of an inbox: the very statements of the request, explained and analysed."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backend.api.pagination import Place as Cursor
from backend.org.models import User
from tests.bench import people
from workflows.models import WorkItem

REPEATS = 100
LIST = "/api/work-items/"


@dataclass
class Viewer:
    """Somebody who looks at an inbox, with the filters they use."""

    name: str
    user: User
    filters: str = ""


@dataclass(frozen=True)
class Page:
    """Milliseconds of planning and execution of all statements of a page: 95th percentile, median; the rows shown."""

    p95: float
    median: float
    rows: int
    plan: str


def measured(viewer: Viewer, *, deep: bool = False) -> Page | None:
    """The viewer's first page, or one in the middle of all their items; None when they have no such page."""
    client = people.client(viewer.user)
    query = viewer.filters
    if deep:
        cursor = _middle(viewer)
        if cursor is None:
            return None
        query = "&".join(filter(None, (query, f"cursor={cursor}")))
    sent, rows = _statements(client, f"{LIST}?{query}")
    times = [_milliseconds(sent) for _ in range(REPEATS)]
    return Page(statistics.quantiles(times, n=20)[-1], statistics.median(times), rows, _plan(sent[-1]))


def _statements(client: Client, path: str) -> tuple[list[str], int]:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(answer.content.decode())
    return [query["sql"] for query in queries if query["sql"].lstrip().startswith("SELECT")], len(
        answer.json()["results"]
    )


def _milliseconds(statements: list[str]) -> float:
    with connection.cursor() as cursor:
        return sum(_explained(cursor, sql) for sql in statements)


def _explained(cursor: Any, sql: str) -> float:
    answer = _explain(cursor, f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
    return float(answer["Planning Time"] + answer["Execution Time"])


def _explain(cursor: Any, sql: str) -> dict[str, Any]:
    cursor.execute(sql)
    [answer] = cursor.fetchone()
    parsed = json.loads(answer) if isinstance(answer, str) else answer
    found: dict[str, Any] = parsed[0]
    return found


def _plan(sql: str) -> str:
    """How the work items are found: the node that reads their table."""
    with connection.cursor() as cursor:
        todo = [_explain(cursor, f"EXPLAIN (FORMAT JSON) {sql}")["Plan"]]
    while todo:
        node = todo.pop()
        if node.get("Relation Name") == WorkItem._meta.db_table or "work_item" in node.get("Index Name", ""):
            return f"{node['Node Type']} {node.get('Index Name', '')}".strip()
        todo += node.get("Plans", [])
    return ""


def _middle(viewer: Viewer) -> str | None:
    """A cursor in the middle of the viewer's list, ordered by due time."""
    filters = dict(part.split("=") for part in viewer.filters.split("&") if part)
    items = WorkItem.objects.visible_to(viewer.user).filter(state=WorkItem.State.OPEN)
    if "role" in filters:
        items = items.filter(role=filters["role"])
    if filters.get("assignee") == "none":
        items = items.filter(assignee__isnull=True)
    number = items.count() // 2
    if number == 0:
        return None
    row = items.order_by("due_at", "pk").values_list("due_at", "pk")[number]
    return Cursor("due_at", row[0].isoformat(), row[1], back=False).encoded()
