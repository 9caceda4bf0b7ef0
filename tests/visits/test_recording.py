"""A visit is recorded: once, in time or late, never in the future; what is sensitive stays sealed."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from backend.audit.models import Event
from backend.cases.surveys import answers_of
from backend.org.models import Parameter
from backend.visits.models import FollowUp, Visit
from backend.visits.visits import (
    AlreadyRecorded,
    BadRecord,
    NotRecorded,
    Recorded,
    VisitOver,
    decide_late_record,
    miss_visit,
    record_visit,
)
from tests import factories
from tests.queueing import messages

pytestmark = pytest.mark.django_db
RUN = UUID(int=7)


def found(now: datetime, ago: timedelta = timedelta(hours=2), **more: Any) -> dict[str, Any]:
    return {
        "visit_result": "met",
        "started_at": (now - ago).isoformat(),
        "ended_at": (now - ago + timedelta(minutes=40)).isoformat(),
        "channel": "home",
        "physical": "weak",
        **more,
    }


def note(visit: Visit, now: datetime, answers: dict[str, Any], **more: Any) -> Recorded:
    user = visit.helper.user if visit.helper else None
    return record_visit(visit_id=visit.pk, answers=answers, actor=factories.actor(user, role="helper"), now=now, **more)


def test_in_time(now: datetime) -> None:
    user = factories.user(role="helper")
    visit = factories.visit(factories.pairing(factories.case(), factories.helper(user=user)))
    recorded = note(visit, now, found(now), device_at=now - timedelta(minutes=3))
    visit.refresh_from_db()
    assert (visit.state, visit.is_late, visit.recorded_by, visit.recorded_at) == ("done", False, user, now)
    assert (recorded.result, recorded.record_state) == ("met", "in_time")
    assert visit.started_at == now - timedelta(hours=2)
    event = Event.objects.get(action="visit.recorded")
    assert (event.case_id, event.family_id) == (visit.case_id, visit.family_id)
    assert event.data["device_at"] == (now - timedelta(minutes=3)).isoformat()
    assert event.data["recorded_at"] == now.isoformat()


def test_health_is_sealed_in_the_row_and_not_told(now: datetime) -> None:
    visit = factories.visit()
    note(visit, now, found(now, physical="unconscious"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM visits_visit")
        assert b"unconscious" not in bytes(cursor.fetchone()[0])
    assert "unconscious" not in Event.objects.get(action="visit.recorded").body
    visit.refresh_from_db()
    assert answers_of(visit.answers)["physical"] == "unconscious"


@pytest.mark.parametrize(("result", "state"), [("met", "done"), ("not_met", "not_met"), ("refused", "refused")])
def test_what_came_of_it(now: datetime, result: str, state: str) -> None:
    visit = factories.visit()
    note(visit, now, found(now, visit_result=result))
    visit.refresh_from_db()
    assert visit.state == state


@pytest.mark.parametrize(
    ("ago", "state", "kept"),
    [
        (timedelta(hours=48, minutes=40), "in_time", "done"),
        (timedelta(hours=48, minutes=41), "late", "done"),
        (timedelta(days=7, minutes=40), "late", "done"),
        (timedelta(days=7, minutes=41), "blocked", "held"),
    ],
)
def test_late_and_blocked_count_from_the_end_of_the_visit(now: datetime, ago: timedelta, state: str, kept: str) -> None:
    visit = factories.visit()
    recorded = note(visit, now, found(now, ago, late_reason="山里没有信号"))
    visit.refresh_from_db()
    assert (recorded.record_state, visit.state, visit.is_late) == (state, kept, state != "in_time")
    assert visit.late_reason == "山里没有信号"


def test_late_without_a_reason_is_refused_and_nothing_is_kept(now: datetime) -> None:
    visit = factories.visit()
    with pytest.raises(BadRecord) as refused:
        note(visit, now, found(now, timedelta(days=3)))
    assert [(problem.pointer, problem.code) for problem in refused.value.problems] == [("/late_reason", "missing")]
    assert Visit.objects.get().state == "planned"
    assert not Event.objects.exists()


def test_how_late_is_late_is_a_parameter(now: datetime) -> None:
    Parameter.objects.create(key="visit.rules", value={"late_hours": 1}, from_date=date(2026, 1, 1))
    with pytest.raises(BadRecord):
        note(factories.visit(), now, found(now))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"started_at": "2026-03-02T09:11:00+08:00", "ended_at": None}, ("/started_at", "in_future")),
        (
            {"started_at": "2026-03-02T08:59:00+08:00", "ended_at": "2026-03-02T09:20:00+08:00"},
            ("/started_at", "in_future"),
        ),
        ({"ended_at": "2026-03-01T00:00:00+08:00"}, ("/ended_at", "before_start")),
        ({"started_at": "2024-01-01T00:00:00+08:00", "ended_at": None}, ("/started_at", "too_old")),
        ({"started_at": None}, ("/started_at", "missing")),
        ({"started_at": "gestern"}, ("/started_at", "format")),
        ({"visit_result": "perhaps"}, ("/visit_result", "enum")),
        ({"channel": "pigeon"}, ("/channel", "enum")),
    ],
)
def test_records_that_cannot_be(now: datetime, changed: dict[str, Any], problem: tuple[str, str]) -> None:
    with pytest.raises(BadRecord) as refused:
        note(factories.visit(), now, found(now, **changed))
    assert problem in [(each.pointer, each.code) for each in refused.value.problems]


def test_a_fast_clock_is_forgiven_ten_minutes(now: datetime) -> None:
    visit = factories.visit()
    note(visit, now, found(now, started_at="2026-03-02T09:09:00+08:00", ended_at=None))
    assert Visit.objects.get().state == "done"


def test_time_without_offset_is_local(now: datetime) -> None:
    visit = factories.visit()
    note(visit, now, found(now, started_at="2026-03-02T08:00:00", ended_at=None))
    visit.refresh_from_db()
    assert visit.started_at == now - timedelta(hours=1)


def test_recorded_once(now: datetime) -> None:
    visit = factories.visit()
    note(visit, now, found(now))
    with pytest.raises(AlreadyRecorded):
        note(visit, now, found(now, visit_result="not_met"))
    with pytest.raises(AlreadyRecorded):
        miss_visit(visit=visit, actor=factories.actor(), now=now)
    with pytest.raises(VisitOver):
        note(factories.visit(state="cancelled"), now, found(now))


def test_answering_the_work_item_needs_no_message(now: datetime) -> None:
    note(factories.visit(instance_id=RUN), now, found(now), answering=RUN)
    assert not messages()


def test_missed_then_made_by_somebody_else(now: datetime) -> None:
    visit = factories.visit(instance_id=RUN)
    miss_visit(visit=visit, actor=factories.actor(), now=now)
    visit.refresh_from_db()
    assert (visit.state, visit.missed_at) == ("missed", now)
    later = now + timedelta(days=1)
    village = factories.user(role="village")
    answers = found(later)
    record_visit(visit_id=visit.pk, answers=answers, actor=factories.actor(village, role="village"), now=later)
    visit.refresh_from_db()
    assert (visit.state, visit.missed_at, visit.recorded_by) == ("done", now, village)


@pytest.mark.parametrize(("allow", "state"), [(True, "done"), (False, "missed")])
def test_the_supervisor_decides_on_a_very_late_record(now: datetime, allow: bool, state: str) -> None:
    visit = factories.visit()
    with pytest.raises(NotRecorded):
        decide_late_record(visit=visit, allow=allow, reason="", actor=factories.actor(), now=now)
    note(visit, now, found(now, timedelta(days=9), late_reason="手机坏了"))
    actor = factories.actor(factories.user(role="supervisor"), role="supervisor")
    decide_late_record(visit=visit, allow=allow, reason="问过老人", actor=actor, now=now)
    visit.refresh_from_db()
    assert (visit.state, visit.is_late) == (state, True)
    assert FollowUp.objects.get().result == ("allow" if allow else "refuse")
    assert Event.objects.filter(action__startswith="visit.late_record_").get().reason == "问过老人"


def test_high_risk_missed_twice_is_always_called_back(now: datetime) -> None:
    Parameter.objects.create(key="visit.rules", value={"sample_percent": 0}, from_date=date(2026, 1, 1))
    pairing = factories.pairing(factories.case(factories.family(risk_tier="A")))
    for days in (14, 7):
        factories.visit(pairing, state="missed", due_at=now - timedelta(days=days), missed_at=now)
    assert note(factories.visit(pairing, due_at=now), now, found(now)).call_back
    calm = factories.pairing(factories.case(factories.family(risk_tier="B")))
    for days in (14, 7):
        factories.visit(calm, state="missed", due_at=now - timedelta(days=days), missed_at=now)
    assert not note(factories.visit(calm, due_at=now), now, found(now)).call_back
