"""Persons over HTTP: identity numbers masked everywhere, told in full only for a reason."""

import json
from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.models import Family, Person
from backend.core.crypto import blind_index
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db
CERTIFICATE = "120114195001153521"


@pytest.fixture
def caseworker() -> User:
    return factories.user("caseworker", role="caseworker")


@pytest.fixture
def person() -> Person:
    family = factories.family(number="0007", live_address="赵庄村东街三号")
    family.search = "孙桂兰 sgl 0007 赵庄村东街三号"
    family.save()
    made = family.persons.get()
    made.certificate, made.certificate_tail = CERTIFICATE, "3521"
    made.initials, made.phone, made.health = "sgl", "13820001234", "41"
    made.save()
    return made


def test_only_the_tail_is_shown(caseworker: User, person: Person) -> None:
    caller = Caller(caseworker)
    for response in (caller.get("persons/"), caller.get(f"persons/{person.pk}/")):
        assert CERTIFICATE not in response.content.decode()
        assert '"health"' not in response.content.decode()
    told = caller.get(f"persons/{person.pk}/").json()
    assert (told["certificate_tail"], told["phone_masked"], told["sex"]) == ("3521", "138****1234", "2")
    assert "13820001234" not in json.dumps([told, results(caller.get("persons/"))])


@pytest.mark.parametrize("text", ["孙桂兰", "桂兰", "SGL", "0007", "东街三号"])
def test_found_by(caseworker: User, person: Person, text: str) -> None:
    factories.family(label="李四")
    assert [row["id"] for row in results(Caller(caseworker).get("persons/", q=text))] == [str(person.pk)]


def test_narrowed(caseworker: User, person: Person) -> None:
    caller = Caller(caseworker)
    assert len(results(caller.get("persons/", family=str(person.family_id)))) == 1
    assert len(results(caller.get("persons/", sex="2", status="present"))) == 1
    assert results(caller.get("persons/", sex="1")) == []
    assert results(caller.get("persons/", status="dead")) == []
    assert len(results(caller.get("persons/", unit=factories.VILLAGE))) == 1


@pytest.mark.parametrize(("field", "value"), [("certificate", CERTIFICATE), ("health", "41"), ("phone", "13820001234")])
def test_revealing_is_an_event(caseworker: User, person: Person, field: str, value: str) -> None:
    response = Caller(caseworker).post(f"persons/{person.pk}/reveal/", {"field": field, "reason": "核对身份"})
    assert response.json() == {"field": field, "value": value}
    event = Event.objects.get(action="person.revealed")
    assert (event.actor, event.reason, event.data) == ("caseworker", "核对身份", {"field": field})
    assert f'"{value}"' not in event.body  # as a value: two digits stand in many an id


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"field": "certificate"}, "/reason"),
        ({"field": "certificate", "reason": "  "}, "/reason"),
        ({"field": "certificate_index", "reason": "x"}, "/field"),
        ({"field": "notes", "reason": "x"}, "/field"),
        ({"reason": "x"}, "/field"),
    ],
)
def test_without_a_reason_nothing_is_revealed(
    caseworker: User, person: Person, body: dict[str, Any], pointer: str
) -> None:
    response = Caller(caseworker).post(f"persons/{person.pk}/reveal/", body)
    assert_problem(response, 400, "invalid", pointer)
    assert not Event.objects.exists()


@pytest.mark.parametrize("role", ["village", "auditor", "sysadmin"])
def test_without_the_right_neither(person: Person, role: str) -> None:
    caller = Caller(factories.user(role, role=role))
    response = caller.post(f"persons/{person.pk}/reveal/", {"field": "certificate", "reason": "好奇"})
    assert_problem(response, 403, "not_allowed")
    assert not Event.objects.exists()


def test_correcting(caseworker: User, person: Person) -> None:
    body = {"name": "孙桂蘭", "certificate": "110101194912310024", "birth_date": "1949-12-31", "reason": "录错"}
    response = Caller(caseworker).patch(f"persons/{person.pk}/", body)
    assert response.status_code == 200, response.content
    assert (response.json()["certificate_tail"], response.json()["version"]) == ("0024", 2)
    assert "110101194912310024" not in response.content.decode()
    assert "110101194912310024" not in Event.objects.get(action="person.updated").body


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"family": "x"}, "/family"),
        ({"status": "dead"}, "/status"),
        ({"certificate_tail": "0000"}, "/certificate_tail"),
        ({"birth_date": "1949-13-01"}, "/birth_date"),
        ({"birth_date": "0001-01-01"}, "/birth_date"),
        ({"sex": "3"}, "/sex"),
        ({"relation": "boss"}, "/relation"),
        ({"self_care": 4}, "/self_care"),
        ({"self_care": 99999999999}, "/self_care"),
        ({"name": ""}, "/name"),
        ({"birth_is_lunar": "perhaps"}, "/birth_is_lunar"),
    ],
)
def test_what_cannot_be_set(caseworker: User, person: Person, body: dict[str, Any], pointer: str) -> None:
    assert_problem(Caller(caseworker).patch(f"persons/{person.pk}/", body), 400, "invalid", pointer)


