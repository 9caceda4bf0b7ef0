"""Hostile input: the answer is the caller's fault, never ours, and nothing is changed by it."""

import json
from typing import Any

import pytest

from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.thoroughness import THOROUGH
from tests.workflows.stage import Stage
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db

BODIES = {
    "empty": "",
    "no json": "{",
    "two values": "{} {}",
    "not utf-8": "\\xff",
    "nan": '{"answers": {"text": NaN}}',
    "infinity": '{"answers": {"text": 1e999}}',
    "nul": '{"answers": {"text": "a\\u0000b"}}',
    "nul in a key": '{"answers": {"te\\u0000xt": "a"}}',
    "half a surrogate pair": '{"answers": {"text": "\\ud800"}}',
    "a huge number": '{"answers": {"text": 99999999999999999999999999}}',
    "a number of 5000 digits": f'{{"answers": {{"text": {"9" * 5000}}}}}',
    "deep lists": '{"answers": {"text": ' + "[" * 100_000 + "1" + "]" * 100_000 + "}}",
    "deep objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "41 levels": '{"answers": ' + '{"a":' * 40 + "1" + "}" * 41,
    "many values": '{"answers": {"text": [' + ",".join("1" * 60_000) + "]}}",
    "a list": "[]",
    "a text": '"text"',
    "a number": "7",
    "null": "null",
    "answers are a list": '{"answers": []}',
    "answers are null": '{"answers": null}',
    "answers are a text": '{"answers": "text"}',
    "over-long text": json.dumps({"answers": {"text": "长" * 100_000}}),
    "unknown fields": '{"answers": {"nothing": 1}}',
    "prototype": '{"answers": {"__proto__": {"x": 1}, "text": "a", "__class__": 1}}',
    "a version that is a text": '{"answers": {"text": "a"}, "version": "one"}',
    "a version that is negative": '{"answers": {"text": "a"}, "version": -1}',
    "a version that is huge": '{"answers": {"text": "a"}, "version": 99999999999}',
    "a version that is a list": '{"answers": {"text": "a"}, "version": [1]}',
    "a version that is true": '{"answers": {"text": "a"}, "version": true}',
    "a version that is a fraction": '{"answers": {"text": "a"}, "version": 1.5}',
}


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def test_bodies(stage: Stage, subtests: pytest.Subtests) -> None:
    where = f"work-items/{stage.item('take_note').pk}/complete/"
    caller = Caller(stage.village)
    for name, body in BODIES.items():
        with subtests.test(name):
            response = caller.send("POST", where, body)
            assert 400 <= response.status_code < 500, response.content  # type: ignore[attr-defined]
            assert response["Content-Type"] == "application/problem+json"
            assert WorkItem.objects.get().version == 1


def test_drafts_keep_or_refuse_but_never_fail(stage: Stage, subtests: pytest.Subtests) -> None:
    where = f"work-items/{stage.item('take_note').pk}/"
    caller = Caller(stage.village)
    for name, body in BODIES.items():
        with subtests.test(name):
            assert caller.send("PUT", f"{where}draft/", body).status_code < 500
            assert caller.get(f"{where}form/").status_code == 200


PATHS = [
    "cases/01890000-0000-7000-8000-000000000000/",
    "cases/../../etc/passwd/",
    "cases/%2e%2e/",
    "cases/01890000-0000-7000-8000-00000000000g/",
    "cases/%00/",
    "cases/%F0%9F%92%A9/",
    "cases/%ff/",
    f"cases/{'9' * 5000}/",
    "processes/no_such_process/",
    "processes/%27%20OR%201=1/",
    "work-items/01890000-0000-7000-8000-000000000000/form/",
    "rosters/01890000-0000-7000-8000-000000000000/problems.xlsx",
    "rosters/x/problems.xlsx",
]


@pytest.mark.parametrize("path", PATHS)
def test_ids_that_are_none(path: str) -> None:
    user = factories.user("caseworker", role="caseworker")
    assert_problem(Caller(user).get(path), 404, "not_found")


LISTS = [
    "work-items/", "cases/", "families/", "persons/", "helpers/", "partner-units/", "pairings/", "visits/", "reviews/",
    "rosters/", "processes/", "units/", "users/", "memberships/", "deputies/", "events/",
]  # fmt: skip
VALUES = [
    "\0", "'", '"', "%", "_", "\\", "x" * 10_000, "-1", "99999999999999999999", "1e400", "NaN", "null", "[]", "{}",
    "\U0001f4a9", "2026-02-30", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00",
    "00000000-0000-0000-0000-000000000000",
]  # fmt: skip
SHARE = 5
"""Without THOROUGH=1 each filter is given one value in five, its neighbour the next ones."""


@pytest.fixture
def reader() -> User:
    """Holds every role that reads something."""
    user = factories.user("reader", role="caseworker")
    factories.member(user, "auditor")
    return user


@pytest.mark.parametrize("path", LISTS)
def test_every_filter_of_every_list_with_every_value(reader: User, path: str) -> None:
    caller = Caller(reader)
    names = parameters_of(path)
    assert path == "processes/" or {"cursor", "page_size", "ordering"} <= names
    for place, name in enumerate(sorted(names)):
        for value in VALUES if THOROUGH else VALUES[place % SHARE :: SHARE]:
            response = caller.get(path, **{name: value})
            assert response.status_code in {200, 400}, (path, name, value[:40], response.content)


def parameters_of(path: str) -> set[str]:
    """The query parameters that the schema tells of a list."""
    schema: dict[str, Any] = json.loads(Caller(None).http.get("/api/schema/?format=json").content)
    told = schema["paths"][f"/api/{path}"]["get"]["parameters"]
    return {each["name"] for each in told if each.get("in") == "query"}


def test_headers(stage: Stage) -> None:
    caller = Caller(stage.village)
    where = f"work-items/{stage.item('take_note').pk}/claim/"
    for name, value in [
        ("If-Match", "*"), ("If-Match", "3"), ("If-Match", '"x"'), ("If-Match", '"1", "2"'),
        ("If-Match", '"99999999999"'),
        ("Idempotency-Key", "ü"), ("Idempotency-Key", "a b"), ("Idempotency-Key", "x" * 201), ("Idempotency-Key", ""),
        ("Authorization", "Bearer"), ("Authorization", "Bearer x y"), ("Authorization", "Basic eA=="),
        ("Authorization", "Bearer \xff"), ("Accept-Language", "x" * 5000), ("X-Request-ID", "x" * 5000),
        ("Content-Length", "-5"), ("Content-Type", "application/json; charset=klingon"),
    ]:  # fmt: skip
        response = caller.post(where, None, **{name: value})
        assert response.status_code < 500, (name, value, response.content)


def test_a_body_that_is_too_large(stage: Stage) -> None:
    where = f"work-items/{stage.item('take_note').pk}/complete/"
    response = Caller(stage.village).send("POST", where, json.dumps({"answers": {"text": "x" * 3_000_000}}))
    assert_problem(response, 413, "too_large")
