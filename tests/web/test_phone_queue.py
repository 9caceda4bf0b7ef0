"""Random days of two telephones: cut lines, lost answers, restarts, edits on both sides. Nothing is lost,
nothing is there twice, nothing is overwritten unseen, and in the end both telephones and the server say the same.

The telephones run the shipped queue (static/web/phone/queue.js, in one process of node), the server is the real one.
`QUEUE_SEED=7` repeats the days of the seed 7, `QUEUE_DAYS=1000` lives through a thousand (THOROUGH=1 too); a failing
day names its number.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.renderers import JSONRenderer

from backend.api.coming import Coming
from backend.api.submissions import Submissions
from backend.cases.surveys import answers_of
from backend.helpers.models import Pairing
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.visits.models import Submission, Visit
from backend.web.door import Refused, command, read
from tests import factories
from tests.thoroughness import THOROUGH
from workflows import deployment

DRIVER = Path(__file__).parent / "queue_driver.mjs"
NODE = shutil.which("node") or shutil.which("node", path=Path(sys.executable).parent) or ""
DAYS = int(os.environ.get("QUEUE_DAYS", 1000 if THOROUGH else 24))
SEED = int(os.environ.get("QUEUE_SEED", 1))

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not NODE, reason="THE TELEPHONE'S QUEUE WAS NOT TESTED: no node on this machine"),
]

EMPTY: dict[str, Any] = {"taken": None, "entries": [], "arrived": [], "photos": []}
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
    page: HttpRequest
    """What asks the server, by the same door as the telephone's page."""
    pairing: Pairing
    dice: random.Random
    disk: Any
    written: dict[str, Any] = field(default_factory=dict)
    """What the person was told is saved, by visit: the last word of this telephone about it."""
    form: dict[str, Any] | None = None
    """What somebody has begun to write and not saved: what was seen then, and about which visit."""
    is_lucky: bool = False
    """Nothing is lost on its way any more."""
    made: list[tuple[str, Any]] = field(default_factory=list)
    """Every record that may have left this telephone: visit, answers."""

    def load(self, taken: Any = None) -> None:
        """What the server tells, if it can be reached."""
        self.disk = self.call("loaded", self.disk, taken or self.ask())

    def ask(self) -> Any:
        """The same for both telephones, for both are the same helper's."""
        return plain(read(self.page, Coming, "retrieve"))

    def write(self, visit: str) -> None:
        """A person begins to record a visit or to change a record, and saves it now or later."""
        if self.form is None:
            self.form = {"visit": visit, **self.call("begun", self.disk, visit)}
            if self.dice.random() < 0.3:
                return
        self.save(self.form)

    def save(self, form: dict[str, Any], answers: dict[str, Any] | None = None) -> None:
        """The person is told that it is saved."""
        record = {
            "id": _id(self.dice), "case": str(self.pairing.case_id), "pairing": str(self.pairing.pk),
            "answers": answers or _answers(self.dice), "at": BEGUN.isoformat(), **form,
        }  # fmt: skip
        self.disk = self.call("write", self.disk, record)
        self.written[form["visit"]] = record["answers"]
        self.form = None

    def restart(self) -> None:
        """Only what was kept is there."""
        self.disk, self.form = json.loads(json.dumps(self.disk)), None

    def send(self) -> None:
        """One entry on its way, and whatever may happen to it there."""
        marked, entry = self.call("next", self.disk, [])
        if self.happens(0.05):
            return  # the telephone dies before it has kept what it is about to do: nothing was sent
        self.disk = marked
        if entry is None or self.happens(0.15):
            return  # the request is lost, or the telephone dies
        self.made.append((entry["visit"], entry["answers"]))
        message = self.call("message", entry, timezone.now().isoformat())
        status, body = self._send("create", {name: value for name, value in message.items() if value is not None})
        assert status in {200, 409, 422}, body
        if self.happens(0.35):
            return  # the answer is lost, or the telephone dies before it could be kept
        self.disk = self.call("answered", self.disk, entry["id"], status, body)

    def happens(self, chance: float) -> bool:
        """Whether a mishap does."""
        return not self.is_lucky and self.dice.random() < chance

    def decide(self, decided: list[Any]) -> None:
        """A person decides about a conflict that this telephone knows of; it may be settled already."""
        conflicts = self.disk["taken"]["conflicts"] if self.disk["taken"] else []
        for conflict in conflicts:
            mine = {name: self.dice.choice([conflict["sent"], conflict["recorded"]]).get(name) for name in ALL_FIELDS}
            answers = _fitting({name: said for name, said in mine.items() if said is not None})
            body = {"answers": answers, "version": conflict["visit_version"]}
            status, said = self._send("decide", body, pk=conflict["id"])
            assert status in {200, 409}, said
            if status == 200:
                decided.append((conflict["visit"], answers))

    def _send(self, action: str, body: dict[str, Any], **parts: Any) -> tuple[int, Any]:
        try:
            return 200, plain(command(self.page, Submissions, action, body=body, **parts))
        except Refused as refused:
            return refused.status, plain(refused.problem)


