"""The statement budget holds for every process: a typical work item of each, completed over the API, without its steps.

As in the scenarios steps are not called, each returns what the file says: what they write is the domain's and counted
apart.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.org.access import SYSTEM
from backend.org.models import User
from backend.org.working_days import is_working_day
from tests import factories
from tests.bench import people
from tests.bench.statements import AUTHENTICATION, NOT_COUNTED, completed
from workflows import deployment, services, store
from workflows.engine.durations import after, moment
from workflows.engine.runner import Call
from workflows.models import Instance, Process, WorkItem

pytestmark = pytest.mark.django_db
BUDGET = 12
PROCESSES = deployment.process_keys(Path(settings.BPMN_FOLDER))
TIME = re.compile(r"\d{4}-\d\d-\d\dT")
FIRST_READ = '"workflows_process"'
"""The version of a process is read once by every worker, and kept."""


def scenario_of(process: str) -> dict[str, Any]:
    """The one that comes to a person's answer soonest."""
    folder = Path(settings.BPMN_FOLDER) / process / "scenarios"
    told = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    return min((each for each in told if any("complete" in move for move in each["play"])), key=_moves_before)


def _moves_before(scenario: Mapping[str, Any]) -> int:
    return next(place for place, move in enumerate(scenario["play"]) if "complete" in move)


def canned(scenario: Mapping[str, Any], fit: Callable[[Any], dict[str, Any]]) -> Callable[[Call], dict[str, Any]]:
    """A step that returns what the scenario says."""
    called = Counter[str]()

    def step(call: Call) -> dict[str, Any]:
        results = scenario.get("steps", {}).get(call.name) or [{}]
        result = results[min(called[call.name], len(results) - 1)]
        called[call.name] += 1
        return fit(result.get("returns") or {})

    return step


def walk(instance: Instance, scenario: Mapping[str, Any]) -> tuple[WorkItem, dict[str, Any]]:
    """To the first answer: the item that waits for it, and the answer."""
    now = timezone.now()
    for move in scenario["play"]:
        if "complete" in move:
            item = WorkItem.objects.get(instance=instance, step=move["complete"], state="open")
            return item, move.get("answers", {})
        if "message" in move:
            services.send_message(
                instance_id=instance.pk, name=move["message"], data=move.get("data", {}), actor=SYSTEM, now=now
            )
        elif "wait" in move:
            now = after(now, move["wait"])
            services.wake(instance_id=instance.pk, now=now)
    raise AssertionError(scenario["name"])


def fitted(process: str, person: User, start: str) -> Callable[[Any], dict[str, Any]]:
    """Gives units and people of the database, and times from now on, in place of those that the scenario names."""
    passed = timezone.now() - moment(start)
    nodes = store.definition(Process.objects.newest(process)).nodes.values()
    units = {node.unit.partition(":")[2] for node in nodes if ":" in (node.unit or "")}
    doers = {node.assignee for node in nodes if node.assignee}
    others = {node.closed_to for node in nodes if node.closed_to}
    town = str(factories.town().pk)

    def fit_one(key: str, value: Any) -> Any:
        if key in others:
            return ""
        if value and key in units | doers:
            return town if key in units else str(person.pk)
        return (moment(value) + passed).isoformat() if isinstance(value, str) and TIME.match(value) else value

    def fit(told: Any) -> dict[str, Any]:
        return {key: fit_one(key, value) for key, value in told.items()}

    return fit


@pytest.mark.parametrize("process", PROCESSES)
def test_a_work_item_of_every_process_holds_the_budget(process: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = deployment.bundle(Path(settings.BPMN_FOLDER), process)
    made, _new = deployment.deploy(key=process, files=files, actor=SYSTEM, now=timezone.now())
    scenario, person = scenario_of(process), factories.user("doer")
    fit = fitted(process, person, scenario["start"])
    is_working_day(timezone.localdate())  # read once by every worker, as above
    monkeypatch.setattr(store, "STEPS", dict.fromkeys(store.definition(made).steps, canned(scenario, fit)))
    nodes = store.definition(made).nodes.values()
    case = factories.case() if any(node.form and ":" not in (node.unit or "") for node in nodes) else None
    data = fit(scenario.get("data", {}))
    instance = services.start(process=process, case=case, data=data, actor=SYSTEM, now=timezone.now())
    item, answers = walk(instance, scenario)
    factories.member(person, item.role, item.unit)
    client = people.client(person)
    with CaptureQueriesContext(connection) as captured:
        completed(client, item, answers)
    sent = [query["sql"] for query in captured]
    counted = [sql for sql in sent if not sql.startswith(NOT_COUNTED) and AUTHENTICATION not in sql]
    counted = [sql for sql in counted if FIRST_READ not in sql]
    assert 4 <= len(counted) <= BUDGET, "\n".join(sql[:160] for sql in counted)
