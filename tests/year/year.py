"""The days of the year, one after another: jobs of the night, timers, what happens, people at work, the queue."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import time_machine
from django.db import OperationalError, transaction
from procrastinate.contrib.django import app

from backend.core.errors import DomainError
from backend.helpers.offers import NotFitting
from backend.org.models import Unit
from backend.payments.models import Batch
from tests.year import events, places, queue
from tests.year.chance import Chance
from tests.year.meter import Meter, Month
from tests.year.office import LEFT, Office
from tests.year.queue import Share
from workflows import store
from workflows.authority import AlreadyDone
from workflows.models import Instance, WorkItem

LOCAL = ZoneInfo("Asia/Shanghai")
BEGINS, ENDS = date(2025, 11, 1), date(2026, 12, 31)
"""Rosters, applications and cases come in before the year that is looked at."""
WAKES = (time(0, 3), time(6, 40), time(8, 5), time(13), time(17, 5), time(21))
WORK = time(9, 40)
LAST = time(21, 30)
"""After the last of a day."""
BETWEEN = timedelta(seconds=1)
"""Between two commands."""
NEW_CLASSES = {"spring_new": date(2026, 2, 5), "autumn_new": date(2026, 7, 8)}
"""When the next soldiers are on the roster."""
TRIES = 6
ROUNDS = 3
"""How often people look for new work on one day; what comes after that waits until tomorrow. As often in each process:
they wait for each other after each round."""
OVERLAP = 60_000
"""Milliseconds of real time in which another process may commit what began before what was seen: ids tell the time."""
KEPT = (
    "now", "planned", "asking", "banking", "seen", "newest", "commands", "looked_after", "refused", "tries",
    "again_counts",
)  # fmt: skip
"""What a year remembers that does not stand in the database."""
LATER = timedelta(days=3)
"""After which somebody who was refused tries again, TRIES times."""


@dataclass
class Told:
    """What one process says of a month."""

    month: date
    costs: Month
    seconds: float
    most: float
    """Megabytes of memory, at most, so far."""
    refused: list[str] = field(default_factory=list)
    again: int = 0


def at(day: date, moment: time) -> datetime:
    """That moment of the day, in the county's time."""
    return datetime.combine(day, moment, LOCAL)


@contextmanager
def standing_still(moment: datetime) -> Iterator[time_machine.Traveller]:
    """Nothing passes but what the year lets pass."""
    with time_machine.travel(moment, tick=False) as traveller:
        yield traveller


def prepare(families: int) -> list[Unit]:
    """Everything before the first day: the county, its offices, its rosters. The clock has to stand at BEGINS."""
    now = at(BEGINS, time(8))
    with transaction.atomic():
        places.ground(now)
        towns = places.county(families)
        places.staff(now)
    places.import_families(families, towns, BEGINS, now)
    with transaction.atomic():
        places.staff(now)
        places.import_helpers(families, towns, BEGINS, now)
    return towns


