"""Corrections of a record: who, why, which fields; what it said before stays, sealed."""

import json
from datetime import datetime, timedelta

import pytest

from backend.audit.models import Event
from backend.cases.surveys import answers_of
from backend.core.crypto import decrypt
from backend.core.errors import StaleVersion
from backend.visits.models import Visit
from backend.visits.visits import BadRecord, NoReason, NotRecorded, amend_visit, record_visit
from tests import factories
from tests.visits.test_recording import found

pytestmark = pytest.mark.django_db


def recorded(now: datetime) -> Visit:
    visit = factories.visit()
    return record_visit(visit_id=visit.pk, answers=found(now), actor=factories.actor(), now=now).visit


def test_what_changed_and_what_it_said(now: datetime) -> None:
    visit = recorded(now)
    amended = amend_visit(
        visit=visit,
        answers={"physical": "ill", "visit_result": "not_met", "channel": "home"},
        reason="记错了",
        actor=factories.actor(),
        now=now + timedelta(days=1),
        version=visit.version,
    )
    assert (amended.state, answers_of(amended.answers)["physical"]) == ("not_met", "ill")
    assert amended.recorded_at == now
    event = Event.objects.get(action="visit.amended")
    assert (event.reason, event.data["fields"]) == ("记错了", ["physical", "visit_result"])
    assert "weak" not in event.body
    before = json.loads(decrypt(bytes.fromhex(event.data["sealed_before"])))
    assert before == {"physical": "weak", "visit_result": "met"}


def test_the_same_again_is_no_change(now: datetime) -> None:
    visit = recorded(now)
    amend_visit(visit=visit, answers={"physical": "weak"}, reason="x", actor=factories.actor(), now=now)
    assert not Event.objects.filter(action="visit.amended").exists()


def test_refused(now: datetime) -> None:
    visit, actor = recorded(now), factories.actor()
    with pytest.raises(NoReason):
        amend_visit(visit=visit, answers={"physical": "ill"}, reason=" ", actor=actor, now=now)
    with pytest.raises(StaleVersion):
        amend_visit(visit=visit, answers={"physical": "ill"}, reason="x", actor=actor, now=now, version=99)
    with pytest.raises(BadRecord):
        amend_visit(visit=visit, answers={"visit_result": "perhaps"}, reason="x", actor=actor, now=now)
    with pytest.raises(NotRecorded):
        amend_visit(visit=factories.visit(), answers={}, reason="x", actor=actor, now=now)
