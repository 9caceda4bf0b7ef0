"""Messages and timers move an instance; when nobody waits for them nothing happens."""

from datetime import timedelta
from functools import partial

import pytest
from pytest_django import DjangoAssertNumQueries

from backend.audit.models import Event
from backend.jobs.timers import wake_all
from tests import factories
from tests.kept import kept
from tests.workflows.stage import NOW, Stage
from workflows import services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def test_a_message_ends_the_instance_and_cancels_its_items(stage: Stage) -> None:
    instance = Instance.objects.get()
    send = partial(
        services.send_message,
        instance_id=instance.pk,
        name="called_off",
        data={"reason": "下雨"},
        actor=factories.actor(stage.caseworker),
        now=NOW,
    )
    assert send()
    instance.refresh_from_db()
    assert (instance.state, instance.outcome) == ("done", "called_off")
    assert WorkItem.objects.get().state == "cancelled"
    assert Event.objects.get(action="message.received").data["reason"] == "下雨"
    assert not send()
    assert Event.objects.filter(action="message.received").count() == 1


def test_a_message_that_nobody_waits_for_changes_nothing(stage: Stage) -> None:
    before = Instance.objects.get()
    assert not services.send_message(
        instance_id=before.pk, name="unheard_of", data={}, actor=factories.actor(), now=NOW
    )
    assert Instance.objects.get().version == before.version


def test_a_timer_fires_once_when_due(stage: Stage) -> None:
    stage.note()
    due = Instance.objects.get().wake_at
    assert due == NOW + timedelta(days=3)
    assert wake_all(due - timedelta(seconds=1)) == 0
    assert wake_all(due) == 1
    assert stage.item("chase_note").due_at == due + timedelta(hours=4)
    assert stage.item("check_note").state == "open"
    assert wake_all(due + timedelta(days=9)) == 0
    assert Instance.objects.get().wake_at is None


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, timedelta(minutes=2)), (7, timedelta(hours=4, minutes=16)), (70, timedelta(hours=6))]
)
def test_a_case_that_cannot_be_woken_waits_and_holds_up_no_other(stage: Stage, failures: int, wait: timedelta) -> None:
    stage.note()
    due = Instance.objects.get().wake_at
    assert due is not None
    broken = stage.start()
    Instance.objects.filter(pk=broken.pk).update(data=b"?", wake_at=NOW, failures=failures)
    assert wake_all(due) == 1
    broken.refresh_from_db()
    assert (broken.failures, broken.wake_at, bool(broken.error)) == (failures + 1, due + wait, True)
    assert stage.item("chase_note").instance_id != broken.pk


def test_an_item_done_in_time_takes_its_timer_along(stage: Stage) -> None:
    stage.note()
    services.complete(item=stage.item("check_note"), answers={"decision": "again"}, user=stage.caseworker, now=NOW)
    assert Instance.objects.get().wake_at is None


def test_a_case_without_due_timer_costs_no_statement(
    stage: Stage, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    stage.note()
    with django_assert_num_queries(1):
        assert wake_all(NOW) == 0


def test_cancelling_stops_everything_and_tells_why(stage: Stage) -> None:
    stage.note()
    instance = Instance.objects.get()
    services.cancel(instance_id=instance.pk, reason="录错", actor=factories.actor(stage.caseworker), now=NOW)
    instance.refresh_from_db()
    assert (instance.state, instance.wake_at) == ("cancelled", None)
    assert not WorkItem.objects.filter(state="open").exists()
    assert Event.objects.get(action="instance.cancelled").reason == "录错"
