"""The page of background work: says in words whether the worker lives, and lets failed jobs be tried again."""

from datetime import timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.core.queue import periodic
from backend.web.administration.jobs import NAMES
from tests import factories
from tests.api.test_jobs import beat
from tests.queueing import failed_job
from tests.web.visitor import statements, text, visitor
from tests.workflows.stage import Stage
from workflows.models import Instance

pytestmark = pytest.mark.django_db

JOBS = "/administration/jobs/"


def test_the_worker_sleeps_and_wakes() -> None:
    system = visitor(factories.user("sys", role="sysadmin"))
    said = text(system.get(JOBS))
    assert "The worker sleeps." in said
    assert "never been seen" in said
    assert "Nothing failed." in said
    beat(2)
    assert "The worker is awake." in text(system.get(JOBS, headers={"HX-Request": "true"}))
    assert statements(system, JOBS) <= 15


def test_every_scheduled_job_has_words() -> None:
    assert {row["name"] for row in periodic()} - set(NAMES) == set()


def test_a_failed_job_is_tried_again() -> None:
    system, number = visitor(factories.user("sys", role="sysadmin")), failed_job()
    assert "Beginning a phase" in text(system.get(JOBS))
    assert system.post(f"{JOBS}{number}/retry/").headers["Location"] == JOBS
    assert ProcrastinateJob.objects.get(pk=number).status == "todo"
    assert system.post(f"{JOBS}{number}/retry/").status_code == 404


def test_a_run_that_fails_is_tried_again_or_stopped() -> None:
    system = visitor(factories.user("sys", role="sysadmin"))
    run = Stage().start()
    assert "Processes that cannot go on" not in text(system.get(JOBS))
    Instance.objects.update(failures=4, error="KeyError: 欧阳春兰", wake_at=timezone.now() + timedelta(hours=6))
    said = text(system.get(JOBS))
    assert (str(run.pk) in said, "<code>KeyError</code>" in said, "欧阳春兰" in said) == (True, True, False)
    assert str(run.pk) not in text(system.get(JOBS, headers={"HX-Request": "true"}))  # what is typed there stays
    address = f"{JOBS}runs/{run.pk}/"
    assert str(run.pk) in text(system.post(f"{address}stop/", {"reason": " "}, follow=True))
    done = text(system.post(f"{address}try-again/", {"reason": "表格已改正"}, follow=True))
    assert "It is tried again within a minute." in done
    assert "The run has been stopped" in text(system.post(f"{address}stop/", {"reason": "无法修复"}, follow=True))
    assert Instance.objects.get().state == "cancelled"
    assert system.post(f"{address}burn/", {"reason": "无法修复"}).status_code == 404
    other = visitor(factories.user("other", role="secadmin"))
    assert other.post(f"{address}stop/", {"reason": "无法修复"}).status_code == 403


@pytest.mark.parametrize("role", ["secadmin", "auditadmin", "supervisor"])
def test_nobody_else_looks(role: str) -> None:
    here = visitor(factories.user("someone", role=role))
    assert here.get(JOBS).status_code == 403
    assert here.post(f"{JOBS}{failed_job()}/retry/").status_code == 403
