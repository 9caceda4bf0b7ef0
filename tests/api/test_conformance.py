"""What the OpenAPI document promises is kept, for generated requests of every operation, as people of several roles.

Two passes: every boundary of every parameter and field once, and random requests. The seed is fixed: the same requests
each time. Ids in addresses are replaced by ones that exist, so that requests get further than 404; what a request did
is undone after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.api.schema_views import document
from tests import factories
from tests.access.world import World
from tests.api.caller import Caller

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def described(*, boundaries: bool) -> Any:
    """The API by its document; with every boundary of every value, or with random requests only."""
    phases = {"coverage": {"enabled": boundaries}, "fuzzing": {"enabled": not boundaries}}
    config = SchemathesisConfig.from_dict({"generation": {"deterministic": True}, "phases": phases})
    made = schemathesis.openapi.from_dict(json.loads(json.dumps(document())), config=config)
    made.app = get_wsgi_application()
    return made


def bounded(examples: int) -> settings:
    """So many random requests per operation, always the same."""
    checks = list(HealthCheck)
    return settings(max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=checks)


by_boundary, by_chance = described(boundaries=True), described(boundaries=False)


@pytest.fixture
def world() -> Iterator[World]:
    """Requests go through the whole application, which must not close the connection of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield World()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def staff(world: World) -> Caller:
    """Caseworker, supervisor, auditor and all three administrators in one: gets in everywhere."""
    user = world.person("caseworker", "own")
    for role in ("supervisor", "auditor", "secadmin"):
        factories.member(user, role, world.town)
    return Caller(user)


@pytest.fixture
def helper(world: World) -> Caller:
    return Caller(world.person("helper", "own"))


def try_out(case: Any, caller: Caller, world: World, role: str) -> None:
    """Send the request, hold the answer against the document, undo what it did."""
    if "id" in case.path_parameters:
        case.path_parameters["id"] = world.id_for(case.path.split("/")[2], role)
    with transaction.atomic():
        case.call_and_validate(headers=caller.headers, checks=CHECKS)
        transaction.set_rollback(True)


@by_boundary.parametrize()  # type: ignore[untyped-decorator]
@bounded(1)
def test_boundaries(case: Any, staff: Caller, world: World) -> None:
    try_out(case, staff, world, "caseworker")


@by_chance.parametrize()  # type: ignore[untyped-decorator]
@bounded(8)
def test_random_requests_of_staff(case: Any, staff: Caller, world: World) -> None:
    try_out(case, staff, world, "caseworker")


@by_chance.parametrize()  # type: ignore[untyped-decorator]
@bounded(5)
def test_random_requests_of_a_helper(case: Any, helper: Caller, world: World) -> None:
    try_out(case, helper, world, "helper")
