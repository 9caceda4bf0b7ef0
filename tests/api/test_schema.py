"""The OpenAPI document: valid, complete, and served without any other host."""

import re

import pytest
from django.core.management import call_command

from backend.api.schema_views import document
from tests.access.routes import routes
from tests.api.caller import Caller

pytestmark = pytest.mark.django_db


def test_it_is_made_without_a_warning_and_valid() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file="/dev/null")


def test_it_is_3_1_and_open_to_anybody() -> None:
    response = Caller(None).get("schema/")
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.1")
    assert Caller(None).http.get("/api/schema/?format=yaml")["Content-Type"].startswith("application/vnd.oai.openapi")


def test_every_route_is_described() -> None:
    told = {
        f"{method.upper()} {path.removeprefix('/api/').replace('{id}', '{pk}')}"
        for path, methods in document()["paths"].items()
        for method in methods
    }
    assert told == {str(route) for route in routes()} - {"GET schema/", "GET docs/"}


def test_every_operation_says_what_it_does_who_asks_and_how_it_fails() -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            name = f"{method} {path}"
            assert operation.get("summary"), name
            assert operation.get("description"), name
            assert {"400", "default"} <= set(operation["responses"]), name
            is_log_in = name == "post /api/auth/token/"
            told = "/api/public-" in name  # an emergency, a notice: without an account
            is_open = is_log_in or told or name == "get /api/certificates/check/"
            assert operation.get("security") == (None if is_open else [{"bearer": []}]), name
            headers = [each.get("$ref", "") for each in operation["parameters"]]
            unsafe = method != "get" and not is_open
            assert any(each.endswith("IdempotencyKey") for each in headers) is unsafe, name


def test_main_calls_have_examples() -> None:
    for path in (
        "auth/token/",
        "cases/",
        "families/",
        "persons/",
        "work-items/{id}/complete/",
        "visits/",
        "processes/deploy/",
    ):
        body = document()["paths"][f"/api/{path}"]["post"]["requestBody"]["content"]["application/json"]
        assert body["examples"], path


def test_states_and_roles_are_enumerated() -> None:
    schemas = document()["components"]["schemas"]
    assert set(schemas["WorkItemStateEnum"]["enum"]) == {"open", "done", "cancelled"}
    assert "caseworker" in schemas["RoleEnum"]["enum"]
    inbox = {each.get("name"): each for each in document()["paths"]["/api/work-items/"]["get"]["parameters"]}
    assert set(inbox["ordering"]["schema"]["enum"]) >= {"due_at", "-due_at"}
    assert set(inbox["state"]["schema"]["enum"]) == {"open", "done", "cancelled", "any"}


def test_it_is_in_english() -> None:
    texts = [operation["summary"] for methods in document()["paths"].values() for operation in methods.values()]
    assert not [text for text in texts if not text.isascii()]


def test_the_pages_that_show_it_come_from_this_host() -> None:
    page = Caller(None).http.get("/api/docs/", headers={"Accept": "text/html"})
    assert page.status_code == 200
    sources = re.findall(r"""(?:src|href)=["']([^"']+)""", page.content.decode())
    assert any(source.endswith("swagger-ui-bundle.js") for source in sources)
    assert all(source.startswith(("/", "data:")) for source in sources), sources
