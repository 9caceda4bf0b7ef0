"""Every route × every role × own unit, another unit, ended membership.

A new route without a line in `expected` fails; so does a line whose route is gone.
"""

import re
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from backend.org.models import Token
from tests import factories
from tests.access.expected import ROUTES
from tests.access.routes import Route, routes
from tests.access.world import PLACES, ROLES, World
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.thoroughness import THOROUGH

pytestmark = pytest.mark.django_db

CHANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|:\d\d\.\d{6}")
"""Ids and fractions of seconds, in which any four digits may stand."""
WITH_AN_OWN_PASSWORD = {
    "GET me/preferences/", "PUT me/preferences/", "GET codes/", "GET codes/{pk}/", "GET me/reminders/",
    "GET me/reminders/count/", "GET me/channels/", "PUT me/channels/", "POST me/reminders/read/", "GET calendar/",
}  # fmt: skip
"""Open to every account, but not before it has a password of its own."""


class Undo(Exception):
    """Takes back what a call did, so that the next one finds the world as it was."""


@kept
def world() -> World:
    return World()


def call(caller: Caller, route: Route, world: World, role: str) -> Any:
    """Call the route with the id that concerns the role most, and undo what it may have changed."""
    path = route.path.replace("{pk}", world.id_for(route.resource, role)) if "{pk}" in route.path else route.path
    if route.method == "GET":
        return caller.get(path)
    try:
        with transaction.atomic():
            response = getattr(caller.http, route.method.lower())(f"/api/{path}", {}, format="json")
            raise Undo
    except Undo:
        return response


def outcome(response: Any) -> str:
    """in, out (403, or 401 without an account), or hidden (404). What an authority refuses in particular is in."""
    code = response.json()["code"] if response.get("Content-Type") == "application/problem+json" else ""
    if response.status_code == 404:
        return "hidden"
    if response.status_code == 401 or (response.status_code, code) == (403, "not_allowed"):
        return "out"
    assert response.status_code < 500, response.content
    return "in"


def expected_outcome(route: Route, role: str, place: str) -> str:
    found = ROUTES[str(route)].outcome(role, place)
    # A list has no row to hide: a stranger finds it empty.
    return "in" if found == "hidden" and route.is_list else found


def tried(role: str, place: str) -> list[Route]:
    """All routes for those who work there. Of those elsewhere each tries every second one, of those who left, whose
    role no longer matters, every fifth: about seven roles and three come to each."""
    every, number, step = list(routes()), list(ROLES).index(role), {"own": 1, "other": 2, "ended": 5}[place]
    return every if THOROUGH else every[number % step :: step]


def test_every_route_is_expected_and_every_expectation_has_its_route() -> None:
    assert {str(route) for route in routes()} == set(ROUTES)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("role", ROLES)
def test_who_gets_in_and_what_is_told(world: World, role: str, place: str) -> None:
    """Whoever is let in where nobody should be, or hears what is not for them: names, numbers, ids of a family."""
    caller = Caller(world.person(role, place))
    forbidden = world.forbidden(role, place)
    wrong = {}
    for route in tried(role, place):
        response = call(caller, route, world, role)
        got, wanted = outcome(response), expected_outcome(route, role, place)
        if got != wanted:
            wrong[str(route)] = f"{got} instead of {wanted}: {response.content[:200]}"
        text = CHANCE.sub("", response.content.decode(errors="replace"))
        if ROUTES[str(route)].public or route.resource == "codes":
            continue  # the same for everybody, before anybody is known; what words there are
        if heard := sorted(secret for secret in forbidden if secret in text):
            wrong[f"{route} tells"] = str(heard)
    assert wrong == {}


def entered(caller: Caller, world: World) -> set[str]:
    """The routes that let the caller in."""
    return {str(route) for route in routes() if outcome(call(caller, route, world, "caseworker")) == "in"}


def test_without_an_account_only_the_public_is_open(world: World) -> None:
    assert entered(Caller(None), world) == {name for name, expected in ROUTES.items() if expected.public}


def test_without_a_role_an_account_opens_nothing_but_itself(world: World) -> None:
    nobody = factories.user("nobody")
    open_to_all = {name for name, expected in ROUTES.items() if expected.public or expected.account}
    assert entered(Caller(nobody), world) == open_to_all


def test_who_left_gets_nowhere(world: World) -> None:
    user = factories.user("left", role="caseworker", is_active=False)
    assert entered(Caller(user), world) == {name for name, expected in ROUTES.items() if expected.public}


def test_a_one_time_password_opens_only_the_way_to_an_own_one(world: World) -> None:
    user = factories.user("new", role="caseworker", must_change_password=True)
    caller = Caller(user)
    refused = [
        str(route)
        for route in routes()
        if "password_change_needed" in call(caller, route, world, "caseworker").content.decode()
    ]
    open_routes = {str(route) for route in routes()} - set(refused)
    own = {name for name, expected in ROUTES.items() if expected.public or expected.account}
    assert open_routes == own - WITH_AN_OWN_PASSWORD


@pytest.mark.parametrize("change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_a_token_that_ended_is_none(world: World, change: dict[str, Any]) -> None:
    caller = Caller(world.person("caseworker", "own"))
    assert caller.get("cases/").status_code == 200
    Token.objects.filter(pk=caller.token.pk).update(**change)
    assert_problem(caller.get("cases/"), 401, "not_authenticated")
