"""Who changes something says which version was read: a stale one is refused and nothing is overwritten."""

from typing import Any

import pytest

from backend.cases.models import Family
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.workflows.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def caseworker() -> User:
    return factories.user("caseworker", role="caseworker")


@pytest.fixture
def family() -> Family:
    return factories.family(version=3)


CHANGE = {"live_address": "村东头"}


def changed(family: Family) -> bool:
    family.refresh_from_db()
    return family.live_address == "村东头"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({}, {}),
        ({"version": 3}, {}),
        ({}, {"If-Match": '"3"'}),
        ({}, {"If-Match": 'W/"3"'}),
        ({}, {"If-Match": "*"}),
        ({"version": 3}, {"If-Match": '"3"'}),
    ],
)
def test_the_version_that_is(caseworker: User, family: Family, body: Any, headers: Any) -> None:
    response = Caller(caseworker).patch(f"families/{family.pk}/", {**CHANGE, **body}, **headers)
    assert response.status_code == 200, response.content
    assert (response.json()["version"], response["ETag"]) == (4, '"4"')
    assert changed(family)


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ({"version": 2}, {}, 409, "stale_version"),
        ({}, {"If-Match": '"2"'}, 409, "stale_version"),
        ({"version": 4}, {}, 409, "stale_version"),
        ({"version": 3}, {"If-Match": '"2"'}, 400, "invalid"),
        ({"version": "three"}, {}, 400, "invalid"),
        ({}, {"If-Match": "3"}, 400, "invalid"),
    ],
)
def test_a_version_that_is_not(
    caseworker: User, family: Family, body: Any, headers: Any, status: int, code: str
) -> None:
    response = Caller(caseworker).patch(f"families/{family.pk}/", {**CHANGE, **body}, **headers)
    assert_problem(response, status, code)
    assert not changed(family)


@pytest.mark.parametrize("verb", ["claim", "release", "complete", "postpone", "delegate"])
def test_verbs_of_work_items_mind_it(verb: str) -> None:
    stage = Stage()
    stage.start()
    item = stage.item("take_note")
    body = {
        "complete": {"answers": {"text": "好"}},
        "postpone": {"until": "2190-01-01T00:00:00Z", "reason": "出差"},
        "delegate": {"to": str(stage.caseworker.pk), "reason": "出差"},
    }.get(verb, {})
    caller = Caller(stage.caseworker if verb == "delegate" else stage.village)
    response = caller.post(f"work-items/{item.pk}/{verb}/", body, **{"If-Match": '"7"'})
    assert_problem(response, 409, "stale_version")
    item.refresh_from_db()
    assert (item.version, item.state) == (1, "open")


def test_verbs_of_cases_mind_it() -> None:
    supervisor = Caller(factories.user("supervisor", role="supervisor"))
    case = factories.case(version=3)
    for verb, body in [
        ("close", {"reason": "无需"}),
        ("reopen", {"reason": "误关"}),
        ("transfer", {"reason": "搬家", "to": str(factories.village("120114122202").pk)}),
    ]:
        response = supervisor.post(f"cases/{case.pk}/{verb}/", {**body, "version": 2})
        assert_problem(response, 409, "stale_version")
