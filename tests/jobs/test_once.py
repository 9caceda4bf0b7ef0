"""A job that is tried again after its effect was committed has no second effect."""

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.audit.models import Event
from backend.core.jobs import enqueue
from backend.jobs import once
from tests import factories
from tests.worker import work
from tests.workflows.stage import NOW, Stage
from workflows import services
from workflows.models import Instance

pytestmark = pytest.mark.django_db(transaction=True)


def try_again() -> None:
    """What recovery does with the jobs of a worker that died between its commit and its last word."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE procrastinate_jobs DISABLE TRIGGER ALL")
        cursor.execute("UPDATE procrastinate_jobs SET status = 'todo'")
        cursor.execute("ALTER TABLE procrastinate_jobs ENABLE TRIGGER ALL")
    work()


def test_a_start_job_begins_one_instance() -> None:
    with transaction.atomic():
        stage = Stage()
        enqueue("processes.start", process="errand", case_id=str(stage.case.pk))
    work()
    assert Instance.objects.count() == 1
    try_again()
    assert Instance.objects.count() == 1
    assert set(ProcrastinateJob.objects.values_list("status", flat=True)) == {"succeeded"}


def test_a_phase_does_not_begin_when_its_parent_has_ended() -> None:
    with transaction.atomic():
        stage = Stage()
        parent = stage.start()
        enqueue("processes.start", process="errand", case_id=str(stage.case.pk), parent_id=str(parent.pk))
        services.cancel(instance_id=parent.pk, reason="迁走", actor=factories.actor(stage.caseworker), now=NOW)
    work()
    assert list(Instance.objects.values_list("pk", "state")) == [(parent.pk, "cancelled")]


def test_the_end_of_a_phase_is_told_once() -> None:
    """E35: a job that is done again after a restart changes nothing."""
    with transaction.atomic():
        stage = Stage()
        parent = stage.start()
        for _ in range(2):
            enqueue("processes.message", instance_id=str(parent.pk), name="called_off", data={})
    work()
    try_again()
    parent.refresh_from_db()
    assert (parent.state, parent.version) == ("done", 2)


def test_a_phase_that_is_only_queued_hears_what_was_said_before_it_began() -> None:
    """Jobs of a case are done in their order: by then the phase runs."""
    with transaction.atomic():
        stage = Stage()
        parent = stage.start()
        lock = f"case:{stage.case.pk}"
        enqueue("processes.start", lock=lock, process="errand", case_id=str(stage.case.pk), parent_id=str(parent.pk))
        enqueue("processes.message_phase", lock=lock, parent_id=str(parent.pk), name="called_off")
    work()
    states = Instance.objects.order_by("id").values_list("parent_id", "state")
    assert list(states) == [(None, "running"), (parent.pk, "done")]


def test_visits_that_were_taken_over_change_hands_once() -> None:
    with transaction.atomic():
        planned = factories.visit()
        left, planned.helper = planned.helper, factories.helper()
        planned.save()
        enqueue("processes.hand_visits", pairing_id=str(planned.pairing_id))
    work()
    try_again()
    planned.refresh_from_db()
    assert (planned.helper, Event.objects.filter(action="visit.readdressed").count()) == (left, 1)


def test_old_marks_are_forgotten() -> None:
    with transaction.atomic():
        stage = Stage()
        enqueue("processes.start", process="errand", case_id=str(stage.case.pk))
    work()
    assert once.purge(now=timezone.now()) == 0
    assert once.purge(now=timezone.now() + once.KEPT * 2) == 1
