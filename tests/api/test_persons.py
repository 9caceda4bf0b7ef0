"""Persons over HTTP: identity numbers masked everywhere, told in full only for a reason."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.models import Person
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db
CERTIFICATE = "120114195001153528"


@pytest.fixture
def caseworker() -> User:
    return factories.user("caseworker", role="caseworker")


@pytest.fixture
def person() -> Person:
    family = factories.family(number="0007", live_address="赵庄村东街三号")
    family.search = "孙桂兰 sgl 0007 赵庄村东街三号"
    family.save()
    made = family.persons.get()
    made.certificate, made.certificate_tail = CERTIFICATE, "3528"
    made.initials, made.phone, made.health = "sgl", "13820001234", "41"
    made.save()
    return made


def test_only_the_tail_is_shown(caseworker: User, person: Person) -> None:
    caller = Caller(caseworker)
    for response in (caller.get("persons/"), caller.get(f"persons/{person.pk}/")):
        assert CERTIFICATE not in response.content.decode()
        assert '"health"' not in response.content.decode()
    told = caller.get(f"persons/{person.pk}/").json()
    assert (told["certificate_tail"], told["phone"], told["sex"]) == ("3528", "13820001234", "2")
    assert "phone" not in results(caller.get("persons/"))[0]


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
    body = {"name": "孙桂蘭", "certificate": "110101194912310025", "birth_date": "1949-12-31", "reason": "录错"}
    response = Caller(caseworker).patch(f"persons/{person.pk}/", body)
    assert response.status_code == 200, response.content
    assert (response.json()["certificate_tail"], response.json()["version"]) == ("0025", 2)
    assert "110101194912310025" not in response.content.decode()
    assert "110101194912310025" not in Event.objects.get(action="person.updated").body


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
