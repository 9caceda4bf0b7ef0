"""Units over HTTP: as much of the tree as one works in; departments and partner units are added and changed."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.org.models import Unit
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db


@pytest.fixture
def sysadmin() -> Caller:
    return Caller(factories.user("sysadmin", role="sysadmin"))


def names(caller: Caller, path: str = "units/", **parameters: str) -> list[str]:
    return [row["name"] for row in results(caller.get(path, **parameters))]


def test_a_caseworker_sees_what_is_above_and_below() -> None:
    factories.village()
    factories.town(factories.OTHER_TOWN)
    factories.town("120114100000", "邻镇")
    caller = Caller(factories.user("caseworker", role="caseworker"))
    assert names(caller) == ["天津市", "市辖区", "武清区", "大黄堡镇", "赵庄村"]
    assert names(caller, kind="village") == ["赵庄村"]
    assert names(caller, q="大黄") == names(caller, code=factories.TOWN) == ["大黄堡镇"]
    assert names(caller, parent=str(factories.town().pk)) == ["赵庄村"]
    assert names(caller, unit=factories.TOWN) == ["大黄堡镇", "赵庄村"]


def test_the_way_up_the_tree() -> None:
    factories.village()
    elsewhere = factories.town(factories.OTHER_TOWN)
    caller = Caller(factories.user("caseworker", role="caseworker"))
    assert names(caller, root="true") == ["天津市"]
    assert names(caller, above=str(factories.town().pk)) == ["天津市", "市辖区", "武清区"]
    assert names(caller, above=str(elsewhere.pk)) == []


def test_partner_units_have_a_list_of_their_own() -> None:
    unit = factories.partner()
    factories.partner("GJ-99", "共建单位乙", parent=factories.town(factories.OTHER_TOWN))
    caller = Caller(factories.user("caseworker", role="caseworker"))
    assert names(caller, "partner-units/") == ["共建单位甲"]
    assert names(caller, "partner-units/", sort="hospital") == []
    assert caller.get(f"partner-units/{unit.pk}/").json()["code"] == "GJ-01"
    assert_problem(caller.get(f"partner-units/{factories.town().pk}/"), 404, "not_found")


def new(**more: Any) -> dict[str, Any]:
    return {"parent": str(factories.town().pk), "code": "GJ-07", "name": "共建单位庚", "kind": "partner", **more}


def test_adding_and_changing(sysadmin: Caller) -> None:
    response = sysadmin.post("units/", new(sort="soldiers"))
    assert response.status_code == 201, response.content
    where = f"units/{response.json()['id']}/"
    changed = sysadmin.patch(where, {"name": "共建单位辛", "reason": "更名"})
    assert (changed.json()["name"], changed.json()["version"]) == ("共建单位辛", 2)
    assert_problem(sysadmin.patch(where, {"name": "x", "version": 1}), 409, "stale_version")
    assert_problem(sysadmin.patch(where, {"code": "x"}), 400, "invalid", "/code")
    actions = Event.objects.order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["unit.created", "unit.updated"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"kind": "town"}, 400, "invalid"),
        ({"code": "GJ 07"}, 422, "invalid"),
        ({"name": "65432部队"}, 422, "military_designation"),
        ({"parent": "x"}, 400, "invalid"),
        ({"code": "GJ-01"}, 409, "unit_code_taken"),
    ],
)
def test_what_is_not_added(sysadmin: Caller, change: dict[str, Any], status: int, code: str) -> None:
    factories.partner()
    assert_problem(sysadmin.post("units/", new(**change)), status, code)
    assert Unit.objects.filter(kind="partner").count() == 1
