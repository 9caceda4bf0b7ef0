"""Two hundred families of a roster, from survey to review, only through HTTP, compared with an independent reading.

A live server answers, a real worker does the jobs, and one clock moves a year and more; people log in, find their
work in their own inboxes, read forms and answer.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from backend.audit.verification import verify
from backend.cases.programmes import load_programmes
from backend.helpers.kinds import load_kinds
from backend.org.access import SYSTEM
from backend.org.models import Unit
from tests import factories
from tests.journeys import rosters, scenarios
from tests.journeys.office import File, Office
from tests.journeys.reading import CLOSING_WORDS, Calendar, Reading
from tests.journeys.rosters import Household
from tests.journeys.scenarios import Story
from tests.journeys.township import LOCAL, PASSWORD, Clock, Person, Server, Watch, Worker, standing_still
from workflows import deployment
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 200
FIRST = datetime(2026, 3, 2, 9, 30, tzinfo=LOCAL)
"""A Monday. People work off their inboxes once a week at the beginning and the end, every other week between."""

WEEKS = (*range(7), *range(8, 50, 2), *range(50, 55))
LEAST = 3
"""How often each kind of story is told at least."""
TOLD = frozenset(
    {
        "case.opened", "case.paused", "case.resumed", "case.closed", "case.gap_reported", "decision.made",
        "family.surveyed", "instance.started", "instance.ended", "offer.made", "offer.accepted", "offer.declined",
        "offer.lapsed", "offer.withdrawn", "pairing.started", "pairing.renewed", "pairing.ended", "review.opened",
        "review.decided", "visit.planned", "visit.recorded", "visit.missed", "visit.missed_reported",
        "visit.cancelled", "visit.late_record_allowed", "visit.late_record_refused", "visit.alarm_raised",
        "visit.alarm_passed_on", "visit.emergency_recorded", "visit.follow_up_recorded",
        "visit.call_back_recorded", "work_item.completed",
    }
)  # fmt: skip
"""What the reading counts; history tells more."""


@dataclass
class Journey:
    """The township, its people, and the files they open."""

    server: Server
    clock: Clock
    worker: Worker
    folder: Path
    stories: dict[tuple[str, str], Story] = field(default_factory=dict)
    households: list[Household] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    families: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """Helpers who were asked at some time: they look into their inboxes since."""

    # --- before the first day

    def prepare(self) -> None:
        """What an administrator does: programmes, kinds, processes, accounts at the township."""
        load_programmes()
        load_kinds()
        factories.town()
        deployment.deploy_folder(django_settings.BPMN_FOLDER, actor=SYSTEM, now=self.clock.now)
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

    def import_rosters(self) -> None:
        """Both rosters: uploaded, checked, read, applied in the background."""
        families, helpers = self.folder / "家庭花名册.xlsx", self.folder / "帮扶人花名册.xlsx"
        self.households = rosters.families(COUNT, twice=scenarios.TWICE, path=families)
        self.stories = scenarios.plan(self.households, day=self.clock.today)
        self.aides = scenarios.helpers_for(list(self.stories.values()))
        everybody = [aide for pool in self.aides.values() for aide in pool]
        rosters.helpers(everybody, helpers)
        checked = self.upload("families", families)
        assert (checked["counts"]["ready"], checked["counts"]["waiting"]) == (COUNT, rosters.FAULTY)
        problems = [(one["column"], one["code"]) for one in checked["problems"] if one["level"] == "error"]
        assert problems == [("姓名", "missing")] * rosters.FAULTY
        self.apply(checked)
        checked = self.upload("helpers", helpers)
        assert checked["counts"]["ready"] == len(everybody)
        self.apply(checked)

    def upload(self, kind: str, path: Path) -> dict[str, Any]:
        """The dry run of a roster."""
        content = io.BytesIO(path.read_bytes()).getvalue()
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
        assert set(self.families) == {household.key for household in self.households}
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
        """People look into their inboxes until nobody finds anything to do; helpers once, and when they are told."""
        looking, done = [one for one in self.people if one.role != "helper" or one.username in self.asked], 1
        while done:
            done = sum(self.office.work_off(person) for person in looking)
            self.clock.wake(self.worker)
            told = {number.lower() for number in self.office.told}
            self.office.told.clear()
            self.asked |= told
            looking = [person for person in self.people if person.role != "helper" or person.username in told]


@pytest.fixture
def journey(live_server: Any, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journey]:
    """A township before its first day. Logging in costs little here and lasts a month: 60 people do so all year."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.TOKEN_HOURS = 24 * 30
    with standing_still(FIRST - timedelta(days=3)) as clock, Worker() as worker:
        server = Server(live_server.url)
        yield Journey(server, clock, worker, tmp_path)
        server.hang_up()


