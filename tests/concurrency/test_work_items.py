"""Two completions, two claims, a completion and a timer: one wins, the other is told so, nothing is done twice."""

from functools import partial
from uuid import UUID

import pytest
from django.db import transaction

from backend.audit.models import Event
from tests import factories
from tests.concurrency.racing import alone, race
from tests.workflows.stage import NOW, Stage
from workflows import services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 20


@pytest.fixture
def stage() -> Stage:
    with transaction.atomic():
        return Stage()


def _stop(stage: Stage, instance_id: UUID) -> None:
    actor = factories.actor(stage.caseworker)
    alone(partial(services.cancel, instance_id=instance_id, reason="下一轮", actor=actor, now=NOW))


def test_two_completions_of_one_item(stage: Stage) -> None:
    for _ in range(ROUNDS):
        alone(stage.start)
        item = stage.item("take_note")
        attempt = partial(services.complete, item=item, answers={"text": "好"}, user=stage.village, now=NOW)
        assert race([attempt, attempt]) == {"done": 1, "already_done": 1}
        after = stage.item("check_note")
        _stop(stage, after.instance_id)
    assert Event.objects.filter(action="work_item.completed").count() == ROUNDS


def test_two_claims_of_one_item(stage: Stage) -> None:
    alone(stage.start)
    alone(stage.note)
    for _ in range(ROUNDS):
        item = stage.item("check_note")
        claims = [
            partial(services.claim, item=item, user=user, now=NOW) for user in (stage.caseworker, stage.colleague)
        ]
        assert race(claims) == {"done": 1, "taken": 1}
        winner = stage.item("check_note").assignee
        assert winner is not None
        alone(partial(services.release, item=item, user=winner, now=NOW))


def test_next_gives_everybody_another_item(stage: Stage) -> None:
    for _ in range(6):
        alone(stage.start)
        alone(stage.note)
    asks = [
        partial(services.hand_out_next, user=user, now=NOW, items=WorkItem.objects.filter(step="check_note"))
        for user in (stage.caseworker, stage.colleague) * 4
    ]
    assert race(asks) == {"done": 6, "nothing": 2}
    assert WorkItem.objects.filter(step="check_note", assignee__isnull=False).count() == 6


def test_a_completion_and_a_timer_at_the_same_moment(stage: Stage) -> None:
    for _ in range(ROUNDS):
        alone(stage.start)
        alone(stage.note)
        instance = Instance.objects.latest("created_at", "id")
        due = instance.wake_at
        assert due is not None
        complete = partial(
            services.complete,
            item=stage.item("check_note"),
            answers={"decision": "right"},
            user=stage.caseworker,
            now=due,
        )
        results = race([complete, partial(services.wake, instance_id=instance.pk, now=due)])
        assert results["done"] + results["busy"] == 2
        instance.refresh_from_db()
        chased = WorkItem.objects.filter(instance=instance, step="chase_note").count()
        fired = Event.objects.filter(action="timer.fired", object_id=str(instance.pk)).count()
        assert chased == fired  # both happened, or neither
        _stop(stage, instance.pk)
