"""A command with an Idempotency-Key does its work once, whatever the network does."""

import threading
from typing import Any

import pytest
from django.db import connection, connections

from backend.audit.models import Event
from backend.core.models import Answer
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.workflows.stage import Stage
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "0198a3c2-7a51-7cc0-8f6e"}
ANSWERS = {"answers": {"text": "米面已送"}}


@pytest.fixture
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def test_a_retry_gets_the_first_answer(stage: Stage) -> None:
    where = f"work-items/{stage.item('take_note').pk}/complete/"
    caller = Caller(stage.village)
    first = caller.post(where, ANSWERS, **KEY)
    again = caller.post(where, ANSWERS, **KEY)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert again["ETag"] == first["ETag"]
    assert again["Idempotency-Replayed"] == "true"
    assert Event.objects.filter(action="work_item.completed").count() == 1
    assert_problem(caller.post(where, ANSWERS), 409, "already_done")


def test_the_same_key_for_another_request_is_refused(stage: Stage) -> None:
    where = f"work-items/{stage.item('take_note').pk}/"
    caller = Caller(stage.village)
    caller.post(f"{where}claim/", {}, **KEY)
    assert_problem(caller.post(f"{where}release/", {}, **KEY), 422, "idempotency_key_reused")
    assert_problem(caller.post(f"{where}claim/", {"version": 1}, **KEY), 422, "idempotency_key_reused")


def test_a_failed_command_may_be_tried_again(stage: Stage) -> None:
    where = f"work-items/{stage.item('take_note').pk}/complete/"
    caller = Caller(stage.village)
    assert caller.post(where, {"answers": {}}, **KEY).status_code == 422
    assert not Answer.objects.exists()
    assert caller.post(where, ANSWERS, **KEY).status_code == 200


def test_the_key_is_each_users_own(stage: Stage) -> None:
    body = {"action": "claim", "ids": [str(stage.item("take_note").pk)]}
    mine = Caller(stage.village).post("work-items/bulk/", body, **KEY).json()
    theirs = Caller(stage.caseworker).post("work-items/bulk/", body, **KEY).json()
    assert mine["results"][0]["ok"]
    assert not theirs["results"][0]["ok"]


def test_who_may_no_longer_is_not_told_again(stage: Stage) -> None:
    where = f"work-items/{stage.item('take_note').pk}/complete/"
    assert Caller(stage.village).post(where, ANSWERS, **KEY).status_code == 200
    stage.village.memberships.update(to_date=factories.LONG_AGO)
    stage.village.__dict__.pop("_grants", None)
    assert_problem(Caller(stage.village).post(where, ANSWERS, **KEY), 403, "not_allowed")


def test_an_empty_answer_is_remembered_too(stage: Stage) -> None:
    caller = Caller(stage.village)
    caller.post("work-items/next/")
    assert caller.post("work-items/next/", {}, **KEY).status_code == 204
    stage.start()
    assert caller.post("work-items/next/", {}, **KEY).status_code == 204
    assert caller.post("work-items/next/").status_code == 200


def test_secrets_are_never_kept() -> None:
    person = factories.person(factories.family(), name="王五", certificate="120114195001153528")
    caller = Caller(factories.user("caseworker", role="caseworker"))
    body = {"field": "certificate", "reason": "核对"}
    for _twice in range(2):
        assert caller.post(f"persons/{person.pk}/reveal/", body, **KEY).status_code == 200
    admin = Caller(factories.user("secadmin", role="secadmin"))
    made = admin.post("users/", {"username": "new", "name": "新人"}, **KEY).json()
    admin.post(f"users/{made['id']}/reset-password/", {}, **KEY)
    assert not Answer.objects.exists()
    assert Event.objects.filter(action="person.revealed").count() == 2


def test_kept_answers_are_encrypted(stage: Stage) -> None:
    where = f"work-items/{stage.item('take_note').pk}/claim/"
    Caller(stage.village).post(where, {}, **KEY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM core_answer")
        stored = bytes(cursor.fetchone()[0])
    assert stage.case.family.label.encode() not in stored
    assert len(stored) > 100


def test_reading_needs_no_key(stage: Stage) -> None:
    assert Caller(stage.village).http.get("/api/work-items/", headers=KEY).status_code == 200
    assert not Answer.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("bulk", [False, True])
def test_the_same_request_twice_at_once_does_its_work_once(stage: Stage, bulk: bool) -> None:
    item = str(stage.item("take_note").pk)
    caller = Caller(stage.village)
    statuses: list[int] = []
    bodies: list[Any] = []

    def send() -> None:
        try:
            if bulk:
                response = caller.post("work-items/bulk/", {"action": "complete", "ids": [item], **ANSWERS}, **KEY)
            else:
                response = caller.post(f"work-items/{item}/complete/", ANSWERS, **KEY)
            statuses.append(response.status_code)
            bodies.append(response.json())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _two in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    told = [body for status, body in zip(statuses, bodies, strict=True) if status == 200]
    assert all(body == told[0] for body in told)
    assert Event.objects.filter(action="work_item.completed").count() == 1
    assert WorkItem.objects.get(pk=item).state == "done"


@pytest.mark.django_db(transaction=True)
def test_a_bulk_command_keeps_its_key_while_it_works(stage: Stage) -> None:
    """The second of two equal bulk commands is told to wait: both would find the items of the other."""
    caller = Caller(stage.village)
    body = {"action": "claim", "filter": {"assignee": "none"}}
    first = caller.post("work-items/bulk/", body, **KEY).json()
    again = caller.post("work-items/bulk/", body, **KEY).json()
    assert [each["ok"] for each in first["results"]] == [True]
    assert again == first
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone()[0] == 0
