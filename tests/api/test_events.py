"""History over HTTP: read, narrowed, verified."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from backend.audit.history import record
from backend.audit.models import Event
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.workflows.stage import Stage

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    made.note()
    return made


@pytest.fixture
def auditor() -> Caller:
    return Caller(factories.user("auditor", role="auditor", unit=factories.region("120114000000")))


def test_everything_an_event_tells(stage: Stage, auditor: Caller) -> None:
    row = results(auditor.get("events/", action="work_item.completed"))[0]
    event = Event.objects.get(action="work_item.completed")
    assert (row["actor"], row["role"], row["case_id"]) == ("village", "village", str(stage.case.pk))
    assert (row["seq"], row["digest"]) == (event.seq, bytes(event.digest).hex())
    assert row["data"]["answers"] == {"text": "米面已送"}
    assert auditor.get(f"events/{event.pk}/").json() == row


def test_narrowed_by_case_actor_action_and_time(stage: Stage, auditor: Caller) -> None:
    record(action="family.updated", object=factories.family(), actor=factories.actor(), now=timezone.now())

    def found(**parameters: str) -> set[str]:
        return {row["action"] for row in results(auditor.get("events/", **parameters))}

    assert found() >= {"instance.started", "work_item.completed", "family.updated"}
    assert found(case=str(stage.case.pk)) == {"instance.started", "work_item.completed"}
    assert found(actor=str(stage.village.pk)) == found(action="work_item.completed") == {"work_item.completed"}
    assert found(at_from=(timezone.now() - timedelta(minutes=5)).isoformat()) == {"family.updated"}
    assert "family.updated" not in found(at_before="2026-03-03T00:00:00+08:00")
    assert found(unit=factories.VILLAGE, action="work_item.completed") == {"work_item.completed"}
    assert_problem(auditor.get("events/", actor="somebody"), 400, "invalid", "?actor")


def test_a_whole_history_verifies(stage: Stage, auditor: Caller) -> None:
    verdict = auditor.get("events/verify/").json()
    assert verdict["ok"] is True
    assert (verdict["events"], verdict["faults"]) == (Event.objects.count(), [])
    assert auditor.get("events/verify/", case=str(stage.case.pk)).json()["chains"] == 1


def test_a_long_history_is_verified_by_portions(stage: Stage, auditor: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    record(action="family.updated", object=factories.family(), actor=factories.actor(), now=timezone.now())
    monkeypatch.setattr("backend.api.events.PORTION", 1)
    portions = [auditor.get("events/verify/").json()]
    while portions[-1]["next"] is not None:
        portions.append(auditor.get("events/verify/", after=portions[-1]["next"]).json())
    assert sum(each["events"] for each in portions) == Event.objects.count()
    assert len(portions) == 3
    assert all(each["ok"] for each in portions)


def test_what_somebody_altered_is_named(stage: Stage, auditor: Caller) -> None:
    event = Event.objects.get(action="work_item.completed")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE audit_event SET actor = 'somebody else' WHERE id = %s", [event.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")
    verdict = auditor.get("events/verify/").json()
    assert (verdict["ok"], verdict["faults"][0]["id"], verdict["faults"][0]["what"]) == (
        False,
        str(event.pk),
        "altered",
    )


def test_extent(stage: Stage, auditor: Caller) -> None:
    assert_problem(auditor.get("events/verify/", case="x"), 400, "invalid")
    assert_problem(auditor.get("events/verify/", since="long ago"), 400, "invalid")
    for place in ("#", "#x", "#1 ", f"#{'9' * 20}", "x" * 81, "a\0b"):
        assert_problem(auditor.get("events/verify/", after=place), 400, "invalid")
    elsewhere = factories.case(factories.family(unit=factories.village("210403007201")))
    assert_problem(auditor.get("events/verify/", case=str(elsewhere.pk)), 400, "invalid")


def test_nobody_writes_history(stage: Stage, auditor: Caller) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert_problem(getattr(auditor.http, method)("/api/events/"), 405, "method_not_allowed")
        where = f"/api/events/{Event.objects.latest('at').pk}/"
        assert_problem(getattr(auditor.http, method)(where), 405, "method_not_allowed")
