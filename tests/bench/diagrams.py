"""The processes of the measurements, drawn to size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from backend.org.access import SYSTEM
from tests.engine.drawing import Drawn, catch, end, exclusive, parallel, process, rule, table, user
from workflows.deployment import deploy
from workflows.models import Process

ANSWERS: Mapping[str, Any] = {"again": False, "answer": "米面已送到，老人精神好", "number": 3}
AGAIN: Mapping[str, Any] = {**ANSWERS, "again": True}


def line(nodes: int) -> dict[str, str]:
    """So many nodes (even, from 6): begin, a decision table, a work item and a gateway in turn, two ends."""
    blocks = (nodes - 4) // 2
    rest = "".join(f" -> work_{number} -> weigh_{number}" for number in range(2, blocks + 1))
    flows = ["begun -> work_1 -> weigh_1", f"weigh_1 -> rate{rest} -> ended"]
    flows += [f"weigh_{number} -> stopped : again" for number in range(1, blocks + 1)]
    drawn = [
        node for number in range(1, blocks + 1) for node in (_work(f"work_{number}"), exclusive(f"weigh_{number}"))
    ]
    name = f"line_{nodes}"
    files = process(name, "\n".join(flows), *drawn, rule("rate", "rate"), end("ended"), end("stopped"))
    tiers = [(["< 2"], ["'C'"]), (["in [2, 3]"], ["'B'"]), (["> 3"], ["'A'"])]
    return _text(files | {f"{name}/rate.dmn": table("rate", "FIRST", ["number"], ["tier"], tiers)})


def fork(branches: int) -> dict[str, str]:
    """So many work items open at once."""
    names = [f"work_{number}" for number in range(1, branches + 1)]
    flows = ["begun -> split", "join -> ended", *(f"split -> {name} -> join" for name in names)]
    drawn = [*map(_work, names), parallel("split"), parallel("join"), end("ended")]
    return _text(process(f"fork_{branches}", "\n".join(flows), *drawn))


def loop() -> dict[str, str]:
    """The same work item again and again."""
    flows = "begun -> meet -> visit -> more \n more -> meet : again \n more -> ended"
    return _text(process("loop", flows, _work("visit"), exclusive("meet"), exclusive("more"), end("ended")))


def pause() -> dict[str, str]:
    """An hour's wait, then somebody has to look."""
    flows = "begun -> hour -> look -> ended"
    return _text(process("pause", flows, _work("look"), catch("hour", "timer:PT1H"), end("ended")))


def deployed(files: Mapping[str, str]) -> Process:
    """The process, stored."""
    key = next(iter(files)).partition("/")[0]
    return deploy(key=key, files=files, actor=SYSTEM, now=timezone.now())[0]


def _work(name: str) -> Drawn:
    return user(name, keep="again, number", due="10wd")


def _text(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: content.decode() for path, content in files.items()}
