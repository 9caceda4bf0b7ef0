"""E30: a disaster's roll: every family once, ticked by whoever reaches it, figures every hour, ended by a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.models import Family, Pause
from backend.emergencies.models import Disaster, Incident, RollEntry
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.api.test_emergencies import Town
from tests.kept import kept
from workflows import services
from workflows.disasters import let_go_on, pause_families
from workflows.models import Instance

pytestmark = pytest.mark.django_db


class Flood(Town):
    """A town under water: a family of tier A, one of tier C, one that moved away."""

    def __init__(self) -> None:
        super().__init__()
        Family.objects.filter(pk=self.case.family_id).update(risk_tier="C", status="registered")
        self.first = factories.family(risk_tier="A", label="周奶奶", number="0007")
        factories.family(status="moved", label="吴家", number="0008")
        response = self.declared(self.supervisor)
        assert response.status_code == 201, response.content
        self.disaster = Disaster.objects.get()

    def declared(self, by: Any, **changed: Any) -> Any:
        until = (self.office.now + timedelta(hours=30)).isoformat()
        body = {"unit": str(factories.town().pk), "kind": "flood", "until_at": until, **changed}
        return Caller(by).post("disasters/", body)

    def entry(self, family: Family) -> RollEntry:
        return RollEntry.objects.get(family=family)

    def tick(self, by: Any, family: Family, state: str, **more: Any) -> Any:
        return Caller(by).post(f"roll-entries/{self.entry(family).pk}/tick/", {"state": state, **more})

    def later(self, **time: int) -> None:
        self.office.now += timedelta(**time)
        for instance in Instance.objects.filter(process__key="disaster_roll", wake_at__lte=self.office.now):
            while services.wake(instance_id=instance.pk, now=self.office.now):
                pass
        self.office.work()


@kept
def flood() -> Flood:
    return Flood()


def test_one_list_of_all_families_those_at_risk_first(flood: Flood) -> None:
    rows = results(Caller(flood.village).get(f"roll-entries/?disaster={flood.disaster.pk}"))
    assert [(row["family"]["label"], row["tier"], row["state"]) for row in rows] == [
        ("周奶奶", "A", "unknown"), (flood.case.family.label, "C", "unknown"),
    ]  # fmt: skip
    again = flood.declared(flood.supervisor)
    assert_problem(again, 409, "disaster_runs_already")
    assert flood.declared(flood.caseworker).status_code == 403


def test_whoever_ticks_can_call_and_whoever_inspects_cannot(flood: Flood) -> None:
    Family.objects.filter(pk=flood.first.pk).update(emergency_phone="13820001234")
    auditor = factories.user("auditor", role="auditor")
    for user, phone in ((flood.village, "13820001234"), (flood.supervisor, "13820001234"), (auditor, "138****1234")):
        assert results(Caller(user).get("roll-entries/", disaster=flood.disaster.pk))[0]["phone"] == phone


def test_needs_help_is_an_emergency_once(flood: Flood) -> None:
    family = flood.case.family
    assert flood.tick(flood.village, flood.first, "reached").status_code == 200
    for note in ("屋顶塌了", "人在二楼"):
        response = flood.tick(flood.village, family, "needs_help", note=note)
        assert response.status_code == 200, response.content
    incident = Incident.objects.get()
    assert (incident.kind, incident.about_family, incident.what) == ("disaster", family, "屋顶塌了")
    assert response.json()["emergency"] == incident.number
    assert flood.item(flood.supervisor, "acknowledge") is not None
    stale = flood.tick(flood.caseworker, family, "reached", version=1)
    assert_problem(stale, 409, "stale_version")
    told = Event.objects.filter(action="disaster.ticked")
    assert (told.count(), {event.actor_id for event in told}) == (3, {flood.village.pk})
    assert "屋顶塌了" not in "".join(event.body for event in told)


def test_figures_of_every_hour_are_kept_and_only_a_person_ends_it(flood: Flood) -> None:
    flood.later(minutes=61)
    flood.tick(flood.village, flood.first, "not_reached")
    flood.later(minutes=61)
    shown = Caller(flood.supervisor).get(f"disasters/{flood.disaster.pk}/").json()
    figures = [(each["families"], each["not_reached"]) for each in shown["hours"]]
    assert figures == [(2, 1), (2, 0)]
    assert shown["figures"] == {"families": 2, "reached": 0, "not_reached": 1, "needs_help": 0}
    flood.later(hours=29)
    assert Reminder.objects.get(kind="disaster.not_ended").role == "supervisor"
    assert Disaster.objects.get().ended_at is None
    flood.done(flood.supervisor, "lead_roll", roll_end="over")
    row = Disaster.objects.get()
    assert (row.outcome, row.ended_label.startswith("老王")) == ("over", True)
    assert Instance.objects.get(process__key="disaster_roll").state == "done"
    assert_problem(flood.tick(flood.village, flood.first, "reached"), 409, "disaster_over")
    assert flood.declared(flood.supervisor).status_code == 201


def test_other_deadlines_stand_still_while_it_runs(flood: Flood) -> None:
    by = factories.actor(flood.supervisor)
    assert pause_families(disaster=flood.disaster, actor=by, now=flood.office.now) == 2
    paused = Pause.objects.running().filter(reason="disaster")
    assert {pause.family for pause in paused} == {flood.case.family, flood.first}
    flood.tick(flood.village, flood.case.family, "needs_help")
    assert flood.item(flood.supervisor, "acknowledge") is not None  # danger waits for nothing
    flood.done(flood.supervisor, "lead_roll", roll_end="over")
    assert let_go_on(disaster=flood.disaster, actor=by, now=flood.office.now) == 2
    assert not Pause.objects.running().exists()


LONG_AGO, FAR = "2020-01-01T00:00:00+08:00", "2099-01-01T00:00:00+08:00"


@pytest.mark.parametrize("wrong", [{"kind": "war"}, {"until_at": LONG_AGO}, {"until_at": FAR}])
def test_what_does_not_fit_is_refused(flood: Flood, wrong: dict[str, str]) -> None:
    assert flood.declared(flood.supervisor, **wrong).status_code == 422
