"""When periodic jobs run."""

import time
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.periodic import PeriodicDeferrer

NAMES = {
    "absences.turn",
    "annual_reviews.start_due",
    "entitlements.owe",
    "entitlements.raise_rates",
    "assessments.turn",
    "condolences.turn",
    "exports.remove",
    "funds.turn",
    "study_aid.turn",
    "coordination.turn",
    "health.warn_of_contracts",
    "history.seal",
    "hours.claim_visits",
    "housekeeping.purge",
    "notices.take_down",
    "pauses.turn",
    "payments.remind",
    "subsidies.tell_ages",
    "recovery.take_up",
    "reminders.remind",
    "reminders.send",
    "reminders.watch",
    "rosters.remove_files",
    "rounds.remind",
    "sites.start_checks",
    "subsidy_exits.find_events",
    "successions.start_due",
    "survey_rounds.start_due",
    "suspensions.follow_checks",
    "timers.wake_due",
    "visits.follow_seasons",
}


@pytest.fixture
def deferrer() -> PeriodicDeferrer:
    """What queues the periodic jobs in a worker."""
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    return PeriodicDeferrer(registry=app.periodic_registry, max_delay=timedelta(days=1).total_seconds())


def queued(deferrer: PeriodicDeferrer, at: float) -> dict[str, list[int]]:
    """The times for which each job is queued when the worker looks at that moment."""
    found: dict[str, list[int]] = {}
    for task, timestamp in deferrer.get_previous_tasks(at=at):
        found.setdefault(task.task.name, []).append(timestamp)
    return found


@pytest.mark.parametrize("asleep", [timedelta(minutes=3), timedelta(hours=8), timedelta(days=30)])
def test_after_hours_of_sleep_each_job_runs_once(deferrer: PeriodicDeferrer, asleep: timedelta) -> None:
    """E35: timers catch up once."""
    now = time.time()
    assert set(queued(deferrer, now - asleep.total_seconds())) == NAMES
    found = queued(deferrer, now)
    assert all(len(times) == 1 for times in found.values())
    assert now - 60 <= found["timers.wake_due"][0] <= now
    assert queued(deferrer, now) == {}


def test_times_are_those_of_the_local_clock(deferrer: PeriodicDeferrer) -> None:
    found = queued(deferrer, time.time())
    turned = datetime.fromtimestamp(found["absences.turn"][0], timezone.get_default_timezone())
    assert f"{turned:%H:%M}" == "00:05"


def test_awake_no_minute_is_left_out(deferrer: PeriodicDeferrer, monkeypatch: pytest.MonkeyPatch) -> None:
    start, ran = time.time() - 3600, Counter[str]()
    for minute in range(60):
        at = start + 60 * minute
        monkeypatch.setattr(time, "time", lambda at=at: at)
        ran.update(queued(deferrer, at).keys())
    assert (ran["timers.wake_due"], ran["history.seal"] in {6, 7}) == (60, True)
