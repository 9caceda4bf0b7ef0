"""The township's year: rosters come in, cases are opened, things happen, people work, all through the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from backend.cases.programmes import load_programmes
from backend.helpers.kinds import load_kinds
from backend.org.access import SYSTEM
from backend.org.models import Unit
from tests import factories
from tests.journeys import rosters, scenarios
from tests.journeys.office import File, Office
from tests.journeys.reading import CLOSING_WORDS, Calendar
from tests.journeys.rosters import Household
from tests.journeys.scenarios import Story
from tests.journeys.township import PASSWORD, Clock, Person, Server, Watch, Worker
from workflows import deployment
from workflows.models import WorkItem

BEFORE_ALL = UUID(int=0)
"""No row has so small an id."""


@dataclass
class Journey:
    """The township, its people, and the files they open."""

    server: Server
    clock: Clock
    worker: Worker
    folder: Path
    turn: Callable[[int], bool]
    """Whether the family at this place of the roster is lived through; the others only stand in the register."""
    stories: dict[tuple[str, str], Story] = field(default_factory=dict)
    """Every family's, by village and number."""
    households: list[Household] = field(default_factory=list)
    """Those whose turn it is."""
    people: list[Person] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    families: dict[tuple[str, str], str] = field(default_factory=dict)
    heard: UUID = BEFORE_ALL
    """The newest work item of which somebody has been told."""
    lying: dict[str, int] = field(default_factory=dict)
    """Username → how many items the person left undone."""

    # --- before the first day

    def prepare(self) -> None:
        """What an administrator does: programmes, kinds, processes, accounts at the township."""
        load_programmes()
        load_kinds()
        factories.town()
        deployment.deploy_folder(settings.BPMN_FOLDER, actor=SYSTEM, now=self.clock.now)
        self.caseworker = self.hire("caseworker", "陈姐")
        self.supervisor = self.hire("supervisor", "王主任")
        self.watch = Watch(self.hire("caseworker", "外县同事", unit=factories.town(factories.OTHER_TOWN)))
        self.people.remove(self.watch.stranger)

    def hire(self, role: str, name: str, *, unit: Unit | None = None, username: str = "") -> Person:
        """An account with a role."""
        made = factories.user(username, role=role, unit=unit, name=name, password=PASSWORD)
        person = Person(self.server, made.username, name, role, unit=unit.code if unit else factories.TOWN)
        self.people.append(person)
        return person

    def import_rosters(self, count: int) -> None:
        """Both rosters, the families' with so many households: uploaded, checked, read, applied in the background."""
        families, helpers = self.folder / "家庭花名册.xlsx", self.folder / "帮扶人花名册.xlsx"
        everyone = rosters.families(count, twice=scenarios.TWICE, path=families)
        self.stories = scenarios.plan(everyone, day=self.clock.today)
        self.households = [household for place, household in enumerate(everyone) if self.turn(place)]
        self.aides = scenarios.helpers_for([self.stories[household.key] for household in self.households])
        everybody = [aide for pool in self.aides.values() for aide in pool]
        rosters.helpers(everybody, helpers)
        checked = self.upload("families", families)
        assert (checked["counts"]["ready"], checked["counts"]["waiting"]) == (count, rosters.FAULTY)
        problems = [(one["column"], one["code"]) for one in checked["problems"] if one["level"] == "error"]
        assert problems == [("姓名", "missing")] * rosters.FAULTY
        self.apply(checked)
        checked = self.upload("helpers", helpers)
        assert checked["counts"]["ready"] == len(everybody)
        self.apply(checked)

    def upload(self, kind: str, path: Path) -> dict[str, Any]:
        """The dry run of a roster."""
        content = path.read_bytes()
        report: dict[str, Any] = self.caseworker.upload("/api/rosters/", file=content, name=path.name, kind=kind)
        self.worker.finish()
        report = self.caseworker.get(f"/api/rosters/{report['id']}/")
        assert report["state"] == "checked", report
        return report

    def apply(self, report: dict[str, Any]) -> None:
        """Let the worker write it."""
        self.caseworker.post(f"/api/rosters/{report['id']}/apply/")
        self.worker.finish()
        after = self.caseworker.get(f"/api/rosters/{report['id']}/")
        assert (after["state"], after["done"]) == ("applied", after["total"])

    def settle(self) -> None:
        """Accounts for villages, liaisons and helpers; the caseworker links helpers with theirs."""
        for unit in Unit.objects.filter(kind="village").order_by("code"):
            self.hire("village", f"{unit.name}专干", unit=unit)
        for unit in Unit.objects.filter(kind="partner").order_by("code"):
            self.hire("liaison", f"{unit.name}联络员", unit=unit)
        registered = self.caseworker.all("/api/helpers/")
        self.ids = {row["number"]: row["id"] for row in registered}
        versions = {row["number"]: row["version"] for row in registered}
        for aide in [each for pool in self.aides.values() for each in pool if each.has_account]:
            account = factories.user(aide.number.lower(), name=f"帮扶人{aide.number}", password=PASSWORD)
            factories.member(account, "helper", factories.town())
            self.people.append(Person(self.server, account.username, account.name, "helper"))
            address = f"/api/helpers/{self.ids[aide.number]}/"
            self.caseworker.patch(address, user=str(account.pk), version=versions[aide.number])
        rows = self.caseworker.all("/api/families/")
        villages = {str(unit.pk): unit.code for unit in Unit.objects.filter(kind="village")}
        self.families = {(villages[row["unit"]["id"]], row["number"]): row["id"] for row in rows}
        assert set(self.families) == set(self.stories)
        self.office = Office(self.clock, self.files, self.aides, self.ids)

    # --- the days

    def live(self, rounds: list[datetime]) -> None:
        """Week after week."""
        for number, moment in enumerate(rounds):
            self.clock.let_pass(moment, self.worker)
            self.open_cases(number)
            for file in list(self.files.values()):
                if file.story.happens and Calendar(rounds).week(file.story.happens[0]) == moment:
                    self.happen(file, file.story.happens[1])
            self.work_off()
            self.watch.look()

    def open_cases(self, week: int) -> None:
        """The cases whose story begins this week."""
        for household in self.households:
            story = self.stories[household.key]
            if story.week == week:
                family = self.families[household.key]
                case = self.caseworker.post("/api/cases/", family=family, programme="jmgj")
                self.files[case["number"]] = File(case["id"], case["number"], family, household, story)
        self.worker.finish()

    def happen(self, file: File, what: str) -> None:
        """Something from outside, entered by whoever hears of it."""
        today, address = self.clock.today.isoformat(), f"/api/cases/{file.case}/"
        messages = {
            "moved": ("family_moved", {"to": "out_of_county", "moved_on": today}),
            "died": ("family_died", {"died_on": today}),
            "refused": ("family_refused", {"level": "all"}),
            "phone_only": ("family_refused", {"level": "phone_only"}),
            "not_this_helper": ("family_refused", {"level": "helper"}),
        }
        if what in messages:
            name, data = messages[what]
            self.caseworker.post(f"{address}messages/", name=name, data=data)
        elif what == "closed":
            self.supervisor.post(f"{address}close/", reason=CLOSING_WORDS)
        elif what == "helper_available":
            town = self.caseworker.get(f"/api/helpers/{next(iter(self.ids.values()))}/")["unit"]["id"]
            self.caseworker.post("/api/helpers/", name="新来的", kind="volunteer", unit=town, max_families=1)
        else:
            helper = self.ids[file.asked[-1]]
            self.caseworker.post(f"/api/helpers/{helper}/end/", reason=what, ended_on=today)
        self.worker.finish()

    def work_off(self) -> None:
        """People work until nothing new comes: who still has something lying there looks, and who is told of news."""
        self.told()
        while looking := [person for person in self.people if person.has_news]:
            for person in looking:
                person.has_news = False
                self.lying[person.username] = self.office.work_off(person)
            self.clock.wake(self.worker)
            self.told()
        for person in self.people:
            person.has_news = self.lying.get(person.username, 0) > 0

    def told(self) -> None:
        """Whoever got something new hears a bell, as from a telephone; what it is they see in their inboxes."""
        fresh = WorkItem.objects.filter(state="open", pk__gt=self.heard).order_by("pk")
        for pk, role, unit, assignee in fresh.values_list("pk", "role", "unit__code", "assignee__username"):
            self.heard = pk
            for person in self.people:
                if person.username == assignee or (not assignee and (person.role, person.unit) == (role, unit)):
                    person.has_news = True
