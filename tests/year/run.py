"""The whole run: prepared once, lived by processes together day by day, told month by month, judged at the end.

Ctrl-C ends it with the day. Where a folder keeps it, the same command goes on with the day after; a day in whose middle
everything was killed is lived once more, and what was done already is found done.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from queue import Empty
from typing import Any

import django
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from backend.core import garbage
from tests.year.meter import Cost, Month, Ratio, memory, ratio, together

JANUARY = date(2026, 1, 1)
SHOWN = 12
"""Kinds of steps that the table of costs names."""


@dataclass(frozen=True)
class Plan:
    """How much is lived: see `python -m tests.year --help`."""

    families: int
    processes: int
    nights: int
    seed: int
    file: Path
    kept: Path | None = None
    """The folder that keeps it from one run to the next."""


@dataclass
class Found:
    """What a run has found so far; written after each month, so that an interrupted run says what it has."""

    plan: Plan
    machine: str
    months: list[dict[str, Any]] = field(default_factory=list)
    costs: dict[date, Month] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    reached: date | None = None
    """The last day that was lived."""
    last: dict[str, Any] = field(default_factory=dict)

    def add(self, parts: list[Any]) -> dict[str, Any]:
        """A month that all processes have lived."""
        costs = together([part.costs for part in parts])
        self.costs[parts[0].month] = costs
        self.refused += [line for part in parts for line in part.refused]
        commands = sum(len(cost.cpu) for cost in costs.values())
        cpu = sum(sum(cost.cpu) for cost in costs.values())
        seconds = max(part.seconds for part in parts)
        told = {
            "month": f"{parts[0].month:%Y-%m}",
            "commands": commands,
            "per_s": round(commands / seconds, 1),
            "cpu_ms": round(cpu / max(1, commands), 2),
            "statements": round(sum(sum(cost.statements) for cost in costs.values()) / max(1, commands), 1),
            "memory_mb": round(max(part.most for part in parts)),
            "refused": sum(len(part.refused) for part in parts),
            "tried_again": sum(part.again for part in parts),
            "minutes": round(seconds / 60, 1),
        }
        self.months.append(told)
        return told

    def as_json(self) -> dict[str, Any]:
        """The keys that bench.json has of it."""
        commands = sum(month["commands"] for month in self.months)
        seconds = sum(month["minutes"] for month in self.months) * 60
        return {
            "year_machine": self.machine,
            "year_families": self.plan.families,
            "year_processes": self.plan.processes,
            "year_commands": commands,
            "year_steps_per_s": round(commands / seconds, 1) if seconds else 0,
            "year_memory_mb": max((month["memory_mb"] for month in self.months), default=0),
            "year_refused": len(self.refused),
            "year_december_over_january": self._over_as_json(),
            "year_months": self.months,
            **self.last,
        }  # fmt: skip

    def _over_as_json(self) -> dict[str, Any] | None:
        over = self.over()
        if over is None:
            return None
        kinds = {kind: [round(each, 2) for each in pair] for kind, pair in over.kinds.items()}
        told = {"cpu": over.cpu, "wall": over.wall, "statements": over.statements}
        return {
            "month": self.months[-1]["month"],
            **{name: round(each, 3) for name, each in told.items()},
            "kinds": kinds,
        }

    def over(self) -> Ratio | None:
        """December, or the last month that was lived, over January; None before there is one."""
        last = max(self.costs, default=JANUARY)
        return ratio(self.costs[last], self.costs[JANUARY]) if last > JANUARY else None

    def write(self) -> None:
        """The file with what is known by now, and beside it what was refused."""
        if self.plan.kept is not None:
            _keep(self, self.plan.kept / "found.pickle")
        self.plan.file.parent.mkdir(parents=True, exist_ok=True)
        self.plan.file.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")
        if self.refused:
            self.plan.file.with_suffix(".refused").write_text("\n".join(self.refused) + "\n", "utf-8")


def run(plan: Plan, console: Console) -> Found:
    """Live the year. Interrupted, what was found until then is written and returned."""
    from tests.bench.figures import machine  # models need the settings
    from tests.year import places, year

    found = _found(plan)
    if found is None:
        taking_in = console.status(f"{plan.families:,} families are taken in")
        with year.standing_still(year.at(year.BEGINS, places.MORNING)), taking_in:
            year.prepare(plan.families)
        found = Found(plan, machine())
        found.write()
    from django.db import connections

    connections.close_all()
    _together(plan, found, console)
    if found.reached is not None:
        found.last = judged(found.reached, console)
    found.write()
    return found


def _found(plan: Plan) -> Found | None:
    """What an earlier run of the same plan found; None when this is the first. Raises ValueError for another plan's."""
    path = plan.kept / "found.pickle" if plan.kept is not None else None
    if path is None or not path.exists():
        return None
    found: Found = pickle.loads(path.read_bytes())
    if (found.plan.families, found.plan.processes, found.plan.seed) != (plan.families, plan.processes, plan.seed):
        raise ValueError(f"{plan.kept} keeps another year: {found.plan}")
    found.plan = plan
    return found


