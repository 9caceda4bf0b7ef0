"""Runs several programs as one: starts them in order, restarts what dies, stops them in the opposite order."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from backend.core.processes import appended, tied

POLL_SECONDS = 0.2
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STEADY_SECONDS = 60.0
"""A program that lived this long is started again without delay the next time."""
LARGEST_LOG = 20 * 1024 * 1024

Process = subprocess.Popen[bytes]


@dataclass
class Program:
    """One program under supervision: how to start it, and how to end it."""

    name: str
    start: Callable[[], Process]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 20
    process: Process | None = None
    started_at: float = 0.0
    delay: float = 0.0
    due_at: float = 0.0


@dataclass
class Supervisor:
    """The programs in the order of their start. `report` tells the person at the terminal what happened."""

    report: Callable[[str], None]
    programs: list[Program] = field(default_factory=list)

    def start(self, program: Program) -> Process:
        """Start one more program and keep it running from now on."""
        rotate(program.log)
        program.process = program.start()
        program.started_at = time.monotonic()
        self.programs.append(program)
        return program.process

    def watch(self) -> None:
        """Keep everything running until something (Ctrl-C) raises."""
        while True:
            for program in self.programs:
                self._mend(program)
                rotate(program.log)
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop everything, the last started first. Never raises: what does not want to end is killed."""
        for program in reversed(self.programs):
            if program.process is not None:
                _stop(program.process, program)
        self.programs.clear()

    def _mend(self, program: Program) -> None:
        """Start a program again that has died, later and later when it keeps dying."""
        now = time.monotonic()
        if program.process is not None:
            code = program.process.poll()
            if code is None:
                return
            program.process = None
            steady = now - program.started_at > STEADY_SECONDS
            program.delay = 0.0 if steady else min(max(program.delay * 2, FIRST_DELAY), LONGEST_DELAY)
            program.due_at = now + program.delay
            told = {"name": program.name, "code": code, "seconds": f"{program.delay:.1f}", "log": program.log}
            self.report(_("%(name)s ended (%(code)s); starting it again in %(seconds)s s. Log: %(log)s") % told)
        if now >= program.due_at:
            self._start_again(program)

    def _start_again(self, program: Program) -> None:
        program.started_at = time.monotonic()
        try:
            program.process = program.start()
        except Exception as error:
            program.delay = min(max(program.delay * 2, FIRST_DELAY), LONGEST_DELAY)
            program.due_at = time.monotonic() + program.delay
            self.report(_("%(name)s does not start: %(error)s") % {"name": program.name, "error": error})


def spawned(command: list[str], *, log: Path, cwd: Path, env: dict[str, str]) -> Process:
    """A child in a session of its own (Ctrl-C reaches only us, so the order of stopping is ours), killed if we are."""
    with appended(log) as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=env,
            start_new_session=True,
            preexec_fn=tied(signal.SIGKILL),
        )


def rotate(log: Path) -> None:
    """Move a log's content aside when it has grown large; the programs go on writing to the same file."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LARGEST_LOG:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def _stop(process: Process, program: Program) -> None:
    if process.poll() is None:
        process.send_signal(program.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(program.stop_seconds)
    # Whatever is left of its session, or did not listen.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
    process.wait()
