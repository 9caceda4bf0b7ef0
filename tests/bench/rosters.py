"""The import of a roster: dry run and application by the command, in a process of its own whose memory is read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from backend.cases.rosters import synthetic
from tests import factories
from tests.bench.server import ROOT


@dataclass(frozen=True)
class Imported:
    """How fast, and how much memory at most (resident, of the importing process)."""

    rows_per_second: float
    peak_mb: float


def imported(folder: Path, rows: int) -> Imported:
    """Import a synthetic roster of so many rows, a tenth of them untidy. Raises RuntimeError when the command fails."""
    factories.town()
    file = folder / "families.xlsx"
    synthetic.write(synthetic.families(rows=rows, mess=0.1), file)
    command = [sys.executable, "backend/manage.py", "import_roster", "families", str(file), "--unit", factories.TOWN]
    begun = time.perf_counter()
    log = folder / "import.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    file.unlink()
    if process.returncode:
        raise RuntimeError(log.read_text(errors="replace")[-2000:])
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Imported(rows / seconds, usage.ru_maxrss * kilobyte / 1_000_000)
