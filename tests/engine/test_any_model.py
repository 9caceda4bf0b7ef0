"""Any model put together from all constructs, moved at random, goes the same way saved or unsaved, pruned or not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.engine.drawing import (
    Drawn,
    boundary,
    call,
    catch,
    end,
    event_gateway,
    event_sub,
    exclusive,
    inclusive,
    many,
    parallel,
    process,
    service,
    sub,
    user,
)
from tests.engine.plays import START, compiled
from workflows.engine.definition import Definition
from workflows.engine.scenarios import _WAYS, _compare, _Player

MODELS = 120
MOVES = 40


@dataclass
class Sketch:
    """Draws a random model, block by block; a block has one way in and one way out."""

    dice: random.Random
    lines: list[str] = field(default_factory=list)
    nodes: list[Drawn] = field(default_factory=list)
    names: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))
    called: dict[str, bytes] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def name(self, kind: str) -> str:
        return f"{kind}{next(self.names)}"

    def add(self, node: Drawn) -> str:
        self.nodes.append(node)
        return node.id

    def inner(self) -> Sketch:
        """A sketch for the inside of a sub-process, with names of its own."""
        return Sketch(self.dice, names=self.names, called=self.called, messages=self.messages)

    def scope(self, depth: int) -> tuple[str, list[Drawn]]:
        """The flows and nodes of a whole scope."""
        first, last = self.block(depth)
        self.lines[:0] = [f"{self.name('start')} -> {first}"]
        self.lines.append(f"{last} -> {self.add(end(self.name('end'), self.dice.choice(['', '', 'terminate'])))}")
        for _ in range(self.dice.choice([0, 0, 1])):
            self.nodes.append(self.event_sub())
        return "\n".join(self.lines), self.nodes

    def event_sub(self) -> Drawn:
        sketch = self.inner()
        begin, work = self.name("begin"), self.name("told")
        sketch.lines = [f"{begin} -> {sketch.add(user(work))} -> {self.name('ended')}"]
        kind = self.dice.choice(["timer:P20D", self.message()])
        interrupting = self.dice.random() < 0.4
        return event_sub(self.name("any_time"), kind, sketch.lines[0], *sketch.nodes, interrupting=interrupting)

    def message(self) -> str:
        if not self.messages or self.dice.random() < 0.5:
            self.messages.append(self.name("message"))
        return f"message:{self.dice.choice(self.messages)}"

    def block(self, depth: int) -> tuple[str, str]:
        """(way in, way out) of a random block."""
        kinds: list[Callable[[int], tuple[str, str]]] = [self.work, self.work, self.step, self.wait]
        if depth > 0:
            nested = [self.row, self.choice, self.both, self.some, self.loop, self.sub_process, self.call, self.first]
            kinds += [*nested, *nested, self.row]
        return self.dice.choice(kinds)(depth - 1)

    def work(self, depth: int) -> tuple[str, str]:
        node = user(self.name("work"), keep=self.dice.choice(["again", "number", "again,number"]))
        if self.dice.random() < 0.25:
            node = self.repeated(node)
        return self.with_boundaries(self.add(node))

    def repeated(self, node: Drawn) -> Drawn:
        item = self.name("item")
        parts = {"over": "list", "item": item} if self.dice.random() < 0.5 else {"count": "number % 3"}
        if self.dice.random() < 0.5:
            parts |= {"into": self.name("into"), "result": "number"}
        if self.dice.random() < 0.3:
            parts |= {"until": "instances_done >= 2"}
        return many(node, sequential=self.dice.random() < 0.5, **parts)

    def with_boundaries(self, name: str) -> tuple[str, str]:
        """What interrupts comes back to the way of the activity (a join may wait there); the rest ends by itself."""
        merge = self.name("merge")
        interrupted = False
        for _ in range(self.dice.choice([0, 0, 1, 2])):
            kind = self.dice.choice(["timer:P2D", "timer:P9D", self.message()])
            interrupting = self.dice.random() < 0.5
            event = self.add(boundary(self.name("event"), name, kind, interrupting=interrupting))
            work = self.add(user(self.name("side"))) if self.dice.random() < 0.5 else self.name("quick")
            self.lines.append(f"{event} -> {work} -> {merge if interrupting else self.name('side_end')}")
            interrupted |= interrupting
        if not interrupted:
            return name, name
        self.add(exclusive(merge))
        self.lines.append(f"{name} -> {merge}")
        return name, merge

    def step(self, depth: int) -> tuple[str, str]:
        name = self.add(service(self.name("step")))
        return name, name

    def wait(self, depth: int) -> tuple[str, str]:
        name = self.add(catch(self.name("wait"), self.dice.choice(["timer:P1D", "timer:P5D", self.message()])))
        return name, name

    def row(self, depth: int) -> tuple[str, str]:
        (first, here), (there, last) = self.block(depth), self.block(depth)
        self.lines.append(f"{here} -> {there}")
        return first, last

    def branches(self, depth: int, split: str, join: str, conditions: list[str]) -> tuple[str, str]:
        for condition in conditions:
            first, last = self.block(depth)
            self.lines += [f"{split} -> {first}{condition}", f"{last} -> {join}"]
        return split, join

    def choice(self, depth: int) -> tuple[str, str]:
        split, join = self.add(exclusive(self.name("which"))), self.add(exclusive(self.name("merge")))
        return self.branches(depth, split, join, [" : number % 3 == 0", " : again", ""])

    def both(self, depth: int) -> tuple[str, str]:
        split, join = self.add(parallel(self.name("fork"))), self.add(parallel(self.name("join")))
        return self.branches(depth, split, join, [""] * self.dice.choice([2, 3]))

    def some(self, depth: int) -> tuple[str, str]:
        split, join = self.add(inclusive(self.name("some"))), self.add(inclusive(self.name("gather")))
        return self.branches(depth, split, join, [" : number % 2 == 0", " : again", ""])

    def loop(self, depth: int) -> tuple[str, str]:
        merge, which = self.add(exclusive(self.name("round"))), self.add(exclusive(self.name("more")))
        asked = self.add(user(self.name("ask"), keep="again"))
        first, last = self.block(depth)
        self.lines += [f"{merge} -> {first}", f"{last} -> {asked} -> {which}", f"{which} -> {merge} : again"]
        after = self.add(service(self.name("after")))
        self.lines.append(f"{which} -> {after}")
        return merge, after

    def sub_process(self, depth: int) -> tuple[str, str]:
        flows, nodes = self.inner().scope(depth)
        node = sub(self.name("sub"), flows, *nodes)
        return self.with_boundaries(self.add(self.repeated(node) if self.dice.random() < 0.3 else node))

    def call(self, depth: int) -> tuple[str, str]:
        called = self.name("called")
        flows, nodes = self.inner().scope(depth)
        self.called |= process(called, flows, *nodes)
        return self.with_boundaries(self.add(call(self.name("call"), called)))

    def first(self, depth: int) -> tuple[str, str]:
        either, merge = self.add(event_gateway(self.name("either"))), self.add(exclusive(self.name("merge")))
        for kind in (self.message(), "timer:P3D"):
            self.lines.append(f"{either} -> {self.add(catch(self.name('first'), kind))} -> {merge}")
        return either, merge


def random_model(dice: random.Random) -> tuple[Definition, list[str]]:
    sketch = Sketch(dice)
    flows, nodes = sketch.scope(3)
    return compiled({**process("random_model", flows, *nodes), **sketch.called}), sketch.messages


def random_move(dice: random.Random, player: _Player, messages: list[str]) -> dict[str, Any]:
    people = player._people()
    awaited = sorted(player.run.awaited)
    if people and dice.random() < 0.75:
        entry = dice.choice(people)
        nth = [other.token for other in people if other.node.id == entry.node.id].index(entry.token)
        answers = {"again": dice.random() < 0.4, "number": dice.randrange(6)}
        return {"complete": entry.node.id, "nth": nth, "answers": answers}
    if messages and dice.random() < 0.5:
        name = dice.choice(awaited or messages)
        return {"message": name, "data": {"told": dice.randrange(9)}, "ignored": name not in awaited}
    return {"wait": dice.choice(["PT1H", "P1D", "P4D", "P10D"])}


@pytest.mark.parametrize("seed", range(MODELS))
def test_any_model_goes_the_same_way_however_it_is_kept(seed: int) -> None:
    dice = random.Random(seed)
    definition, messages = random_model(dice)
    scenario = {"start": START, "data": {"again": False, "number": 1, "list": ["a", "b"]}}
    players = [_Player(name, keep, definition, scenario) for name, keep in _WAYS.items()]
    for number in range(MOVES):
        if players[0].run.state == "done":
            break
        move = random_move(dice, players[0], messages)
        for player in players:
            player.move(f"move {number} {move}", move)
        _compare(f"move {number} {move}", players)
    assert max(players[0].sizes, default=0) < 6_000


def test_these_models_come_to_their_end() -> None:
    """The test above would show little if the models were stuck from the start."""
    ended = 0
    for seed in range(40):
        dice = random.Random(seed)
        definition, messages = random_model(dice)
        data = {"again": False, "number": 1, "list": ["a", "b"]}
        player = _Player("pruned", _WAYS["pruned"], definition, {"start": START, "data": data})
        for _ in range(400):
            if player.run.state == "done":
                break
            player.move("", random_move(dice, player, messages))
        ended += player.run.state == "done"
    assert ended == 40
