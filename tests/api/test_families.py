"""Families over HTTP: found, read in full or as their helper needs them, corrected."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.families import found_by
from backend.cases.models import Family
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db


@pytest.fixture
def caseworker() -> User:
    return factories.user("caseworker", role="caseworker")


@pytest.fixture
def family() -> Family:
    made = factories.family(
        number="0007",
        live_address="赵庄村东街三号",
        emergency_contact="王明",
        emergency_phone="13820001234",
        categories=["empty_nest"],
        members=[{"name": "孙桂兰", "is_head": True, "phone": "02259610000"}, {"name": "王德福"}],
    )
    made.search = found_by(made, made.persons.all())
    made.save()
    return made


@pytest.mark.parametrize("text", ["孙桂兰", "桂兰", "sgl", "SGL", "王德福", "wdf", "0007", "东街三号", " 孙桂兰 "])
def test_found_by_name_initials_number_and_address(caseworker: User, family: Family, text: str) -> None:
    factories.family(label="李四", members=[{"name": "李四"}])
    assert [row["id"] for row in results(Caller(caseworker).get("families/", q=text))] == [str(family.pk)]


def test_the_list_is_narrowed(caseworker: User, family: Family) -> None:
    factories.family(label="李四", risk_tier="A", status="moved", willingness="refused", categories=["bereaved"])
    caller = Caller(caseworker)

    def found(**parameters: str) -> list[str]:
        return [row["label"] for row in results(caller.get("families/", **parameters))]

    assert found(category="empty_nest") == ["孙桂兰"]
    assert found(risk_tier="A") == ["李四"]
    assert found(status="moved") == ["李四"]
    assert found(willingness="refused") == ["李四"]
    assert found(number="0007") == ["孙桂兰"]
    assert found(unit=str(factories.village("120114122202").pk)) == []
    assert_problem(caller.get("families/", status="lost"), 400, "invalid", "?status")


def test_lists_do_not_hand_out_telephone_numbers(caseworker: User, family: Family) -> None:
    assert "13820001234" not in Caller(caseworker).get("families/").content.decode()


def test_one_family(caseworker: User, family: Family) -> None:
    told = Caller(caseworker).get(f"families/{family.pk}/").json()
    assert (told["label"], told["emergency_phone"], told["categories"]) == ("孙桂兰", "13820001234", ["empty_nest"])
    assert told["unit"]["name"] == "赵庄村"


@pytest.mark.parametrize("role", ["auditor", "dpo", "supervisor", "village"])
def test_whom_to_call_is_told_to_who_works_with_the_family(family: Family, role: str) -> None:
    """P-7: whoever inspects knows the number again, and calls nobody."""
    told = Caller(factories.user(role=role)).get(f"families/{family.pk}/").json()["emergency_phone"]
    assert told == ("138****1234" if role in {"auditor", "dpo"} else "13820001234")


def test_a_helper_gets_what_a_visit_needs_and_no_more(family: Family) -> None:
    user = factories.user("helper")
    factories.member(user, "helper", factories.town())
    factories.pairing(factories.case(family), factories.helper(user=user))
    told = Caller(user).get(f"families/{family.pk}/").json()
    assert set(told) == {
        "id", "number", "label", "live_address", "languages", "willingness", "version", "contacts",
        "emergency_contact", "emergency_phone",
    }  # fmt: skip
    assert told["contacts"] == [{"name": "孙桂兰", "phone": "02259610000"}, {"name": "王德福", "phone": ""}]


def test_correcting_one_tells_history_from_what_to_what(caseworker: User, family: Family) -> None:
    body = {"live_address": "赵庄村西街一号", "emergency_phone": "13820009999", "needs": ["陪伴"], "reason": "搬了家"}
    response = Caller(caseworker).patch(f"families/{family.pk}/", body)
    assert response.status_code == 200, response.content
    assert (response.json()["live_address"], response.json()["version"]) == ("赵庄村西街一号", 2)
    event = Event.objects.get(action="family.updated")
    assert (event.reason, event.actor) == ("搬了家", "caseworker")
    assert event.data["live_address"] == {"from": "赵庄村东街三号", "to": "赵庄村西街一号"}
    assert "13820009999" not in event.body
    assert [row["id"] for row in results(Caller(caseworker).get("families/", q="西街"))] == [str(family.pk)]


def test_a_family_may_rather_have_a_woman_or_a_man(caseworker: User, family: Family) -> None:
    address = f"families/{family.pk}/"
    assert Caller(caseworker).patch(address, {"wanted_sex": "2"}).json()["wanted_sex"] == "2"
    assert Event.objects.get(action="family.updated").data["wanted_sex"] == {"from": "", "to": "2"}
    assert Caller(caseworker).patch(address, {"wanted_sex": ""}).json()["wanted_sex"] == ""
    assert_problem(Caller(caseworker).patch(address, {"wanted_sex": "9"}), 400, "invalid", "/wanted_sex")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"risk_tier": "A"}, "/risk_tier"),
        ({"status": "closed"}, "/status"),
        ({"unit": "x"}, "/unit"),
        ({"labl": "x"}, "/labl"),
        ({"label": ""}, "/label"),
        ({"label": "x" * 61}, "/label"),
        ({"label": None}, "/label"),
        ({"label": ["x"]}, "/label"),
        ({"residence": "moon"}, "/residence"),
        ({"needs": "陪伴"}, "/needs"),
        ({"needs": ["x" * 61]}, "/needs/0"),
        ({"needs": ["x"] * 51}, "/needs"),
    ],
)
def test_what_cannot_be_set(caseworker: User, family: Family, body: dict[str, Any], pointer: str) -> None:
    assert_problem(Caller(caseworker).patch(f"families/{family.pk}/", body), 400, "invalid", pointer)
    family.refresh_from_db()
    assert family.version == 1


def test_nothing_changes_without_a_difference(caseworker: User, family: Family) -> None:
    response = Caller(caseworker).patch(f"families/{family.pk}/", {"label": "孙桂兰"})
    assert response.json()["version"] == 1
    assert not Event.objects.exists()


def household(**more: Any) -> dict[str, Any]:
    return {"unit": str(factories.village().pk), "number": "0500", "label": "李大爷", **more}


def test_entering_one_by_hand(caseworker: User) -> None:
    body = household(live_address="赵庄村东街三号", emergency_phone="13820001234", needs=["陪伴"])
    response = Caller(caseworker).post("families/", body)
    assert response.status_code == 201, response.content
    told = response.json()
    assert (told["number"], told["status"], told["source"], told["version"]) == ("0500", "draft", "entered", 1)
    assert told["unit"]["name"] == "赵庄村"
    assert [row["id"] for row in results(Caller(caseworker).get("families/", q="ldy"))] == [told["id"]]
    event = Event.objects.get()
    assert (event.action, event.actor, event.data) == ("family.entered", "caseworker", {"number": "0500"})


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"unit": "x"}, "/unit"),
        ({"unit": None}, "/unit"),
        ({"number": ""}, "/number"),
        ({"number": "x" * 41}, "/number"),
        ({"label": ["x"]}, "/label"),
        ({"residence": "moon"}, "/residence"),
        ({"status": "registered"}, "/status"),
        ({"categories": ["bereaved"]}, "/categories"),
        ({"reason": "x"}, "/reason"),
    ],
)
def test_what_enters_no_family(caseworker: User, change: dict[str, Any], pointer: str) -> None:
    assert_problem(Caller(caseworker).post("families/", household(**change)), 400, "invalid", pointer)
    assert not Family.objects.exists()


def test_a_number_is_one_household_of_its_village(caseworker: User, family: Family) -> None:
    caller = Caller(caseworker)
    assert_problem(caller.post("families/", household(number="0007")), 409, "family_number_taken", "/number")
    elsewhere = str(factories.village("120114122202").pk)
    assert caller.post("families/", household(number="0007", unit=elsewhere)).status_code == 201


def test_families_are_entered_where_one_works_and_people_live(caseworker: User) -> None:
    caller, county = Caller(caseworker), factories.town().parent_id
    far = factories.village("210403007201")
    assert_problem(caller.post("families/", household(unit=str(far.pk))), 400, "invalid", "/unit")
    assert_problem(caller.post("families/", household(unit=str(county))), 403, "not_allowed")
    partner = factories.partner()
    assert_problem(caller.post("families/", household(unit=str(partner.pk))), 422, "not_a_place", "/unit")
    for role in ("village", "supervisor", "auditor"):
        assert_problem(Caller(factories.user(role, role=role)).post("families/", household()), 403, "not_allowed")
    assert not Family.objects.exists()
    assert not Event.objects.exists()