def observed(journey: Journey, file: File) -> dict[str, Any]:
    """What the API tells of a case, brought into the words of the reading."""
    clerk = journey.supervisor
    roles = {person.name: person.role for person in journey.people}
    case = clerk.get(f"/api/cases/{file.case}/")
    instances = clerk.get(f"/api/cases/{file.case}/diagram/")
    steps = {
        entry["instance"]: [(node["node"], roles[node["by"]]) for node in entry["done"] if node["by"]]
        for entry in instances
    }
    visits = clerk.all("/api/visits/", case=file.case)
    records = sorted(
        (row for row in visits if row["recorded_at"] and row["pairing"]), key=lambda row: row["recorded_at"]
    )
    history = clerk.all(f"/api/cases/{file.case}/history/")
    pairings = sorted(clerk.all("/api/pairings/", case=file.case), key=lambda row: row["number"])
    umbrella = next(entry for entry in instances if entry["process"] == "family_case")
    return {
        "state": (case["state"], case["close_reason"], umbrella["outcome"]),
        "umbrella": steps[umbrella["instance"]],
        "phases": [
            (entry["process"], entry["outcome"], steps[entry["instance"]])
            for entry in instances
            if entry is not umbrella
        ],
        "visits": dict(Counter(row["state"] for row in visits)),
        "spells": [
            (row["from_date"], row["to_date"], row["end_reason"], row["accompanied"], row["review_on"])
            for row in pairings
        ],
        "events": dict(Counter(row["action"] for row in history if row["action"] in TOLD)),
        "advised": file.advised,
        "sampled": [row["is_sampled"] for row in records],
    }


def predicted(file: File, calendar: Calendar, sampled: list[bool]) -> dict[str, Any]:
    """The same by the rules alone."""
    twin = file.story.kind in {scenarios.MERGED.kind, scenarios.KEPT.kind}
    told = Reading(file.story, file.household, calendar, sampled, twin=twin).tell()
    return {
        "state": (told.state, told.close_reason, told.outcome),
        "umbrella": told.umbrella,
        "phases": [(phase.process, phase.outcome, phase.steps) for phase in told.phases],
        "visits": dict(told.visits),
        "spells": [
            (
                spell.begun.isoformat(),
                spell.ended.isoformat() if spell.ended else None,
                spell.reason,
                spell.accompanied,
                spell.review_on.isoformat(),
            )
            for spell in told.spells
        ],
        "events": dict(told.events),
        "advised": [told.tier, told.categories],
    }


def left_hanging() -> list[str]:
    """Running instances that nothing will ever move: no open work item, no timer, no phase to wait for; and open work
    items of instances that do not run."""
    running = Instance.objects.filter(state="running")
    parents = set(running.filter(parent_id__isnull=False).values_list("parent_id", flat=True))
    at_work = set(WorkItem.objects.filter(state="open").values_list("instance", flat=True))
    found = [
        f"{row.process.key} of {row.case}"
        for row in running.select_related("process", "case")
        if row.pk not in parents and row.pk not in at_work and row.wake_at is None
    ]
    orphans = WorkItem.objects.filter(state="open").exclude(instance__in=running)
    return found + [f"{row.step} of {row.case_number}" for row in orphans]


def seen_too_much(journey: Journey) -> list[str]:
    """What helpers see of families with whom they are not paired today."""
    today = journey.clock.today.isoformat()
    spells = journey.supervisor.all("/api/pairings/")
    own: dict[str, set[str]] = {}
    for row in spells:
        if row["from_date"] <= today and (row["to_date"] is None or row["to_date"] > today):
            own.setdefault(row["helper"]["id"], set()).add(row["family"]["id"])
    found = []
    for person in journey.people:
        if person.role != "helper" or person.username not in journey.asked:
            continue
        families = {row["id"] for row in person.all("/api/families/")}
        mine = own.get(journey.ids[person.username.upper()], set())
        named = {row["family"]["id"] for row in person.all("/api/work-items/") if row["family"]}
        if families != mine or not named <= mine:
            found.append(person.username)
    return found


def differences(journey: Journey, calendar: Calendar) -> dict[str, Any]:
    """Where the system and the rules tell a family's story differently: case and kind → what → (seen, expected)."""
    found: dict[str, Any] = {}
    for file in journey.files.values():
        seen = observed(journey, file)
        expected = predicted(file, calendar, seen.pop("sampled"))
        unlike = {key: (seen[key], expected[key]) for key in expected if seen[key] != expected[key]}
        if unlike:
            found[f"{file.number} {file.story.kind}"] = unlike
    return found


def test_from_roster_to_review(journey: Journey) -> None:
    rounds = [FIRST + timedelta(weeks=week) for week in WEEKS]
    journey.prepare()
    journey.import_rosters()
    journey.settle()
    kinds = Counter(story.kind for story in journey.stories.values())
    assert min(kinds.values()) >= LEAST
    journey.live(rounds)

    assert len(journey.files) == COUNT
    assert differences(journey, Calendar(rounds)) == {}
    assert verify().ok
    assert journey.watch.looks == len(rounds)
    assert journey.watch.seen == []
    assert seen_too_much(journey) == []
    assert left_hanging() == []
