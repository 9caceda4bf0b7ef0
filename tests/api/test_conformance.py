"""What the OpenAPI document promises is kept, for generated requests of every operation, as people of several roles.

Two ways: every boundary of every parameter and field, and random requests. The suite sends a sample, the same one each
time; `make conformance` sends all boundaries and many random requests, by a seed that it prints. Ids in addresses are
replaced by ones that exist, so that requests get further than 404; what a request did is undone after it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import one_of
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.api.schema_views import document
from backend.audit.models import Event
from backend.org.access import SYSTEM
from tests import factories
from tests.access.world import World
from tests.api.caller import Caller
from tests.thoroughness import THOROUGH
from workflows import deployment

pytestmark = pytest.mark.django_db

Callers = Callable[[str], Caller]
"""Who asks, by the resource that is asked for."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DEEP = "CONFORMANCE_SEED" in os.environ
"""Set by `make conformance`: other requests each time, and all boundaries."""
SEED = os.environ.get("CONFORMANCE_SEED", "1")
STAFF_EXAMPLES, HELPER_EXAMPLES = (
    int(os.environ.get("CONFORMANCE_EXAMPLES", few)) for few in ((5, 3) if THOROUGH else (1, 1))
)
"""Random requests per operation."""
EVERY = 1 if DEEP else 10 if THOROUGH else 29
"""Of some 7,000 boundaries the suite tries each tenth; else of every third operation each twenty-ninth."""
ALL = DEEP or THOROUGH
"""Otherwise an operation gets boundaries, random requests of staff, or those of a helper."""
TOLD_WHEN_REFUSED = ("/api/auth/token/", "/api/health-services/")
"""Where a refusal is an event: a wrong password counts, and whoever asks for health services without the right."""
OF_SYSTEM_ADMINISTRATORS = frozenset({"processes", "units"})


@pytest.fixture(scope="module")
def schema() -> Any:
    """The API as its document tells it."""
    made = schemathesis.openapi.from_dict(json.loads(json.dumps(document())))
    made.app = get_wsgi_application()
    return made


@pytest.fixture
def world() -> Iterator[World]:
    """Requests go through the whole application, which must not close the connection of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    made = World()
    files = deployment.bundle(django_settings.BPMN_FOLDER, "care_visit")
    deployment.deploy(key="care_visit", files=files, actor=SYSTEM, now=timezone.now())
    yield made
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def staff(world: World) -> Callers:
    """Caseworker, supervisor, auditor and security administrator in one; the system's administrator has to be another.

    Together they get in everywhere.
    """
    user = world.person("caseworker", "own")
    for role in ("supervisor", "auditor", "secadmin"):
        factories.member(user, role, world.town)
    one, other = Caller(user), Caller(world.person("sysadmin", "own"))
    return lambda resource: other if resource in OF_SYSTEM_ADMINISTRATORS else one


@pytest.fixture
def helper(world: World) -> Callers:
    caller = Caller(world.person("helper", "own"))
    return lambda resource: caller


def operations(schema: Any, turn: int) -> Iterator[Any]:
    """All that the document describes, or every third whose turn it is."""
    return (each.ok() for each in islice(schema.get_all_operations(), *((None,) if ALL else (turn, None, 3))))


def try_out(case: Any, callers: Callers, world: World, role: str) -> None:
    """Send the request, hold the answer against the document, undo what it did. A refused one did nothing."""
    resource = case.path.split("/")[2]
    if "id" in case.path_parameters:
        case.path_parameters["id"] = world.id_for(resource, role)
    before = Event.objects.count()
    with transaction.atomic():
        response = case.call_and_validate(headers=callers(resource).headers, checks=CHECKS)
        if response.status_code >= 400 and not case.path.startswith(TOLD_WHEN_REFUSED):
            assert Event.objects.count() == before, f"refused, but not without effect: {case.as_curl_command()}"
        transaction.set_rollback(True)


def try_by_chance(operation: Any, examples: int, callers: Callers, world: World, role: str) -> None:
    """So many random requests of one operation, right ones and wrong ones."""

    @seed(f"{SEED} {operation.label}")
    @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode]))
    def check(case: Any) -> None:
        try_out(case, callers, world, role)

    check()


def test_boundaries(schema: Any, staff: Callers, world: World, subtests: pytest.Subtests) -> None:
    turns = count()
    for operation in operations(schema, 0):
        with subtests.test(operation.label):
            cases = schema.iter_coverage_cases(
                operation, generation_modes=list(GenerationMode), generation_config=GenerationConfig()
            )
            for case in cases:
                if next(turns) % EVERY == 0:
                    try_out(case, staff, world, "caseworker")


def test_random_requests_of_staff(schema: Any, staff: Callers, world: World, subtests: pytest.Subtests) -> None:
    for operation in operations(schema, 1):
        with subtests.test(operation.label):
            try_by_chance(operation, STAFF_EXAMPLES, staff, world, "caseworker")


def test_random_requests_of_a_helper(schema: Any, helper: Callers, world: World, subtests: pytest.Subtests) -> None:
    for operation in operations(schema, 2):
        with subtests.test(operation.label):
            try_by_chance(operation, HELPER_EXAMPLES, helper, world, "helper")
