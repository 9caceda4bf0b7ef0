"""Records that come by themselves: from a telephone that was offline, for a planned visit or one nobody planned."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.audit.models import Event
from backend.helpers.models import Pairing
from backend.visits.models import Visit
from backend.visits.visits import IdTaken, Recorded, cancel_visits, record_contact
from tests import factories
from tests.concurrency.racing import race
from tests.queueing import messages
from tests.visits.test_recording import found

RUN, OTHER_RUN = UUID(int=7), UUID(int=8)


def come_in(pairing: Pairing, now: datetime, **more: Any) -> Recorded:
    answers = more.pop("answers", None) or found(now)
    case = more.pop("case", pairing.case)
    return record_contact(case=case, pairing=pairing, answers=answers, actor=factories.actor(), now=now, **more)


def planned(pairing: Pairing, now: datetime, **fields: Any) -> Visit:
    fields = {"opens_at": now - timedelta(days=3), "due_at": now + timedelta(days=4), "instance_id": RUN, **fields}
    return factories.visit(pairing, **fields)


@pytest.mark.django_db
def test_a_planned_visit_by_its_id_tells_the_run_that_waits(now: datetime) -> None:
    plan = planned(factories.pairing(), now)
    assert plan.pairing is not None
    recorded = come_in(plan.pairing, now, id=plan.pk)
    assert (recorded.visit, recorded.result) == (plan, "met")
    (message,) = messages("visit_recorded")
    assert message["instance_id"] == str(RUN)
    assert message["data"] == {
        "visit": str(plan.pk),
        "visit_result": "met",
        "record_state": "in_time",
        "call_back": recorded.call_back,
        "looked_into": False,
    }


@pytest.mark.django_db
def test_the_same_id_twice_is_one_visit(now: datetime) -> None:
    pairing, id_ = factories.pairing(), uuid4()
    first = come_in(pairing, now, id=id_)
    again = come_in(pairing, now + timedelta(hours=1), id=id_, answers=found(now, visit_result="not_met"))
    assert (again.visit, again.result, again.record_state) == (first.visit, "met", "in_time")
    assert Visit.objects.get().is_extra
    assert Event.objects.filter(action="visit.recorded").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_id_twice_at_the_same_moment(now: datetime) -> None:
    pairing, id_ = factories.pairing(), uuid4()
    planned(pairing, now)
    outcome = race([lambda: come_in(pairing, now, id=id_)] * 3)
    assert outcome == {"done": 3}
    assert Visit.objects.filter(is_extra=True).count() == 1
    assert len(messages("visit_recorded")) == 1


@pytest.mark.django_db
def test_an_id_of_another_family_is_refused(now: datetime) -> None:
    plan = planned(factories.pairing(), now)
    with pytest.raises(IdTaken):
        come_in(factories.pairing(), now, id=plan.pk)


@pytest.mark.django_db
def test_a_visit_nobody_planned_takes_the_place_of_the_open_plan(now: datetime) -> None:
    pairing = factories.pairing()
    plan, id_ = planned(pairing, now), uuid4()
    come_in(pairing, now, id=id_)
    plan.refresh_from_db()
    assert (plan.state, plan.replaced_by_id) == ("cancelled", id_)
    (message,) = messages("visit_recorded")
    assert (message["instance_id"], message["data"]["visit"]) == (str(RUN), str(id_))


@pytest.mark.django_db
def test_one_visit_serves_all_programmes(now: datetime) -> None:
    pairing = factories.pairing()
    second = factories.pairing(
        factories.case(pairing.family, programme=factories.programme("jllq")), factories.helper()
    )
    planned(pairing, now)
    missed = planned(second, now, instance_id=OTHER_RUN, state="missed", missed_at=now)
    come_in(pairing, now)
    missed.refresh_from_db()
    assert missed.state == "cancelled"
    assert {message["instance_id"] for message in messages("visit_recorded")} == {str(RUN), str(OTHER_RUN)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("plan", "answers"),
    [
        ({"opens_at": timedelta(hours=-1)}, {}),  # too early to be this visit
        ({}, {"visit_result": "not_met"}),
        ({}, {"channel": "phone"}),  # a call is no visit at home
        ({"state": "done"}, {}),
    ],
)
def test_what_is_not_this_visit_leaves_the_plan(now: datetime, plan: dict[str, Any], answers: dict[str, Any]) -> None:
    pairing = factories.pairing()
    if "opens_at" in plan:
        plan = {**plan, "opens_at": now + plan["opens_at"]}
    kept = planned(pairing, now, **plan)
    come_in(pairing, now, answers=found(now, **answers))
    before = kept.state
    kept.refresh_from_db()
    assert (kept.state, kept.replaced_by) == (before, None)
    assert not messages()


@pytest.mark.django_db
def test_a_call_serves_where_a_call_was_planned(now: datetime) -> None:
    pairing = factories.pairing()
    plan = planned(pairing, now, channel="phone")
    come_in(pairing, now, answers=found(now, channel="phone"))
    plan.refresh_from_db()
    assert plan.state == "cancelled"


@pytest.mark.django_db
def test_a_record_of_a_plan_that_was_replaced_is_not_lost(now: datetime) -> None:
    pairing = factories.pairing()
    plan = planned(pairing, now)
    village = come_in(pairing, now)  # the village worker was there
    volunteer = come_in(pairing, now, id=plan.pk)  # and the volunteer too, offline
    plan.refresh_from_db()
    assert (volunteer.visit, plan.state, plan.is_extra) == (plan, "done", True)
    assert plan.replaced_by == village.visit
    # The run has gone on to its next visit: it must not take this one for that.
    assert len(messages("visit_recorded")) == 1


@pytest.mark.django_db
def test_what_was_missed_for_good_stays_missed(now: datetime) -> None:
    pairing = factories.pairing()
    gone = planned(pairing, now, state="missed", missed_at=now, instance_id=None)
    ended = planned(pairing, now, state="missed", missed_at=now)
    cancel_visits(case=pairing.case, reason="helper_ended", actor=factories.actor(), now=now)
    come_in(pairing, now)
    for visit in (gone, ended):
        visit.refresh_from_db()
        assert (visit.state, visit.replaced_by) == ("missed", None)
    assert not messages()


@pytest.mark.django_db
def test_a_very_late_record_asks_the_supervisor_through_the_run(now: datetime) -> None:
    plan = planned(factories.pairing(), now, opens_at=now - timedelta(days=20))
    assert plan.pairing is not None
    come_in(plan.pairing, now, id=plan.pk, answers=found(now, timedelta(days=9), late_reason="没有信号"))
    plan.refresh_from_db()
    assert plan.state == "held"
    assert messages("visit_recorded")[0]["data"]["record_state"] == "blocked"
