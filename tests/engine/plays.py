"""Shortcuts for tests that draw a model and play it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workflows.engine.definition import Definition, compile_definition
from workflows.engine.runner import Run, Step
from workflows.engine.scenarios import Story, play

START = "2026-03-02T09:00:00+08:00"
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)

Move = Mapping[str, Any]


def compiled(files: Mapping[str, bytes], process: str | None = None) -> Definition:
    """The definition of the first process of the files."""
    return compile_definition(files, process_id=process or next(iter(files)).split("/")[0])


def complete(node: str, nth: int = 0, **answers: Any) -> Move:
    return {"complete": node, "answers": answers, "nth": nth}


def message(name: str, *, ignored: bool = False, **data: Any) -> Move:
    return {"message": name, "data": data, "ignored": ignored}


def wait(duration: str) -> Move:
    return {"wait": duration}


def waiting(*nodes: str, **data: Any) -> Move:
    return {"expect": {"waiting": list(nodes), "data": data}}


def told(
    files: Mapping[str, bytes],
    *moves: Move,
    end: str,
    data: Mapping[str, Any] | None = None,
    steps: Mapping[str, list[dict[str, Any]]] | None = None,
) -> Story:
    """Draw, compile and play; see `scenarios.play` for the three ways in which it is played."""
    canned = {name: [{"returns": result} for result in results] for name, results in (steps or {}).items()}
    scenario = {"start": START, "data": data or {}, "steps": canned, "play": list(moves), "end": end}
    return play(compiled(files), scenario)


def started(
    definition: Definition, *, data: Mapping[str, Any] | None = None, steps: Mapping[str, Step] | None = None
) -> Run:
    """A run at its first waits; steps that are not given do nothing."""
    known: dict[str, Step] = dict.fromkeys(definition.steps, lambda call: None)
    return Run.start(definition, data=data or {}, steps={**known, **(steps or {})}, context=None, now=NOW)


def again(run: Run, *, now: datetime = NOW, prune: bool = True, definition: Definition | None = None) -> Run:
    """The run saved and restored."""
    definition = definition or run.definition
    steps: dict[str, Step] = dict.fromkeys(definition.steps, lambda call: None)
    return Run.restore(definition, run.dump(prune=prune), steps=steps, context=None, now=now)
