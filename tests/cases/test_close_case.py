"""Closing, reopening and pausing a case."""

from datetime import datetime

import pytest

from backend.audit.models import Event
from backend.cases.cases import (
    AlreadyOpen,
    NotClosed,
    NotOpen,
    close_case,
    enter_phase,
    open_case,
    pause_case,
    reopen_case,
    resume_case,
)
from backend.cases.models import Case
from tests import factories
from tests.queueing import queued

pytestmark = pytest.mark.django_db


def test_closed_with_a_reason(now: datetime) -> None:
    case = factories.case()
    close_case(case=case, reason="moved", actor=factories.actor(), now=now, note="搬去女儿家")
    case.refresh_from_db()
    assert (case.state, case.close_reason, case.closed_at) == ("closed", "moved", now)
    event = Event.objects.get(action="case.closed")
    assert (event.reason, event.data["from"], event.data["to"]) == ("搬去女儿家", "open", "closed")
    with pytest.raises(NotOpen):
        close_case(case=case, reason="moved", actor=factories.actor(), now=now)


def test_reopened_it_begins_anew(now: datetime) -> None:
    case = factories.case(phase="care")
    actor = factories.actor()
    close_case(case=case, reason="moved", actor=actor, now=now)
    reopen_case(case=case, reason="搬回来了", actor=actor, now=now)
    case.refresh_from_db()
    assert (case.state, case.phase, case.closed_at, case.close_reason) == ("open", "survey", None, "")
    (job,) = queued("processes.start")
    assert job["case_id"] == str(case.pk)
    assert Event.objects.get(action="case.reopened").reason == "搬回来了"


@pytest.mark.parametrize("state", ["open", "paused", "archived"])
def test_only_a_closed_case_is_reopened(now: datetime, state: str) -> None:
    with pytest.raises(NotClosed):
        reopen_case(case=factories.case(state=state), reason="", actor=factories.actor(), now=now)
    assert not queued()


def test_not_reopened_beside_a_newer_one(now: datetime) -> None:
    case, actor = factories.case(), factories.actor()
    close_case(case=case, reason="ended", actor=actor, now=now)
    open_case(family=case.family, programme=case.programme, actor=actor, now=now)
    with pytest.raises(AlreadyOpen):
        reopen_case(case=case, reason="", actor=actor, now=now)


def test_paused_and_resumed(now: datetime) -> None:
    case, actor = factories.case(), factories.actor()
    pause_case(case=case, reason="in_hospital", actor=actor, now=now)
    pause_case(case=case, reason="in_hospital", actor=actor, now=now)
    assert Case.objects.get().state == "paused"
    resume_case(case=case, actor=actor, now=now)
    assert Case.objects.get().state == "open"
    assert list(Event.objects.order_by("seq").values_list("action", flat=True)) == ["case.paused", "case.resumed"]


def test_a_closed_case_is_not_paused(now: datetime) -> None:
    case = factories.case(state="closed")
    with pytest.raises(NotOpen):
        pause_case(case=case, reason="away", actor=factories.actor(), now=now)


def test_phases_are_told_once(now: datetime) -> None:
    case = factories.case()
    for _ in range(2):
        enter_phase(case=case, phase="pairing", actor=factories.actor(), now=now)
    event = Event.objects.get(action="case.phase_entered")
    assert event.data == {"field": "phase", "from": "survey", "to": "pairing"}