def _keep(what: object, path: Path) -> None:
    """Written whole or not at all."""
    half = path.with_suffix(".half")
    half.write_bytes(pickle.dumps(what))
    half.replace(path)


@dataclass(frozen=True)
class Bell:
    """Rung by Ctrl-C; at the end of a day the first process says whether it was heard, so that all stop at once."""

    rung: Any
    heard: Any


def _together(plan: Plan, found: Found, console: Console) -> None:
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    barrier = context.Barrier(plan.processes)
    bell = Bell(context.Event(), context.Value("b", 0))
    workers = [
        context.Process(target=_worker, args=(plan, number, barrier, bell, told), daemon=True)
        for number in range(plan.processes)
    ]
    for worker in workers:
        worker.start()

    def alive() -> bool:
        return all(worker.is_alive() or worker.exitcode == 0 for worker in workers)

    try:
        try:
            _listen(plan, found, told, console, alive)
        except KeyboardInterrupt:
            console.print("It ends with this day; once more, and it ends at once.")
            bell.rung.set()
            _listen(plan, found, told, console, alive)
    except KeyboardInterrupt:
        console.print("Interrupted: this is what was lived until then.")
    finally:
        for worker in workers:
            worker.join(5)
            if worker.is_alive():
                worker.terminate()


def _listen(plan: Plan, found: Found, told: Any, console: Console, alive: Callable[[], bool]) -> None:
    from tests.year.year import BEGINS, ENDS

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    parts: list[Any] = []
    stopped = 0
    with Progress(*columns, console=console) if console.is_terminal else nullcontext() as progress:
        task = progress.add_task("days", total=(ENDS - BEGINS).days + 1) if progress else None
        while len(found.months) < _months(BEGINS, ENDS) and stopped < plan.processes:
            try:
                said = told.get(timeout=5)
            except Empty:
                if alive():
                    continue
                raise RuntimeError("a process has ended before the year") from None
            if isinstance(said, str):
                raise RuntimeError(said)
            if said is None:
                stopped += 1
                continue
            if isinstance(said, date):
                found.reached = said
                if progress and task is not None:
                    progress.update(task, description=f"{said}", advance=1)
                continue
            parts.append(said)
            if len(parts) == plan.processes:
                console.print("  ".join(f"{name} {value}" for name, value in found.add(parts).items()))
                found.write()
                parts = []


def _months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month + 1


