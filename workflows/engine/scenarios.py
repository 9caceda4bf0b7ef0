"""Plays the scenario files that lie beside the diagrams: what people answer, which messages come, how time goes by, and
what must be waiting, until the end. Steps are not called; each gives what the file says.

Every scenario is played three times side by side: saved (pruned) and restored before every move, saved unpruned and
restored, and never saved at all. All three must agree after every move; that is how pruning is proved.

    {"name": "…", "title": "…", "title_en": "…",
     "data": {…}, "start": "2026-03-02T09:00:00+08:00",
     "steps": {"cases.open_case": [{"returns": {…}}, …]},        one per call; the last one is given again; else nothing
     "play": [{"complete": "<node>", "answers": {…}, "as": "…", "nth": 0},
              {"message": "<name>", "data": {…}, "ignored": false},
              {"wait": "P3D"},
              {"pause": "P3D"},
              {"expect": {"waiting": ["<node>", …], "data": {…}}}],
     "end": "<end event>"}

`waiting` names all user tasks that wait, in any order, and may name events that wait. `data` is a part of the process
data. `ignored` says that nobody waits for the message. `pause`: so much time goes by in which pausable timers stand
still. Answers must fit the form.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.definition import Definition
from workflows.engine.durations import after, moment
from workflows.engine.forms import validate
from workflows.engine.runner import Call, Made, Run, Step, Waiting

_KEYS = frozenset({"name", "title", "title_en", "data", "start", "steps", "play", "end"})
_MOVES: Mapping[str, frozenset[str]] = {
    "complete": frozenset({"answers", "as", "nth"}),
    "message": frozenset({"data", "ignored"}),
    "wait": frozenset(),
    "pause": frozenset(),
    "expect": frozenset(),
}


class ScenarioFailed(AssertionError):
    """The process did not go as the scenario says; the message tells which move and why."""


@dataclass(frozen=True)
class Story:
    """How a scenario went."""

    outcome: str | None
    passed: tuple[str, ...]  # ids of the nodes, in order
    calls: tuple[Call, ...]  # of steps, in order
    decisions: tuple[Made, ...]
    sizes: tuple[int, ...]  # bytes of the saved state after each move


def play(definition: Definition, scenario: Mapping[str, Any]) -> Story:
    """Play a scenario to its end. Raises ScenarioFailed."""
    _check_shape(scenario)
    players = [_Player(name, keep, definition, scenario) for name, keep in _WAYS.items()]
    _compare("at the start", players)
    for number, move in enumerate(scenario["play"], 1):
        where = f"move {number} {json.dumps(move, ensure_ascii=False)}"
        for player in players:
            player.move(where, move)
        _compare(where, players)
    return players[0].finish(scenario["end"])


def _check_shape(scenario: Mapping[str, Any]) -> None:
    _only("the scenario", scenario, _KEYS)
    for key in ("start", "play", "end"):
        if key not in scenario:
            raise ScenarioFailed(f"the scenario has no {key}")
    for number, move in enumerate(scenario["play"], 1):
        kinds = _MOVES.keys() & move.keys()
        if len(kinds) != 1:
            raise ScenarioFailed(f"move {number} must be one of {', '.join(_MOVES)}")
        (kind,) = kinds
        _only(f"move {number}", move, _MOVES[kind] | {kind})
        if kind == "expect":
            _only(f"move {number}", move["expect"], frozenset({"waiting", "data"}))


def _only(where: str, given: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := given.keys() - known:
        raise ScenarioFailed(f"{where} has unknown keys: {', '.join(sorted(unknown))}")


# How a run is kept between two moves; None: in memory.
_WAYS: Mapping[str, Callable[[Run], bytes] | None] = {
    "pruned": lambda run: run.dump(),
    "unpruned": lambda run: run.dump(prune=False),
    "in memory": None,
}


@dataclass
class _Canned:
    """Steps that give what the scenario says."""

    results: Mapping[str, Sequence[Mapping[str, Any]]]
    calls: list[Call] = field(default_factory=list)

    def __call__(self, call: Call) -> Mapping[str, Any]:
        results = self.results.get(call.name) or [{}]
        before = sum(earlier.name == call.name for earlier in self.calls)
        self.calls.append(call)
        result: Mapping[str, Any] = results[min(before, len(results) - 1)].get("returns") or {}
        return result


class _Player:
    """Plays the scenario in one way of keeping the run between moves."""

    def __init__(
        self, name: str, keep: Callable[[Run], bytes] | None, definition: Definition, scenario: Mapping[str, Any]
    ) -> None:
        self.name = name
        self.keep = keep
        self.definition = definition
        self.canned = _Canned(scenario.get("steps", {}))
        self.steps: Mapping[str, Step] = dict.fromkeys(definition.steps, self.canned)
        self.now = moment(scenario["start"])
        self.paused = False
        self.passed: list[str] = []
        self.decisions: list[Made] = []
        self.sizes: list[int] = []
        self._seen = (0, 0)  # nodes and decisions of the run in memory that were noted already
        for name_of_step in scenario.get("steps", {}):
            if name_of_step not in definition.steps:
                raise ScenarioFailed(f"the process has no step {name_of_step}")
        self.run = Run.start(definition, data=scenario.get("data", {}), steps=self.steps, context=None, now=self.now)
        self._note()

    def move(self, where: str, move: Mapping[str, Any]) -> None:
        """Make one move, after saving and restoring."""
        if "complete" in move:
            self._complete(where, move)
        elif "message" in move:
            self._reload()
            if self.run.send(move["message"], move.get("data", {})) == bool(move.get("ignored")):
                raise ScenarioFailed(f"{where}: {'' if move.get('ignored') else 'no'}body waits for it ({self.name})")
            self._note()
        elif "wait" in move:
            self._wait(move["wait"])
        elif "pause" in move:
            self._pause(move["pause"])
        else:
            self._reload()
            self._expect(where, move["expect"])

    def finish(self, end: str) -> Story:
        """The story, if it ended as it should."""
        if self.run.state != "done":
            waiting = ", ".join(waiting.node.id for waiting in self.run.waiting)
            raise ScenarioFailed(f"the process has not ended; waiting: {waiting}")
        if self.run.outcome != end:
            raise ScenarioFailed(f"the process ended with {self.run.outcome}, not with {end}")
        return Story(
            self.run.outcome, tuple(self.passed), tuple(self.canned.calls), tuple(self.decisions), tuple(self.sizes)
        )

    def _reload(self) -> None:
        if self.keep is None:
            self.run.at(self.now, paused=self.paused)
            return
        saved = self.keep(self.run)
        self.sizes.append(len(saved))
        self.run = Run.restore(self.definition, saved, steps=self.steps, context=None, now=self.now, paused=self.paused)
        self._seen = (0, 0)

    def _note(self) -> None:
        nodes, made = self._seen
        self.passed += [node.node_id for node in self.run.passed[nodes:]]
        self.decisions += self.run.decisions[made:]
        self._seen = (len(self.run.passed), len(self.run.decisions))

    def _complete(self, where: str, move: Mapping[str, Any]) -> None:
        self._reload()
        waiting = [entry for entry in self._people() if entry.node.id == move["complete"]]
        nth = move.get("nth", 0)
        if nth >= len(waiting):
            there = ", ".join(entry.node.id for entry in self._people()) or "nothing"
            raise ScenarioFailed(f"{where}: it does not wait; waiting: {there} ({self.name})")
        entry = waiting[nth]
        answers = move.get("answers", {})
        if problems := validate(self.definition.forms[entry.node.form], answers):
            told = ", ".join(f"{problem.pointer} {problem.code}" for problem in problems)
            raise ScenarioFailed(f"{where}: the answers do not fit the form {entry.node.form}: {told}")
        self.run.complete(entry.token, answers)
        self._note()

    def _wait(self, duration: str) -> None:
        until = after(self.now, duration)
        while (due := self.run.wake_at) is not None and due <= until:
            self.now = max(self.now, due)
            self._reload()
            self.run.wake()
            self._note()
        self.now = until
        self._reload()

    def _pause(self, duration: str) -> None:
        begin, self.paused = self.now, True
        self._reload()
        self._wait(duration)
        self.paused = False
        self._reload()
        self.run.move_timers(lambda due, since: due + (self.now - max(begin, since or begin)))

    def _people(self) -> list[Waiting]:
        return [waiting for waiting in self.run.waiting if waiting.node.kind == "user"]

    def _expect(self, where: str, expected: Mapping[str, Any]) -> None:
        people = Counter(waiting.node.id for waiting in self._people())
        events = {waiting.node.id for waiting in (*self.run.waiting, *self.run.beside) if waiting.node.kind != "user"}
        if "waiting" in expected:
            wanted = Counter(name for name in expected["waiting"] if name not in events)
            if wanted != people:
                raise ScenarioFailed(
                    f"{where}: waiting are {sorted(people.elements())} and the events {sorted(events)}"
                )
        data = self.run.data
        for key, value in expected.get("data", {}).items():
            if key not in data or data[key] != value:
                raise ScenarioFailed(f"{where}: {key} is {data.get(key, 'not there')!r}")


def _compare(where: str, players: Sequence[_Player]) -> None:
    """All ways of keeping the run must look the same from outside."""
    first = _look(players[0])
    for player in players[1:]:
        for name, value in _look(player).items():
            if value != first[name]:
                raise ScenarioFailed(
                    f"{where}: {name} is {first[name]!r} {players[0].name}, but {value!r} {player.name}"
                )


def _look(player: _Player) -> dict[str, Any]:
    run = player.run
    return {
        "now": player.now,
        "waiting": [(waiting.node.id, waiting.data) for waiting in run.waiting],
        "beside": [waiting.node.id for waiting in run.beside],
        "awaited": run.awaited,
        "wake_at": run.wake_at,
        "data": run.data,
        "state": run.state,
        "outcome": run.outcome,
        "passed": player.passed,
        "decisions": player.decisions,
        "calls": [(call.name, call.node_id, call.data, call.answers, call.now) for call in player.canned.calls],
    }
