"""Whatever goes wrong is told as one problem document, in the caller's language, and nothing has happened."""

from typing import Any, cast

import pytest
from django.db import DataError, IntegrityError, OperationalError
from psycopg import errors as postgres

from backend.audit.models import Event
from backend.core.errors import Conflict, DomainError
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.steps.office import Office
from tests.workflows.stage import Stage
from workflows import services
from workflows.models import WorkItem
from workflows.store import Busy

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


@pytest.fixture
def caseworker() -> User:
    return factories.user("caseworker", role="caseworker")


def caused(outer: type[Exception], inner: type[Exception]) -> Exception:
    """An exception of Django's with PostgreSQL's as its cause."""
    error = outer("values that must not get out: 孙桂兰")
    error.__cause__ = inner()
    return error


def complete_while(stage: Stage, error: Exception, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Complete an item while a step in the middle fails."""
    original = services.complete

    def failing(**given: Any) -> WorkItem:
        original(**given)
        raise error

    monkeypatch.setattr(services, "complete", failing)
    where = f"work-items/{stage.item('take_note').pk}/complete/"
    return Caller(stage.village).post(where, {"answers": {"text": "好"}})


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (caused(OperationalError, postgres.LockNotAvailable), 409, "busy"),
        (caused(OperationalError, postgres.DeadlockDetected), 409, "busy"),
        (caused(OperationalError, postgres.SerializationFailure), 409, "busy"),
        (caused(IntegrityError, postgres.UniqueViolation), 409, "conflict"),
        (caused(DataError, postgres.NumericValueOutOfRange), 400, "invalid"),
        (caused(OperationalError, postgres.AdminShutdown), 503, "unavailable"),
        (Busy(), 409, "busy"),
        (Conflict(), 409, "conflict"),
        (DomainError(where="errand/check_note"), 422, "refused"),
        (ZeroDivisionError("孙桂兰"), 500, "internal"),
    ],
)
def test_what_fails_in_the_middle_is_undone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    events = Event.objects.count()
    response = complete_while(stage, error, monkeypatch)
    document = assert_problem(response, status, code)
    assert stage.item("take_note").version == 1
    assert Event.objects.count() == events
    assert "孙桂兰" not in response.content.decode()
    if code in {"busy", "unavailable"}:
        assert int(response["Retry-After"]) >= 1
    assert document.get("where", "") == getattr(error, "where", "")


def test_what_a_step_refuses_says_where() -> None:
    office = Office()
    office.helper()
    case = office.open()
    office.file(case)
    far = factories.helper(unit=factories.region("120114101000"))
    address = f"work-items/{office.item(case, 'pick_helper').pk}/complete/"
    answers = {"pick_result": "pick", "helper": str(far.pk)}
    response = Caller(office.caseworker).post(address, {"answers": answers})
    document = assert_problem(response, 422, "not_on_shortlist", "/answers/helper")
    assert document["where"] == "pairing/pick_helper (pairing.pick_helper)"


def test_an_error_of_ours_is_logged_with_the_requests_id(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    response = complete_while(stage, ZeroDivisionError(), monkeypatch)
    assert response.status_code == 500
    [logged] = [cast("dict[str, Any]", record.msg) for record in caplog.records if record.name == "backend.api"]
    assert logged["request_id"] == response["X-Request-ID"]
    assert logged["exception"][0]["type"] == "builtins.ZeroDivisionError"


@pytest.mark.parametrize(("language", "title"), [("en", "Please log in"), ("zh-CN", "请先登录"), ("", "请先登录")])
def test_languages(language: str, title: str) -> None:
    response = Caller(None, language=language).get("me/")
    assert assert_problem(response, 401, "not_authenticated")["title"] == title
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["nothing/", "cases/not-a-uuid/", "cases", "work-items/1/2/3/", "%00/", ""])
def test_addresses_that_lead_nowhere(method: str, path: str) -> None:
    response = getattr(Caller(None).http, method)(f"/api/{path}")
    assert_problem(response, 404, "not_found")


def test_a_forgotten_slash_is_mentioned() -> None:
    assert "slash" in Caller(None).get("cases").json()["detail"]


def test_methods_that_an_address_does_not_take(caseworker: User) -> None:
    caller = Caller(caseworker)
    assert_problem(caller.http.delete("/api/cases/"), 405, "method_not_allowed")
    assert_problem(caller.http.options("/api/cases/"), 405, "method_not_allowed")
    assert_problem(Caller(None).http.delete("/api/cases/"), 401, "not_authenticated")


def test_content_that_is_not_understood(caseworker: User) -> None:
    caller = Caller(caseworker)
    assert_problem(
        caller.http.post("/api/cases/", "a=b", content_type="application/x-www-form-urlencoded"),
        415,
        "unsupported_media_type",
    )
    response = caller.http.get("/api/cases/", headers={"Accept": "image/png"})
    assert_problem(response, 406, "not_acceptable")


def test_fields_are_pointed_at(caseworker: User) -> None:
    document = assert_problem(Caller(caseworker).post("cases/", {"family": "x"}), 400, "invalid", "/family")
    told = {each["pointer"]: each["code"] for each in document["errors"]}
    assert told == {"/family": "invalid", "/programme": "required"}
