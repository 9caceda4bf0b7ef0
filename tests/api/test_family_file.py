"""What a family's file tells beside its own fields: history, documents; and what lists tell of helpers and visits."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.audit.history import record
from backend.cases.models import Consent, Family, Survey
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.workflows.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def caseworker() -> User:
    return factories.user("caseworker", role="caseworker")


@pytest.fixture
def family() -> Family:
    return factories.family(members=[{"name": "孙桂兰", "is_head": True, "phone": "13820001234"}])


def test_history_in_sentences_narrowed(caseworker: User, family: Family) -> None:
    for action in ("family.updated", "person.updated", "family.surveyed"):
        record(action=action, object=family, actor=factories.actor(), now=timezone.now())
    record(action="case.opened", object=factories.case(family), actor=factories.actor(), now=timezone.now())
    caller, path = Caller(caseworker), f"families/{family.pk}/history/"
    assert len(results(caller.get(path))) == 4
    assert [row["action"] for row in results(caller.get(path, about="course"))] == ["case.opened"]
    assert len(results(caller.get(path, about="people", page_size=2))) == 2
    assert results(caller.get(path, at_from=(timezone.now() + timedelta(days=1)).isoformat())) == []
    assert_problem(caller.get(path, about="gossip"), 400, "invalid", "?about")


def test_documents_are_told_without_what_a_survey_found(caseworker: User, family: Family) -> None:
    Consent.objects.create(
        family=family, purpose="care", notice_version="2026-01", given_by="self", given_at=timezone.now()
    )
    Survey.objects.create(family=family, method="home", surveyed_on=factories.TODAY, answers='{"note": "secret"}')
    factories.pairing(factories.case(family), agreement={"items": ["comfort"]})
    factories.pairing(factories.case(factories.family()), agreement={"items": ["of others"]})
    response = Caller(caseworker).get(f"families/{family.pk}/documents/")
    told = response.json()
    assert [len(told[name]) for name in ("consents", "surveys", "agreements")] == [1, 1, 1]
    assert told["agreements"][0]["agreement"] == {"items": ["comfort"]}
    assert "secret" not in response.content.decode()


def test_a_helper_reads_neither(family: Family) -> None:
    helper = factories.user("helper", role="helper")
    factories.pairing(factories.case(family), factories.helper(user=helper))
    assert_problem(Caller(helper).get(f"families/{family.pk}/history/"), 403, "not_allowed")
    assert_problem(Caller(helper).get(f"families/{family.pk}/documents/"), 403, "not_allowed")


def test_a_telephone_is_masked_in_lists(caseworker: User, family: Family) -> None:
    response = Caller(caseworker).get("persons/", family=str(family.pk))
    assert results(response)[0]["phone_masked"] == "138****1234"
    assert "13820001234" not in response.content.decode()


def test_helpers_with_room_and_whose_service_ends(caseworker: User) -> None:
    day = timezone.localdate()
    free = factories.helper(name="有空", to_date=day + timedelta(days=30))
    full = factories.helper(name="满了", max_families=1)
    factories.helper(name="停了", status="suspended")
    factories.pairing(factories.case(), full)
    caller = Caller(caseworker)
    assert [(row["name"], row["taken"], row["places"]) for row in results(caller.get("helpers/", free="true"))] == [
        ("有空", 0, free.places)
    ]
    assert {row["name"] for row in results(caller.get("helpers/", free="false"))} == {"满了", "停了"}
    soon = (day + timedelta(days=90)).isoformat()
    assert [row["name"] for row in results(caller.get("helpers/", ends_before=soon))] == ["有空"]
    assert caller.get(f"helpers/{full.pk}/").json()["taken"] == 1
    assert {kind["code"] for kind in caller.get("helpers/kinds/").json()} == {"volunteer"}


def test_an_overdue_visit_is_told_as_such(caseworker: User) -> None:
    pairing = factories.pairing()
    late = factories.visit(pairing, due_at=timezone.now() - timedelta(days=1))
    factories.visit(pairing, due_at=timezone.now() + timedelta(days=1))
    factories.visit(pairing, due_at=timezone.now() - timedelta(days=1), state="done")
    rows = results(Caller(caseworker).get("visits/", overdue="true"))
    assert [(row["id"], row["overdue"]) for row in rows] == [(str(late.pk), True)]
    assert len(results(Caller(caseworker).get("visits/", overdue="false"))) == 2


def test_where_a_case_stands() -> None:
    stage = Stage()
    stage.start()
    caller = Caller(stage.caseworker)
    [stands] = caller.get(f"cases/{stage.case.pk}/standing/").json()
    assert [node["node"] for node in stands["active"]] == ["take_note"]
    assert stands["active"][0]["since"]
    assert "bpmn" not in stands
    [drawn] = caller.get(f"cases/{stage.case.pk}/diagram/", instance=stands["instance"]).json()
    assert drawn["active"] == stands["active"]
    assert caller.get(f"cases/{stage.case.pk}/diagram/", instance=str(stage.case.pk)).json() == []


def test_programmes_in_the_readers_language(caseworker: User) -> None:
    factories.programme()
    assert [row["name"] for row in results(Caller(caseworker).get("programmes/"))] == ["Army and people together"]
    assert [row["name"] for row in results(Caller(caseworker, "zh-hans").get("programmes/"))] == ["军民共建"]
