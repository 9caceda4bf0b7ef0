"""Runs of processes that cannot go on: seen without whose they are, tried at once, or stopped; the office is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.audit.timeline import sentence
from backend.cases.models import Case
from backend.jobs.timers import wake_all
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.workflows.stage import Stage
from workflows import services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db
SECRET = "欧阳春兰"


@pytest.fixture
def failed(monkeypatch: pytest.MonkeyPatch) -> Instance:
    """A run whose timer fails twice in a row."""
    stage, now = Stage(), timezone.now()
    stage.start(now)
    stage.note(now=now)

    def broken(**_: Any) -> bool:
        raise KeyError(SECRET)

    with monkeypatch.context() as patched:
        patched.setattr(services, "wake", broken)
        for days in (30, 60):
            wake_all(now + timedelta(days=days))
    return Instance.objects.get()


def system() -> Caller:
    return Caller(factories.user("sys", role="sysadmin"))


def case_of(run: Instance) -> Case:
    assert run.case is not None
    return run.case


def test_seen_by_its_process_and_the_kind_of_error(failed: Instance) -> None:
    caller = system()
    answer = caller.get("failing-runs/")
    [row] = results(answer)
    assert (row["id"], row["process"], row["failures"], row["error"]) == (str(failed.pk), "errand", 2, "KeyError")
    said = answer.content.decode()
    case = case_of(failed)
    assert not [secret for secret in (SECRET, case.number, case.family.label) if secret in said]
    Instance.objects.update(failures=0)
    assert results(caller.get("failing-runs/")) == []


def test_tried_again_at_once(failed: Instance) -> None:
    """Instead of after a wait that doubles; what was due then fires."""
    caller, address = system(), f"failing-runs/{failed.pk}/try-again/"
    assert wake_all(timezone.now()) == 0
    assert caller.post(address, {"reason": ""}).status_code == 400
    assert caller.post(address, {"reason": "表格已改正"}).status_code == 204
    event = Event.objects.get(action="instance.tried_again")
    assert (event.case_id, event.reason) == (failed.case_id, "表格已改正")
    assert "tried again at once" in sentence(event, language="en")
    failed.refresh_from_db()
    assert failed.wake_at is not None
    assert failed.wake_at <= timezone.now()
    assert wake_all(timezone.now()) == 1
    assert_problem(caller.post(address, {"reason": "再试"}), 404, "not_found")  # it fails no more


def test_stopped_for_good_and_the_office_is_told(failed: Instance) -> None:
    caller, address = system(), f"failing-runs/{failed.pk}/stop/"
    assert caller.post(address, {"reason": ""}).status_code == 400
    assert caller.post(address, {"reason": "无法修复"}).status_code == 204
    failed.refresh_from_db()
    assert (failed.state, failed.wake_at) == ("cancelled", None)
    assert not WorkItem.objects.filter(state="open").exists()
    assert Event.objects.get(action="instance.cancelled").reason == "无法修复"
    case = case_of(failed)
    told = Reminder.objects.get(kind="instance.stopped")
    assert (told.role, told.page, told.case_id) == ("supervisor", f"/cases/{case.pk}/", case.pk)
    assert case.family.label not in told.label
    assert_problem(caller.post(address, {"reason": "再停"}), 404, "not_found")


def test_what_goes_on_is_nobodys_to_stop() -> None:
    stage = Stage()
    run, caller = stage.start(timezone.now()), system()
    assert_problem(caller.post(f"failing-runs/{run.pk}/stop/", {"reason": "不想要"}), 404, "not_found")
    supervisor = Caller(stage.supervisor)
    assert_problem(supervisor.post(f"failing-runs/{run.pk}/stop/", {"reason": "不想要"}), 403, "not_allowed")
