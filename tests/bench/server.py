"""The web server of a run: Gunicorn with the settings of production, on a free port of this machine only."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from backend.core.processes import tail
from backend.ops.supervisor import spawned

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = "tests.bench.settings"
READY_SECONDS = 60


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[int]:
    """The port where it answers while the block lasts; its log goes to this folder."""
    port = _free_port()
    log = folder / "web.log"
    command = ["gunicorn", "--config", "python:backend.ops.webserver", "backend.wsgi:application"]
    process = spawned(
        [sys.executable, "-m", *command],
        log=log,
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": SETTINGS, "PORT": str(port), "JIEQIN_LOG_LEVEL": "INFO"},
    )
    try:
        _wait(process, port, log)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            client.request("GET", "/healthz")
            if client.getresponse().status < 500:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the web server did not start: {tail(log)}")
