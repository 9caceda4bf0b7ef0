"""A thousand random days of two telephones: cut lines, lost answers, restarts, edits on both sides. Nothing is lost,
nothing is there twice, nothing is overwritten unseen, and in the end both telephones and the server say the same.

The telephones run the shipped queue (static/web/phone/queue.js, in one process of node), the server is the real one.
`QUEUE_SEED=7` repeats the days of the seed 7; a failing day names its number.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from backend.cases.surveys import answers_of
from backend.helpers.models import Pairing
from backend.org.access import SYSTEM
from backend.visits.models import Submission, Visit
from tests import factories
from tests.api.caller import Caller
from workflows import deployment

DRIVER = Path(__file__).parent / "queue_driver.mjs"
NODE = shutil.which("node") or ""
DAYS = int(os.environ.get("QUEUE_DAYS", 1000))
SEED = int(os.environ.get("QUEUE_SEED", 1))

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not NODE, reason="THE TELEPHONE'S QUEUE WAS NOT TESTED: no node on this machine"),
]

EMPTY: dict[str, Any] = {"taken": None, "entries": []}
BEGUN = timezone.now().replace(microsecond=0) - timedelta(hours=2)


class Driver:
    """The shipped queue.js."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [NODE, "--no-warnings", str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, name: str, *given: Any) -> Any:
        """Call a function of the queue."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([name, *given]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        """The process ends."""
        self.process.communicate()


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    made = Driver()
    yield made
    made.end()


@dataclass
class Telephone:
    """A telephone: `disk` is what survives a restart. It follows page.js: kept first, then sent."""

    call: Driver
    caller: Caller
    pairing: Pairing
    dice: random.Random
    disk: Any
    written: dict[str, Any] = field(default_factory=dict)
    """What the person was told is saved, by visit: the last word of this telephone about it."""
    made: list[tuple[str, Any]] = field(default_factory=list)
    """Every record that may have left this telephone: visit, answers."""

    def load(self) -> None:
        """What the server tells, if it can be reached."""
        response = self.caller.get("visits/coming/")
        assert response.status_code == 200, response.content
        self.disk = self.call("loaded", self.disk, response.json())

    def write(self, visit: str) -> None:
        """A person records a visit or changes a record, and is told that it is saved."""
        record = {
            "id": _id(self.dice), "visit": visit, "case": str(self.pairing.case_id),
            "pairing": str(self.pairing.pk), "answers": _answers(self.dice), "at": BEGUN.isoformat(),
        }  # fmt: skip
        self.disk = self.call("write", self.disk, record)
        self.written[visit] = record["answers"]

    def send(self) -> None:
        """One entry on its way, and whatever may happen to it there."""
        marked, entry = self.call("next", self.disk, [])
        if self.dice.random() < 0.05:
            return  # the telephone dies before it has kept what it is about to do: nothing was sent
        self.disk = marked
        if entry is None or self.dice.random() < 0.2:
            return  # the request is lost, or the telephone dies
        self.made.append((entry["visit"], entry["answers"]))
        status, body = self._ask(self.call("message", entry, timezone.now().isoformat()))
        if self.dice.random() < 0.2:
            return  # the answer is lost, or the telephone dies before it could be kept
        self.disk = self.call("answered", self.disk, entry["id"], status, body)

    def decide(self, decided: list[Any]) -> None:
        """A person decides about a conflict that this telephone knows of; it may be settled already."""
        conflicts = self.disk["taken"]["conflicts"] if self.disk["taken"] else []
        for conflict in conflicts:
            mine = {name: self.dice.choice([conflict["sent"], conflict["recorded"]]).get(name) for name in ALL_FIELDS}
            answers = _fitting({name: said for name, said in mine.items() if said is not None})
            path = f"submissions/{conflict['id']}/decide/"
            response = self.caller.post(path, {"answers": answers, "version": conflict["visit_version"]})
            assert response.status_code in {200, 409}, response.content
            if response.status_code == 200:
                decided.append((conflict["visit"], answers))

    def _ask(self, message: dict[str, Any]) -> tuple[int, Any]:
        response = self.caller.post("submissions/", {k: v for k, v in message.items() if v is not None})
        assert response.status_code in {200, 201, 409, 422}, response.content
        return response.status_code, response.json()


ALL_FIELDS = ("visit_result", "started_at", "ended_at", "channel", "persons_met", "physical", "mental", "needs", "note")


def _answers(dice: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {
        "visit_result": "met",
        "started_at": BEGUN.isoformat(),
        "ended_at": (BEGUN + timedelta(minutes=30)).isoformat(),
        "channel": dice.choice(["home", "phone"]),
        "persons_met": ["elder"],
        "physical": dice.choice(["well", "weak", "ill"]),
        "mental": dice.choice(["calm", "low"]),
        "note": f"{dice.getrandbits(24):06x}",
    }
    if dice.random() < 0.5:
        found["needs"] = dice.sample(["health", "comfort", "legal"], dice.randint(1, 2))
    if dice.random() < 0.1:
        del found["physical"]  # the server refuses it: the person has to mend it
    return found


def _fitting(answers: dict[str, Any]) -> dict[str, Any]:
    return {"physical": "unknown", **answers}


def _id(dice: random.Random) -> str:
    return str(UUID(int=dice.getrandbits(128), version=4))


@pytest.fixture
def pairing() -> Pairing:
    files = deployment.bundle(settings.BPMN_FOLDER, "care_visit")
    deployment.deploy(key="care_visit", files=files, actor=SYSTEM, now=timezone.now())
    user = factories.user("helper", name="李向阳")
    factories.member(user, "helper", factories.town())
    return factories.pairing(factories.case(), factories.helper(user=user))


class TestFirstHalf:
    """In halves, for two processes."""

    def test_random_days_of_two_telephones(self, driver: Driver, pairing: Pairing) -> None:
        _days(driver, pairing, range(DAYS // 2))


class TestSecondHalf:
    """The other days."""

    def test_random_days_of_two_telephones(self, driver: Driver, pairing: Pairing) -> None:
        _days(driver, pairing, range(DAYS // 2, DAYS))


def _days(driver: Driver, pairing: Pairing, days: range) -> None:
    callers = [Caller(pairing.helper.user), Caller(pairing.helper.user)]
    planned = factories.visit(pairing)
    morning = driver("loaded", EMPTY, callers[0].get("visits/coming/").json())
    tally = {"stored": 0, "conflict": 0, "decided": 0, "refused": 0}
    for number in days:
        dice = random.Random(f"{SEED}:{number}")
        phones = [
            Telephone(driver, caller, pairing, dice, deepcopy(morning) if dice.random() < 0.8 else deepcopy(EMPTY))
            for caller in callers
        ]
        try:
            _day(phones, str(planned.pk), dice, tally)
        except AssertionError as error:
            raise AssertionError(f"day {number} of seed {SEED}") from error
    # The days were full of what they are about.
    assert min(tally.values()) > len(days) / 10, tally


def _day(phones: list[Telephone], planned: str, dice: random.Random, tally: dict[str, int]) -> None:
    """One day; the next one finds the world as it was."""
    beginning = transaction.savepoint()
    decided: list[Any] = []
    _live(phones, planned, dice, decided)
    _settle(phones, decided, tally)
    _check(phones, decided, tally)
    transaction.savepoint_rollback(beginning)


def _live(phones: list[Telephone], planned: str, dice: random.Random, decided: list[Any]) -> None:
    """What may happen on a day, in any order."""
    extra = [_id(dice) for _phone in phones]  # a visit without a plan is of one telephone only
    for _step in range(dice.randint(5, 11)):
        at = dice.randrange(2)
        phone = phones[at]
        act = dice.random()
        if act < 0.4:
            phone.write(dice.choice([planned, planned, extra[at]]))
        elif act < 0.85:
            phone.send()
        elif act < 0.95:
            phone.load()
        else:
            phone.disk = deepcopy(phone.disk)  # a restart: only what was kept is there
            phone.decide(decided)


def _settle(phones: list[Telephone], decided: list[Any], tally: dict[str, int]) -> None:
    """The network is back: everything is sent, refusals are mended, conflicts are decided."""
    for phone in phones:
        phone.dice = _Kind(phone.dice)
        for _attempt in range(100):
            refused = [entry for entry in phone.disk["entries"] if entry["state"] == "refused"]
            for entry in refused:
                tally["refused"] += 1
                mended = {**entry, "answers": _fitting(entry["answers"]), "id": _id(phone.dice)}
                phone.disk = phone.call("write", phone.disk, mended)
                phone.written[entry["visit"]] = mended["answers"]
            if not phone.disk["entries"]:
                break
            phone.send()
        assert phone.disk["entries"] == []
    for phone in phones:
        phone.load()
        while phone.disk["taken"]["conflicts"]:
            phone.decide(decided)
            phone.load()


class _Kind(random.Random):
    """Dice of a day without mishap."""

    def __init__(self, other: random.Random) -> None:
        super().__init__(other.getrandbits(64))

    def random(self) -> float:
        """Nothing is lost any more."""
        return 0.99


def _check(phones: list[Telephone], decided: list[Any], tally: dict[str, int]) -> None:
    rows = list(Submission.objects.select_related("visit").order_by("created_at", "id"))
    arrived = [(str(row.visit_id), answers_of(row.answers)) for row in rows]
    for row in rows:
        tally[row.state] = tally.get(row.state, 0) + 1
        tally["conflict"] += row.state == Submission.State.DECIDED
    # Nothing is lost: what a person was told is saved arrived, as it was written last.
    for phone in phones:
        for visit, answers in phone.written.items():
            assert (visit, answers) in arrived
    # Nothing is there twice: a submission per record, a visit per visit; and nothing that nobody made.
    assert len({json.dumps(each) for each in arrived}) == len(arrived)
    made = [each for phone in phones for each in phone.made]
    assert all(each in made for each in arrived)
    visits = {str(row.pk): row for row in Visit.objects.all()}
    recorded = {pk for pk, row in visits.items() if row.is_recorded}
    assert recorded == {visit for visit, _answers in arrived}
    # Nothing is overwritten unseen: each version of a record comes of one submission or one decision, based on the one
    # before; and no conflict is left.
    for pk, found in visits.items():
        own = [row for row in rows if str(row.visit_id) == pk]
        assert not [row for row in own if row.state == Submission.State.CONFLICT]
        stored = sorted((row for row in own if row.state == Submission.State.STORED), key=lambda row: row.version or 0)
        for row in stored[1:]:
            assert row.based_on == (row.version or 0) - 1
        if found.is_recorded:
            said = answers_of(found.answers)
            assert said in [*(answers_of(row.answers) for row in stored), *(a for v, a in decided if v == pk)]
    # Both telephones and the server say the same.
    for phone in phones:
        known = {each["id"]: each["answers"] for each in phone.disk["taken"]["visits"] if each["recorded_version"]}
        assert known == {pk: answers_of(visits[pk].answers) for pk in recorded}