def test_an_identity_number_is_kept_in_its_one_form(caseworker: User, person: Person) -> None:
    caller = Caller(caseworker)
    response = caller.patch(f"persons/{person.pk}/", {"certificate": "1101011949 1231 0024"})
    assert response.status_code == 200, response.content
    person.refresh_from_db()
    assert person.certificate == "110101194912310024"
    wrong = {"certificate": "110101194912310025"}
    assert_problem(caller.patch(f"persons/{person.pk}/", wrong), 422, "id_checksum", "/certificate")


# --- entering


def member(of: Family, **more: Any) -> dict[str, Any]:
    return {"family": str(of.pk), "relation": "12", "name": "王秀英", **more}


def test_entering_a_member(caseworker: User) -> None:
    family = factories.family(members=[{"name": "孙桂兰", "is_head": True, "relation": "02"}])
    response = Caller(caseworker).post(
        "persons/", member(family, certificate=" 12011419500115352１", phone="13820001234")
    )
    assert response.status_code == 201, response.content
    told = response.json()
    assert (told["certificate_tail"], told["sex"], told["birth_date"]) == ("3521", "2", "1950-01-15")
    assert (told["is_head"], told["version"]) == (False, 1)
    assert CERTIFICATE not in response.content.decode()
    made = Person.objects.get(pk=told["id"])
    assert (made.certificate, made.certificate_index) == (CERTIFICATE, blind_index(CERTIFICATE))
    assert [row["id"] for row in results(Caller(caseworker).get("persons/", q="wxy"))] == [told["id"]]
    event = Event.objects.get()
    assert (event.action, event.family_id) == ("person.entered", family.pk)
    assert CERTIFICATE not in event.body


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"family": "x"}, 400, "invalid", "/family"),
        ({"relation": None}, 400, "invalid", "/relation"),
        ({"name": ""}, 400, "invalid", "/name"),
        ({"status": "dead"}, 400, "invalid", "/status"),
        ({"certificate_kind": "library card"}, 400, "invalid", "/certificate_kind"),
        ({"certificate": "120114195001153522"}, 422, "id_checksum", "/certificate"),
        ({"certificate": "1201141950"}, 422, "id_checksum", "/certificate"),
    ],
)
def test_what_enters_nobody(caseworker: User, change: dict[str, Any], status: int, code: str, pointer: str) -> None:
    family = factories.family()
    assert_problem(Caller(caseworker).post("persons/", member(family, **change)), status, code, pointer)
    assert family.persons.count() == 1
    assert not Event.objects.exists()


def test_who_is_on_file_is_found_and_not_entered_again(caseworker: User) -> None:
    known = factories.family(number="0007", members=[{"name": "孙桂兰", "certificate": CERTIFICATE}])
    caller, body = Caller(caseworker), member(factories.family(), certificate=CERTIFICATE)
    told = assert_problem(caller.post("persons/", body), 409, "duplicate_person", "/certificate")
    assert "0007" in told["errors"][0]["message"]
    assert Person.objects.filter(name="王秀英").count() == 0
    # Who has left the one household may join another; who has moved away with the whole of it may not.
    known.persons.update(status="left")
    assert caller.post("persons/", body).status_code == 201


def test_where_people_of_other_units_live_is_not_told(caseworker: User) -> None:
    far = factories.family(number="0777", unit=factories.village("210403007201"), members=())
    Person.objects.filter(family=far).delete()
    factories.person(far, name="远方人", certificate=CERTIFICATE)
    body = member(factories.family(), certificate=CERTIFICATE)
    response = Caller(caseworker).post("persons/", body)
    assert_problem(response, 409, "duplicate_person", "/certificate")
    for secret in ("0777", "远方人", str(far.pk), far.unit.name):
        assert secret not in response.content.decode()


def test_nobody_joins_a_closed_household(caseworker: User) -> None:
    family = factories.family(status="closed")
    assert_problem(Caller(caseworker).post("persons/", member(family)), 409, "family_gone", "/family")


def test_members_are_entered_where_one_works(caseworker: User) -> None:
    far = factories.family(unit=factories.village("210403007201"))
    assert_problem(Caller(caseworker).post("persons/", member(far)), 400, "invalid", "/family")
    reader = factories.user("both", role="auditor", unit=factories.region("120114000000"))
    factories.member(reader, "caseworker", factories.town("120114100000"))
    for user in (reader, factories.user("village", role="village"), factories.user("supervisor", role="supervisor")):
        assert_problem(Caller(user).post("persons/", member(factories.family())), 403, "not_allowed")
    assert not Person.objects.filter(name="王秀英").exists()