def plain(body: Any) -> Any:
    """An answer as it arrives."""
    return json.loads(JSONRenderer().render(body))


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
    if dice.random() < 0.15:
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


def written(driver: Driver, queue: Any, note: str, form: Any = None) -> Any:
    """The queue after somebody has saved a record of visit V."""
    form = form or driver("begun", queue, "V")
    record = {"id": f"id of {note}", "visit": "V", "case": "C", "pairing": None, "answers": {"note": note}, "at": ""}
    return driver("write", queue, {**record, **form})


def summary(queue: Any) -> list[tuple[Any, ...]]:
    names = ("answers", "state", "based_on", "after")
    return [
        tuple(entry[name] if name != "answers" else entry[name]["note"] for name in names) for entry in queue["entries"]
    ]


TAKEN = {"visits": [{"id": "V", "case": "C", "pairing": None, "recorded_version": 4}], "families": [], "conflicts": []}


class TestRules:
    """The queue's own rules, one by one."""

    def test_what_was_never_sent_is_changed_in_place(self, driver: Driver) -> None:
        queue = written(driver, {**EMPTY, "taken": TAKEN}, "one")
        assert summary(written(driver, queue, "two")) == [("two", "waiting", 4, None)]

    def test_what_may_have_arrived_never_changes_and_the_next_one_waits_for_it(self, driver: Driver) -> None:
        queue, _entry = driver("next", written(driver, EMPTY, "one"), [])
        queue = written(driver, queue, "two")
        assert summary(queue) == [("one", "sending", None, None), ("two", "waiting", None, "id of one")]
        assert driver("next", queue, [])[1]["id"] == "id of one"  # again, until there is an answer
        assert driver("next", queue, ["id of one"])[1] is None
        came = driver("answered", queue, "id of one", 201, {"state": "stored", "version": 2, "visit_version": 2})
        assert summary(came) == [("two", "waiting", 2, None)]
        against = driver("answered", queue, "id of one", 201, {"state": "conflict", "visit_version": 2})
        assert summary(against) == [("two", "waiting", None, None)]

    def test_no_answer_and_a_busy_server_change_nothing(self, driver: Driver) -> None:
        queue, _entry = driver("next", written(driver, EMPTY, "one"), [])
        for status, body in ((0, None), (401, {}), (429, {}), (500, None), (503, {}), (409, {"code": "busy"})):
            assert driver("answered", queue, "id of one", status, body) == queue

    def test_a_refusal_waits_for_the_person(self, driver: Driver) -> None:
        queue, _entry = driver("next", written(driver, EMPTY, "one"), [])
        refused = driver("answered", queue, "id of one", 422, {"detail": "so"})
        assert summary(refused) == [("one", "refused", None, None)]
        assert driver("next", refused, [])[1] is None
        assert driver("discarded", queue, "id of one")["entries"] == queue["entries"]
        assert driver("discarded", refused, "id of one")["entries"] == []
        assert summary(written(driver, refused, "mended")) == [("mended", "waiting", None, None)]
        later = driver("answered", written(driver, queue, "two"), "id of one", 422, {})
        assert summary(later) == [("two", "waiting", None, None)]

    def test_what_came_in_while_the_form_was_open_is_not_overwritten(self, driver: Driver) -> None:
        queue = {**EMPTY, "taken": TAKEN}
        form = driver("begun", queue, "V")
        [visit] = TAKEN["visits"]
        queue = driver("loaded", queue, {**TAKEN, "visits": [{**visit, "recorded_version": 5}]})
        assert summary(written(driver, queue, "mine", form)) == [("mine", "waiting", 4, None)]

    def test_a_form_begun_upon_what_was_sent_meanwhile_is_based_on_what_came_of_it(self, driver: Driver) -> None:
        queue = written(driver, EMPTY, "one")
        form = driver("begun", queue, "V")
        queue, _entry = driver("next", queue, [])
        queue = driver("answered", queue, "id of one", 201, {"state": "stored", "version": 2, "visit_version": 2})
        assert summary(written(driver, queue, "two", form)) == [("two", "waiting", 2, None)]

    def test_another_windows_record_is_kept_beside(self, driver: Driver) -> None:
        form = driver("begun", EMPTY, "V")
        queue = written(driver, written(driver, EMPTY, "theirs"), "mine", form)
        assert summary(queue) == [("theirs", "waiting", None, None), ("mine", "waiting", None, None)]


