"""Helpers over HTTP: registered, corrected, away, ended; what a liaison and the helper see of it."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.helpers.models import Helper, Pairing
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db


@pytest.fixture
def caseworker() -> User:
    factories.kind("volunteer", max_families=3)
    return factories.user("caseworker", role="caseworker")


def new(**more: Any) -> dict[str, Any]:
    return {"kind": "volunteer", "name": "李向阳", "unit": str(factories.town().pk), **more}


def test_registering(caseworker: User) -> None:
    body = new(phone="13820001234", certificate="120114195001153528", skills=["理发"], max_families=2)
    response = Caller(caseworker).post("helpers/", body)
    assert response.status_code == 201, response.content
    told = response.json()
    assert told["number"].startswith("B")
    assert (told["kind"], told["certificate_tail"]) == ({"code": "volunteer", "label": "volunteer"}, "3528")
    assert "120114195001153528" not in response.content.decode()
    assert Helper.objects.get().phone == "13820001234"
    assert Event.objects.filter(action="helper.registered").count() == 1


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"kind": "king"}, 400, "/kind"),
        ({"kind": None}, 400, "/kind"),
        ({"kind": {"a": 1}}, 400, "/kind"),
        ({"name": ""}, 400, "/name"),
        ({"unit": "x"}, 400, "/unit"),
        ({"max_families": -1}, 400, "/max_families"),
        ({"skills": [1, {}]}, 400, "/skills/1"),
        ({"from_date": "soon"}, 400, "/from_date"),
        ({"status": "ended"}, 400, "/status"),
    ],
)
def test_what_registers_nobody(caseworker: User, change: dict[str, Any], status: int, pointer: str) -> None:
    assert_problem(Caller(caseworker).post("helpers/", new(**change)), status, "invalid", pointer)
    assert not Helper.objects.exists()


def test_not_elsewhere(caseworker: User) -> None:
    body = new(unit=str(factories.town(factories.OTHER_TOWN).pk))
    assert_problem(Caller(caseworker).post("helpers/", body), 400, "invalid", "/unit")
    # The county above is in sight, but not the caseworker's to write in.
    body = new(unit=str(factories.town().parent_id))
    assert_problem(Caller(caseworker).post("helpers/", body), 403, "not_allowed")


def test_a_number_is_given_once(caseworker: User) -> None:
    factories.helper(number="B77")
    assert_problem(Caller(caseworker).post("helpers/", new(number="B77")), 409, "helper_number_taken", "/number")


def test_found_and_narrowed(caseworker: User) -> None:
    mine = factories.helper(number="B1", name="李向阳", skills=["理发"], languages=["cantonese"])
    mine.search = "李向阳 lxy b1"
    mine.save()
    factories.helper(number="B2", name="王军", kind_="soldier_son", status="away")
    caller = Caller(caseworker)

    def found(**parameters: str) -> list[str]:
        return [row["number"] for row in results(caller.get("helpers/", ordering="number", **parameters))]

    assert found() == ["B1", "B2"]
    assert found(q="lxy") == found(q="向阳") == found(q="B1") == ["B1"]
    assert found(kind="soldier_son") == found(status="away") == ["B2"]
    assert found(skill="理发") == found(language="cantonese") == ["B1"]
    assert found(unit=str(factories.village().pk)) == []


def test_a_liaison_sees_the_own_people_and_little_of_them() -> None:
    unit = factories.partner()
    liaison = factories.user("liaison", role="liaison", unit=unit)
    helper = factories.helper(partner_unit=unit, phone="13820001234", name="王军")
    factories.helper(name="别人", partner_unit=factories.partner("GJ-02", "共建单位丙"))
    [row] = results(Caller(liaison).get("helpers/"))
    assert row["name"] == "王军"
    told = Caller(liaison).get(f"helpers/{helper.pk}/").json()
    assert not {"phone", "address", "certificate_tail", "birth_date", "notes", "unit"} & set(told)
    assert_problem(Caller(liaison).patch(f"helpers/{helper.pk}/", {"name": "x"}), 403, "not_allowed")


def test_correcting_and_its_version(caseworker: User) -> None:
    helper = factories.helper(name="李向阳")
    response = Caller(caseworker).patch(f"helpers/{helper.pk}/", {"name": "李朝阳", "reason": "录错"})
    assert (response.json()["name"], response.json()["version"]) == ("李朝阳", 2)
    assert_problem(Caller(caseworker).patch(f"helpers/{helper.pk}/", {"name": "x", "version": 1}), 409, "stale_version")
    assert_problem(Caller(caseworker).patch(f"helpers/{helper.pk}/", {"number": "B9"}), 400, "invalid", "/number")


def test_away_and_back(caseworker: User) -> None:
    helper = factories.helper()
    caller = Caller(caseworker)
    body = {"status": "away", "reason": "探亲"}
    assert caller.post(f"helpers/{helper.pk}/status/", body).json()["status"] == "away"
    assert_problem(caller.post(f"helpers/{helper.pk}/status/", {"status": "ended", "reason": "x"}), 400, "invalid")
    assert_problem(caller.post(f"helpers/{helper.pk}/status/", {"status": "active"}), 400, "invalid", "/reason")


def test_the_end_of_a_service_ends_its_pairings(caseworker: User) -> None:
    pairing = factories.pairing()
    body = {"reason": "discharged", "ended_on": "2026-03-01"}
    response = Caller(caseworker).post(f"helpers/{pairing.helper_id}/end/", body)
    assert response.status_code == 200, response.content
    assert (response.json()["status"], response.json()["end_reason"]) == ("ended", "discharged")
    assert str(Pairing.objects.get().to_date) == "2026-03-01"
    where = f"helpers/{pairing.helper_id}/end/"
    assert_problem(Caller(caseworker).post(where, body), 409, "helper_ended")
    assert_problem(Caller(caseworker).post(where, {**body, "reason": "Moved away!"}), 400, "invalid", "/reason")