def _worker(plan: Plan, number: int, barrier: Any, bell: Bell, told: Any) -> None:
    """One process's share of all days, or of those that are left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process hears it for all
    django.setup()
    from tests.year import places, year
    from tests.year.queue import Share

    garbage.settle()

    try:
        with year.standing_still(year.at(year.BEGINS, places.MORNING)) as clock:
            share = Share(number, plan.processes)
            lived = year.Year(
                plan.families, clock=clock, share=share, seed=plan.seed, nights=plan.nights, meet=barrier.wait
            )
            days = Days(plan, lived, bell, told)
            days.go_on()
            with lived.meter.counting():
                days.live()
    except BaseException:
        barrier.abort()
        told.put(f"process {number}: {traceback.format_exc()}")
        raise


class Days:
    """The days of one process, from the first that is left until the last or until the bell."""

    def __init__(self, plan: Plan, lived: Any, bell: Bell, told: Any) -> None:
        from tests.year.year import BEGINS

        self.plan, self.lived, self.bell, self.told = plan, lived, bell, told
        self.day, self.seconds = BEGINS, 0.0

    def go_on(self) -> None:
        """Remember what was kept at the end of the last day that all processes kept."""
        if kept := self._last_kept():
            self.day, self.seconds, remembered = pickle.loads(kept.read_bytes())
            self.lived.go_on(remembered)

    def live(self) -> None:
        """Live them; tell each day and each month."""
        from tests.year.year import ENDS

        while self.day <= ENDS and not self.bell.heard.value:
            begun = time.perf_counter()
            self.lived.live(self.day)
            self.seconds += time.perf_counter() - begun
            if self.lived.share.number == 0:
                self.told.put(self.day)
                self.bell.heard.value = self.bell.rung.is_set()
            self.lived.meet()
            self._end_day()
            self.lived.meet()
        self.told.put(None)  # nothing more comes, however many months were told

    def _end_day(self) -> None:
        from tests.year.year import Told

        lived, over = self.lived, self.day
        self.day += timedelta(days=1)
        if self.day.month != over.month:
            again = sum(lived.again_counts.values())
            self.told.put(Told(over.replace(day=1), lived.meter.turn(), self.seconds, memory(), lived.refused, again))
            lived.refused, self.seconds = [], 0.0
            lived.again_counts.clear()
        if self.plan.kept is not None:
            _keep((self.day, self.seconds, lived.kept()), self._path(over))
            self._path(over - timedelta(days=2)).unlink(missing_ok=True)

    def _path(self, day: date) -> Path:
        assert self.plan.kept is not None
        return self.plan.kept / f"{day}-{self.lived.share.number}.pickle"

    def _last_kept(self) -> Path | None:
        """Killed in the middle of keeping, some processes have kept one day more than others."""
        if self.plan.kept is None:
            return None
        own = sorted(self.plan.kept.glob(f"*-{self.lived.share.number}.pickle"), reverse=True)
        days = [path.name.removesuffix(f"-{self.lived.share.number}.pickle") for path in own]
        everybody = range(self.plan.processes)
        found = (day for day in days if all((self.plan.kept / f"{day}-{each}.pickle").exists() for each in everybody))
        return next((self._path(date.fromisoformat(day)) for day in found), None)


# --- at the end -------------------------------------------------------------------------------------------------------


def judged(day: date, console: Console) -> dict[str, Any]:
    """Whether anything is stuck at the end of that day, the ledger balanced and the history as it was written, and how
    much was lived."""
    from backend.audit.verification import verify
    from backend.ledger.balances import trial_balance
    from backend.org.models import Unit
    from backend.payments.models import Payable
    from backend.subsidies.months import months_of
    from backend.visits.models import Visit
    from tests.year.year import LAST, at, late
    from workflows import integrity
    from workflows.models import Instance, WorkItem

    moment = at(day, LAST)
    stuck = {code: rows.count() for code, rows in integrity.found(moment).items()}
    stuck["failed_timers"] = Instance.objects.filter(failures__gt=0).count()
    stuck["work_a_month_late"] = sum(late(moment).values())
    with console.status("the history is verified"):
        history = verify()
    paid = Payable.objects.filter(state=Payable.State.PAID, purpose="subsidy").values_list("period", flat=True)
    balances = [trial_balance(county).is_balanced for county in Unit.objects.filter(kind=Unit.Kind.COUNTY)]
    visits = Counter(Visit.objects.values_list("state", flat=True))
    return {
        "year_reached": day.isoformat(),
        "year_stuck": sum(stuck.values()),
        "year_stuck_by_kind": stuck,
        "year_history_ok": history.ok,
        "year_ledger_balanced": all(balances),
        "year_visits": visits["done"] + visits["not_met"] + visits["refused"],
        "year_visits_by_state": dict(visits),
        "year_subsidy_months": sum(len(months_of(period)) for period in paid),
        "year_instances": Instance.objects.count(),
        "year_work_items": WorkItem.objects.count(),
    }


def show(found: Found, console: Console) -> None:
    """The months, and what the commonest steps cost in January and December."""
    table = Table(title=f"A year of {found.plan.families:,} families: {found.machine}", title_justify="left")
    names = list(found.months[0]) if found.months else []
    for name in names:
        table.add_column(name, justify="right")
    for month in found.months:
        table.add_row(*(str(month[name]) for name in names))
    console.print(table)
    over = found.over()
    if over is not None:
        costs = Table("step", "in January", "ms", "at the end", "ms", title="Processor time, medians")
        january = found.costs[JANUARY]
        for kind in sorted(over.kinds, key=lambda kind: -sum(january[kind].cpu))[:SHOWN]:
            later, earlier = over.kinds[kind]
            counts = [_count(found.costs[month], kind) for month in (JANUARY, max(found.costs))]
            costs.add_row(kind, counts[0], f"{earlier:.1f}", counts[1], f"{later:.1f}")
        console.print(costs)
        console.print(
            f"{found.months[-1]['month']} over January: {over.cpu:.3f} (time), {over.statements:.3f} (statements)"
        )
    for name, value in found.last.items():
        console.print(f"{name}: {value}")


def _count(month: Month, kind: str) -> str:
    return f"{len(month.get(kind, Cost()).cpu):,}"


def cores() -> int:
    """How many processes live the year when nobody says."""
    return min(2, os.cpu_count() or 1)