class TestPhotos:
    """Photographs: after their visit's record, each once."""

    def test_they_go_after_the_record_and_leave_with_the_answer(self, driver: Driver) -> None:
        queue = photographed(driver, written(driver, EMPTY, "one"), "P", "Q")
        assert driver("unsent", queue) == {"all": 3, "refused": 0}
        assert driver("nextPhoto", queue, [])[1] is None
        queue, _entry = driver("next", queue, [])
        assert driver("nextPhoto", queue, [])[1] is None  # it may not have arrived
        queue = driver("answered", queue, "id of one", 201, {"state": "conflict", "visit_version": 2})
        queue, photo = driver("nextPhoto", queue, [])
        assert (photo["id"], photo["visit"], photo["state"]) == ("P", "V", "sending")
        for status in (0, 401, 429, 503):  # no answer: again, the same
            assert driver("nextPhoto", driver("photoAnswered", queue, "P", status, None), [])[1] == photo
        queue = driver("photoAnswered", queue, "P", 200, {})
        assert [each["id"] for each in queue["photos"]] == ["Q"]
        assert driver("nextPhoto", queue, ["Q"])[1] is None

    def test_a_refused_one_waits_for_the_person(self, driver: Driver) -> None:
        queue = photographed(driver, EMPTY, "P")
        assert driver("photoDiscarded", queue, "P") == queue
        queue = driver("photoAnswered", queue, "P", 409, {"code": "no_photo_consent"})
        assert driver("unsent", queue) == {"all": 1, "refused": 1}
        assert driver("nextPhoto", queue, [])[1] is None
        assert driver("photoDiscarded", queue, "P")["photos"] == []

    def test_they_go_with_a_record_that_is_given_up(self, driver: Driver) -> None:
        queue = photographed(driver, written(driver, EMPTY, "one"), "P")
        queue, _entry = driver("next", queue, [])
        queue = driver("answered", queue, "id of one", 422, {})
        assert driver("nextPhoto", queue, [])[1] is None
        assert driver("discarded", queue, "id of one")["photos"] == []
        known = {**queue, "taken": TAKEN}  # an earlier record of the visit has arrived: they belong to that one
        assert len(driver("discarded", known, "id of one")["photos"]) == 1


def photographed(driver: Driver, queue: Any, *ids: str) -> Any:
    return driver("photographed", queue, {"visit": "V", "case": "C", "at": "", "ids": ids})


class TestFirstHalf:
    """In halves, for two processes."""

    def test_random_days_of_two_telephones(self, driver: Driver, pairing: Pairing) -> None:
        _days(driver, pairing, range(DAYS // 2))


class TestSecondHalf:
    """The other days."""

    def test_random_days_of_two_telephones(self, driver: Driver, pairing: Pairing) -> None:
        _days(driver, pairing, range(DAYS // 2, DAYS))


def _days(driver: Driver, pairing: Pairing, days: range) -> None:
    page = RequestFactory().get("/visits/")
    page.user = User.objects.get(pk=pairing.helper.user_id)
    page.session, page.resolver_match = SessionStore(), None
    planned = factories.visit(pairing)
    morning = driver("loaded", EMPTY, plain(read(page, Coming, "retrieve")))
    tally = {"stored": 0, "conflict": 0, "decided": 0, "refused": 0}
    for number in days:
        dice = random.Random(f"{SEED}:{number}")
        phones = [
            Telephone(driver, page, pairing, dice, deepcopy(morning) if dice.random() < 0.8 else deepcopy(EMPTY))
            for _number in range(2)
        ]
        try:
            _day(phones, str(planned.pk), dice, tally)
        except AssertionError as error:
            raise AssertionError(f"day {number} of seed {SEED}") from error
    # The days were full of what they are about.
    assert min(tally.values()) > len(days) / 20, tally


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
        if act < 0.45:
            phone.write(dice.choice([planned, planned, extra[at]]))
        elif act < 0.9:
            phone.send()
        elif act < 0.96:
            phone.load()
        else:
            phone.restart()
            phone.decide(decided)


def _settle(phones: list[Telephone], decided: list[Any], tally: dict[str, int]) -> None:
    """The network is back: everything is sent, refusals are mended, conflicts are decided."""
    for phone in phones:
        phone.is_lucky, phone.form = True, None
        for _attempt in range(100):
            refused = [entry for entry in phone.disk["entries"] if entry["state"] == "refused"]
            for entry in refused:
                tally["refused"] += 1
                visit = entry["visit"]
                form = {"visit": visit, "upon": entry["id"], "seen": entry["based_on"]}
                phone.save(form, _fitting(entry["answers"]))
            if not phone.disk["entries"]:
                break
            phone.send()
        assert phone.disk["entries"] == []
    taken = phones[0].ask()
    while taken["conflicts"]:
        phones[1].load(taken)
        phones[1].decide(decided)
        taken = phones[1].ask()
    for phone in phones:
        phone.load(taken)


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
