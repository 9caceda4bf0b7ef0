"""Units over HTTP: as much of the tree as one works in; departments and partner units are added and changed."""

from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.models import Case, Family
from backend.org.access import SYSTEM
from backend.org.models import Membership, Unit
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.workflows.stage import MODELS
from workflows import deployment, services

pytestmark = pytest.mark.django_db
NEIGHBOUR = "120114101000"


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


@pytest.fixture
def merged(sysadmin: Caller) -> dict[str, Any]:
    """The other township went into ours: its two villages, a family with open work, a post, a month of its own."""
    now = timezone.now()
    ours, other = factories.town(), factories.town(NEIGHBOUR, "并入镇")
    village = factories.village("120114101201", "西村")
    factories.village("120114122201")
    deployment.deploy_folder(MODELS, actor=SYSTEM, now=now)
    case = factories.case(factories.family(unit=village, number="0001"))
    services.start(process="errand", case=case, actor=SYSTEM, now=now)
    worker = factories.user("west", role="village", unit=village)
    clerk = factories.user("clerk", role="caseworker", unit=other)
    ahead = Caller(clerk).get("reports/month/", unit=NEIGHBOUR).json()["total"]["families"]
    answer = sysadmin.post(f"units/{other.pk}/merge/", {"into": str(ours.pk), "reason": "区划调整〔2026〕3号"})
    assert answer.status_code == 200, answer.json()
    assert answer.json()["successor"] == str(ours.pk)
    return {"village": village, "case": case, "worker": worker, "clerk": clerk, "ahead": ahead}


def test_merged_the_village_its_family_and_open_work_lie_in_the_successor(merged: dict[str, Any]) -> None:
    """E16: successor links, and open work has somebody."""
    case = Case.objects.get(pk=merged["case"].pk)
    assert case.unit_path == Unit.objects.get(pk=merged["village"].pk).path
    assert case.unit_path.startswith(factories.town().path)
    ours = Caller(factories.user("ours", role="supervisor"))
    assert [row["step"] for row in results(ours.get("work-items/", doable="false"))] == ["take_note"]
    for user in (merged["worker"], merged["clerk"]):
        assert results(Caller(user).get("families/"))[0]["number"] == "0001"
    assert Membership.objects.on(timezone.localdate()).get(user=merged["clerk"]).unit == factories.town()
    assert [row["successor"] for row in results(ours.get("units/", code=NEIGHBOUR))] == [str(factories.town().pk)]


def test_numbers_can_be_asked_for_by_either_code(merged: dict[str, Any]) -> None:
    """E16: what was the old township's area is counted apart, for earlier months too; history is read on."""
    ours = Caller(factories.user("ours", role="supervisor"))
    factories.family(number="0002")
    numbers = [ours.get("reports/month/", unit=code).json()["total"]["families"]
               for code in (NEIGHBOUR, factories.TOWN)]  # fmt: skip
    assert (merged["ahead"], numbers) == (1, [1, 2])
    assert [row["number"] for row in results(ours.get("families/", unit=NEIGHBOUR))] == ["0001"]
    told = results(ours.get("events/", unit=NEIGHBOUR))
    assert {"unit.merged", "instance.started"} <= {row["action"] for row in told}


def test_a_village_that_joined_another_keeps_numbers_apart(sysadmin: Caller) -> None:
    """E16: a community of two villages; both had a household 0001."""
    old, new = factories.village("120114122202", "东村"), factories.village()
    for unit in (old, new):
        factories.family(unit=unit, number="0001")
    assert sysadmin.post(f"units/{old.pk}/merge/", {"into": str(new.pk), "reason": "村改居"}).status_code == 200
    assert sorted(Family.objects.values_list("number", "unit__name")) == [("0001", "赵庄村"), ("202-0001", "赵庄村")]
    again = sysadmin.post(f"units/{old.pk}/merge/", {"into": str(new.pk), "reason": "再来"})
    assert_problem(again, 409, "unit_not_mergeable")


def test_units_of_different_kinds_do_not_merge(sysadmin: Caller) -> None:
    village = factories.village()
    for into in (factories.town(), village, factories.partner()):
        answer = sysadmin.post(f"units/{village.pk}/merge/", {"into": str(into.pk), "reason": "错"})
        assert_problem(answer, 409, "unit_not_mergeable")