class Year:
    """One process's share of the county's year. `meet` waits for the other processes; alone there is nobody."""

    def __init__(
        self,
        families: int,
        *,
        clock: time_machine.Traveller,
        share: Share | None = None,
        seed: int = 1,
        fortnightly: float = 0.7,
        nights: int = 1,
        meet: Callable[[], object] = lambda: None,
    ) -> None:
        """`nights`: the periodic jobs run every so manieth day only."""
        self.families, self.clock, self.share, self.meet = families, clock, share or Share(), meet
        self.chance = Chance(seed)
        self.office = Office(self.chance, fortnightly=fortnightly)
        self.nights = nights
        self.meter = Meter()
        self.diary = events.diary(self.chance)
        self.schedule = queue.schedule()
        self.now = at(BEGINS, time(8))
        self.planned: dict[date, list[UUID]] = defaultdict(list)
        self.asking: dict[date, list[UUID]] = defaultdict(list)
        self.banking: dict[date, list[UUID]] = defaultdict(list)
        self.seen: set[UUID] = set()
        self.newest = UUID(int=0)
        self.is_alone = self.share.of == 1
        self.commands = self.looked_after = 0
        self.overlap = 0 if self.is_alone else OVERLAP << 80
        self.refused: list[str] = []
        self.tries: Counter[UUID] = Counter()
        self.again_counts: Counter[str] = Counter()

    # --- from one run to the next

    def kept(self) -> dict[str, Any]:
        """What has to be remembered at the end of a day, beside what stands in the database, to go on another time."""
        return {name: getattr(self, name) for name in KEPT} | {
            "tried": self.office.people.tried,
            "month": self.meter.month,
        }

    def go_on(self, kept: dict[str, Any]) -> None:
        """Go on after the day at whose end this was kept."""
        for name in KEPT:
            setattr(self, name, kept[name])
        self.office.people.tried, self.meter.month = kept["tried"], kept["month"]
        self.clock.move_to(self.now)
        while self.diary and min(self.diary) <= self.now.date():
            del self.diary[min(self.diary)]

    # --- days

    def live(self, day: date) -> None:
        """One day from midnight to midnight."""
        self.office.turn(day)
        moments = [*((each, "") for each in WAKES), (WORK, "work")]
        if (day - BEGINS).days % self.nights == 0:
            moments += self.schedule
        for moment, what in sorted(moments):
            self._go_to(at(day, moment))
            if what == "work":
                self._work(day)
            elif what:
                self._periodic(what)
            else:
                self._wake(day)
        oldest = self.newest.int - 2 * self.overlap
        self.seen = {pk for pk in self.seen if pk.int > oldest}

    def _go_to(self, moment: datetime) -> None:
        self.now = max(self.now + timedelta(milliseconds=1), moment)
        self.clock.move_to(self.now)

    def _tick(self) -> None:
        self._go_to(self.now + BETWEEN)

    def _periodic(self, name: str) -> None:
        """What the schedule does at this hour: by the first process alone, as one worker does."""
        self.meet()
        if self.share.number == 0:
            with self.meter.step(f"night {name}"):
                app.tasks[name].func(int(self.now.timestamp()))
                self.commands += 1
        self.meet()

    def _wake(self, day: date) -> None:
        """Timers that are due, and what they queue, until nothing is left; then new work is looked at."""
        for _round in range(TRIES):
            if not self._agreed(lambda: Instance.objects.due(self.now).exists()):
                break
            queue.wake(self.share, self.meter, self.now, self._again)
            self._jobs()
        self._look(day)

    def _jobs(self) -> None:
        """The queue, done by all processes together until it is empty."""
        while True:
            queue.do_jobs(self.share, self.meter, self.now, self._again)
            if not self._agreed(lambda: queue.is_waiting(self.now)):
                return

    def _agreed(self, question: Callable[[], bool]) -> bool:
        """Ask while nobody does anything: every process hears the same."""
        self.meet()
        answer = question()
        self.meet()
        return answer

    def _work(self, day: date) -> None:
        """What happens on the day, and everybody's work."""
        if self.share.number == 0:
            for which, when in NEW_CLASSES.items():
                if when == day:
                    self._new_class(which, day)
        for event in self.diary.pop(day, ()):
            if self.share.has(event.about):
                self._event(event)
        for pk in self.asking.pop(day, ()):
            self._command("ask a family", lambda pk=pk: self.office.ask(pk, self.now))  # type: ignore[misc]
        for pk in self.banking.pop(day, ()):
            batch = Batch.objects.get(number=WorkItem.objects.get(pk=pk).case_number)
            self._command("bank", lambda batch=batch: self.office.bank_answers(batch, self.now))  # type: ignore[misc]
        self._settle(day)
        for _round in range(ROUNDS):
            if self.is_alone and day not in self.planned:
                break
            for pk in self.planned.pop(day, ()):
                self._do(pk, day)
            self._settle(day)
        self.planned[day + timedelta(days=1)] += self.planned.pop(day, [])

    def _settle(self, day: date) -> None:
        """The queue until it is empty, and what came new."""
        self._jobs()
        self._look(day)

    def _look(self, day: date) -> None:
        """Plan what has come since the last look."""
        if self.is_alone and self.commands == self.looked_after:
            return
        self.looked_after = self.commands
        since = UUID(int=max(0, self.newest.int - self.overlap))
        rows = WorkItem.objects.filter(pk__gt=since, state=WorkItem.State.OPEN)
        mine = self.share.of_rows(rows, "workflows_workitem.case_id", "workflows_workitem.instance_id")
        for item in mine.only("id", "process", "step", "case_number", "created_at", "due_at", "unit").order_by("pk"):
            if item.pk in self.seen:
                continue
            self.seen.add(item.pk)
            self.newest = max(self.newest, item.pk)
            when = self.office.day_of(item, day)
            if when is not None:
                self.planned[when].append(item.pk)
            if item.step == "survey_families":
                for on, target in self.office.asked(item, day):
                    self.asking[on].append(target)
            elif item.step == "read_answer":
                self.banking[day + timedelta(days=1)].append(item.pk)

    # --- commands: one transaction each

    def _event(self, event: events.Event) -> None:
        self._command(f"event {event.what}", lambda: events.EVENTS[event.what](event, self.now))

    def _do(self, pk: UUID, day: date) -> None:
        item = WorkItem.objects.select_related("instance__process").defer("instance__process__files").get(pk=pk)
        if item.state != WorkItem.State.OPEN:
            return
        if item.paused_at is not None:
            self.planned[day + timedelta(days=7)].append(pk)
            return
        self._command(f"{item.process}/{item.step}", lambda: self.office.do(item, self.now), pk)

    def _command(self, kind: str, verb: Callable[[], None], about: UUID | None = None) -> None:
        def command() -> None:
            with transaction.atomic():
                verb()

        self._tick()
        try:
            with self.meter.step(kind):
                self._again(command)
        except AlreadyDone:
            return  # done or cancelled by something else on the same day
        except events.EXPECTED:
            return
        except NotFitting:
            if about is not None:
                self.planned[self.now.date() + timedelta(days=1)].append(about)  # somebody else is picked tomorrow
        except (DomainError, LookupError, ValueError) as error:
            if about is not None and self.tries[about] < TRIES:
                self.tries[about] += 1
                self.planned[self.now.date() + LATER].append(about)
                return
            told = getattr(error, "problems", "")
            self.refused.append(f"{self.now:%Y-%m-%d} {kind}: {type(error).__name__} {error} {told}"[:300])

    def _again(self, verb: Callable[[], None]) -> None:
        """As a door or the worker does: what another process holds at this moment is tried again."""
        self.commands += 1
        for attempt in range(TRIES):
            try:
                verb()
                return
            except (store.Busy, OperationalError) as error:
                self.again_counts[type(error).__name__] += 1
                if attempt == TRIES - 1:
                    raise

    def _new_class(self, which: str, day: date) -> None:
        towns = list(Unit.objects.filter(kind=Unit.Kind.TOWN, path__startswith="99.").order_by("path"))
        with transaction.atomic():
            places.import_soldiers(self.families, towns, which, day, self.now)


def late(now: datetime) -> Counter[tuple[str, str]]:
    """Open work that was due more than a month ago, by process and step; what is LEFT apart."""
    rows = WorkItem.objects.filter(state=WorkItem.State.OPEN, paused_at=None, due_at__lt=now - timedelta(days=31))
    return Counter(rows.exclude(process__in=LEFT).values_list("process", "step"))
