"""Clients that send requests as fast as they are answered, each over one kept connection, to this machine only."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

CLIENTS = 6


@dataclass(frozen=True)
class Request:
    """One POST."""

    path: str
    body: Mapping[str, Any]
    token: str


@dataclass
class Load:
    """What was answered, and how long it took."""

    seconds: float = 0.0
    answered: list[float] = field(default_factory=list)
    """Seconds per answer."""

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.answered) / self.seconds

    def add(self, other: Load) -> None:
        """Count another round in."""
        self.seconds += other.seconds
        self.answered += other.answered


def drive(port: int, next_request: Callable[[int], Request | None], *, seconds: float) -> Load:
    """All clients send for so long; `next_request(client)` tells what (None: nothing left).

    Raises RuntimeError when an answer is no success.
    """
    stop = threading.Event()
    troubles: list[BaseException] = []
    answered: list[list[float]] = [[] for _ in range(CLIENTS)]

    def client(number: int) -> None:
        try:
            _send(port, lambda: None if stop.is_set() else next_request(number), answered[number])
        except BaseException as trouble:
            troubles.append(trouble)
            stop.set()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    if troubles:
        raise troubles[0]
    return Load(time.perf_counter() - begun, [one for each in answered for one in each])


def _send(port: int, next_request: Callable[[], Request | None], answered: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while (request := next_request()) is not None:
        body = json.dumps(request.body, ensure_ascii=False).encode()
        headers = {"Authorization": f"Bearer {request.token}", "Content-Type": "application/json"}
        begun = time.perf_counter()
        connection.request("POST", request.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        answered.append(time.perf_counter() - begun)
        if answer.status != 200:
            raise RuntimeError(f"{request.path}: {answer.status} {content[:500]!r}")
    connection.close()
