"""Parameters over HTTP: each administrator sets the own ones, an office what is left to it, and the past stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.audit.timeline import sentence
from backend.org import parameters
from backend.org.models import Parameter
from backend.org.parameters import definitions, load_parameters
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db

DAY = timezone.localdate()
ANSWER = "pairing.answer_days"
ROLES = "login.second_factor_roles"


def day(days: int) -> str:
    """So many days from today."""
    return (DAY + timedelta(days=days)).isoformat()


@pytest.fixture(autouse=True)
def _shipped() -> None:
    load_parameters()


@pytest.fixture
def system() -> Caller:
    return Caller(factories.user("sys", role="sysadmin"))


@pytest.fixture
def office() -> Caller:
    return Caller(factories.user("boss", name="刘站长", role="supervisor"))


def body(**changes: Any) -> dict[str, Any]:
    return {"key": ANSWER, "value": 10, "from_date": day(0), "source": "会议纪要", **changes}


def test_every_shipped_value_fits_its_schema_and_is_told_in_both_languages() -> None:
    for each in definitions().values():
        assert each.problems(each.value) == [], each.key
        assert each.owner in {"sysadmin", "secadmin"}
        for text in ("title", "description"):
            assert each.localised("zh-hans")[text], each.key
            assert each.localised("en")[text].isascii(), each.key


def test_a_value_holds_from_its_day_on(system: Caller) -> None:
    made = system.post("parameters/", body(from_date=day(3), to_date=day(5)))
    assert made.status_code == 201, made.content
    assert (made.json()["is_in_force"], made.json()["unit"]) == (False, None)
    held = [parameters.value(ANSWER, day=DAY + timedelta(days=days)) for days in (2, 3, 4, 5)]
    assert held == [7, 10, 10, 7]
    event = Event.objects.get(action="parameter.set")
    assert (event.data["from"], event.data["to"], event.reason) == (7, 10, "会议纪要")
    assert "from 7 days to 10 days" in sentence(event, language="en")
    assert "帮扶人答复的期限" in sentence(event, language="zh-hans")


def test_which_value_is_in_force(system: Caller) -> None:
    system.post("parameters/", body(value=9))
    system.post("parameters/", body(value=12, from_date=day(8)))
    system.post("parameters/", body(value=5, unit=str(factories.town().pk)))
    rows = results(system.get("parameters/", key=ANSWER))
    assert {(row["value"], row["from_date"] is None, row["is_in_force"]) for row in rows} == {
        (7, True, False), (9, False, True), (12, False, False), (5, False, True),
    }  # fmt: skip
    assert {row["value"] for row in results(system.get("parameters/", key=ANSWER, day=day(9)))} == {7, 9, 12, 5}
    assert {row["value"] for row in results(system.get("parameters/", key=ANSWER, everywhere="false"))} == {5}
    other = factories.town(factories.OTHER_TOWN)
    assert len(results(system.get("parameters/", key=ANSWER, unit=other.code))) == 3

    def told(**asked: str) -> Any:
        [found] = [row for row in system.get("parameters/definitions/", **asked).json()["results"]
                   if row["key"] == ANSWER]  # fmt: skip
        return found["value"]

    assert (told(), told(day=day(9)), told(unit=factories.TOWN)) == (9, 12, 5)
    assert_problem(system.get("parameters/definitions/", day="soon"), 400, "invalid", "?day")
    assert_problem(system.get("parameters/definitions/", unit="nowhere"), 400, "invalid", "?unit")


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"from_date": day(-1)}, 422, "parameter_past", "/from_date"),
        ({"to_date": day(0)}, 422, "parameter_past", "/to_date"),
        ({"value": 0}, 422, "bad_parameter_value", "/value"),
        ({"value": 61}, 422, "bad_parameter_value", "/value"),
        ({"value": "10"}, 422, "bad_parameter_value", "/value"),
        ({"key": "visit.rules", "value": {"late_hours": 48}}, 422, "bad_parameter_value", "/value/blocked_days"),
        ({"key": "nothing.at_all"}, 404, "unknown_parameter", None),
        ({"source": ""}, 400, "invalid", "/source"),
        ({"path": "12."}, 400, "invalid", "/path"),
        ({"key": ROLES, "value": []}, 403, "parameter_of_another", None),
    ],
)
def test_what_is_not_set(system: Caller, change: dict[str, Any], status: int, code: str, pointer: str | None) -> None:
    before = Parameter.objects.count()
    assert_problem(system.post("parameters/", body(**change)), status, code, pointer)
    assert Parameter.objects.count() == before


def test_what_concerns_logging_in_is_the_security_administrators() -> None:
    security = Caller(factories.user("sec", role="secadmin"))
    assert security.post("parameters/", body(key=ROLES, value=["secadmin", "sysadmin"])).status_code == 201
    assert_problem(security.post("parameters/", body()), 403, "parameter_of_another")
    assert_problem(security.post("parameters/", body(key=ROLES, value=["king"])), 422, "bad_parameter_value")
    watching = Caller(factories.user("watch", role="auditadmin"))
    assert len(results(watching.get("parameters/", key=ROLES))) == 2
    assert_problem(watching.post("parameters/", body(key=ROLES, value=[])), 403, "not_allowed")


def test_an_office_has_its_own_telephone(office: Caller) -> None:
    own = body(key="office.phone", value="022-12345678", unit=str(factories.town().pk))
    assert office.post("parameters/", own).status_code == 201
    assert parameters.value("office.phone", path=factories.village().path, day=DAY) == "022-12345678"
    assert parameters.value("office.phone", day=DAY) == ""
    other = factories.town(factories.OTHER_TOWN)
    assert_problem(office.post("parameters/", own | {"unit": str(other.pk)}), 400, "invalid", "/unit")
    assert_problem(office.post("parameters/", own | {"unit": None}), 403, "parameter_of_another")
    assert_problem(office.post("parameters/", own | {"value": "call me"}), 422, "bad_parameter_value", "/value")
    assert_problem(office.post("parameters/", body(unit=str(factories.town().pk))), 403, "parameter_of_another")
    elsewhere = Caller(factories.user("far", role="supervisor", unit=other))
    assert [row["unit"] for row in results(elsewhere.get("parameters/", key="office.phone"))] == [None]


def test_a_value_ends_and_the_one_before_holds_again(system: Caller) -> None:
    row = system.post("parameters/", body()).json()
    where = f"parameters/{row['id']}/end/"
    assert_problem(system.post(where, {"to_date": day(-1), "reason": "x"}), 422, "parameter_past", "/to_date")
    assert_problem(system.post(where, {"to_date": day(2)}), 400, "invalid", "/reason")
    assert system.post(where, {"to_date": day(2), "reason": "试行结束"}).json()["to_date"] == day(2)
    assert parameters.value(ANSWER, day=DAY + timedelta(days=2)) == 7
    event = Event.objects.get(action="parameter.ended")
    assert event.reason == "试行结束"
    Parameter.objects.filter(pk=row["id"]).update(from_date=DAY - timedelta(days=9), to_date=DAY)
    assert_problem(system.post(where, {"to_date": day(5), "reason": "x"}), 422, "parameter_past")
    shipped = Parameter.objects.get(key=ANSWER, from_date=parameters.EVER)
    over = {"to_date": day(1), "reason": "x"}
    assert_problem(system.post(f"parameters/{shipped.pk}/end/", over), 409, "parameter_shipped")


def test_what_has_not_begun_can_be_put_right(system: Caller) -> None:
    first = system.post("parameters/", body(value=10, from_date=day(5))).json()
    again = system.post("parameters/", body(value=11, from_date=day(5))).json()
    assert (again["id"], again["value"]) == (first["id"], 11)
    assert system.post(f"parameters/{first['id']}/end/", {"to_date": day(5), "reason": "误设"}).status_code == 200
    assert parameters.value(ANSWER, day=DAY + timedelta(days=6)) == 7


def test_reading_takes_as_many_statements_for_few_as_for_many(system: Caller) -> None:
    system.post("parameters/", body(unit=str(factories.town().pk)))
    few = system.statements("parameters/")
    for unit in (factories.village(), factories.town(factories.OTHER_TOWN)):
        system.post("parameters/", body(unit=str(unit.pk)))
    assert system.statements("parameters/") == few <= 3
    system.get("parameters/definitions/")
    assert system.statements("parameters/definitions/") <= 1
