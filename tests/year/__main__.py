"""`make year`: a county's year in the real engine, on a database of its own that is thrown away.

10,000 families take many hours on two cores, 1,000 about one. Ctrl-C ends it with the day and judges what was lived
so far; with --keep the database stays, and the same command goes on with the day after.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

import django
from rich.console import Console

from tests.bench import database


def main() -> int:
    """Live it, print months and findings, write them down. 1 when something is stuck or not as it was written."""
    told = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    told.add_argument("families", type=int, nargs="?", default=10_000, help="how many families (10,000)")
    told.add_argument("--processes", type=int, default=0, help="how many processes live it (2, or as many as cores)")
    told.add_argument("--nights", type=int, default=1, help="periodic jobs run every so manieth night (1: each)")
    told.add_argument("--seed", type=int, default=1, help="the same seed is the same year")
    told.add_argument("--file", type=Path, default=Path("year.json"), help="where figures are written (year.json)")
    told.add_argument("--keep", type=Path, help="a folder that keeps it from one run to the next")
    given = told.parse_args()
    console = Console()
    for each in (signal.SIGINT, signal.SIGTERM):  # also in the background, where the first is not heard by itself
        signal.signal(each, signal.default_int_handler)
    held = database.kept(given.keep / "database") if given.keep else database.serving("jieqin_year")
    with held as url, tempfile.TemporaryDirectory(prefix="jieqin-year-") as folder:
        os.environ |= {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "JIEQIN_DATA": str(Path(folder) / "data"),
            "JIEQIN_LOG_LEVEL": "ERROR",
        }
        django.setup()
        from django.core.management import call_command  # the settings come first

        from tests.year import run

        with console.status("the database is made"):
            call_command("migrate", verbosity=0)
        processes = given.processes or run.cores()
        plan = run.Plan(given.families, processes, given.nights, given.seed, given.file, given.keep)
        found = run.run(plan, console)
    run.show(found, console)
    return 0 if found.last and not found.last["year_stuck"] and found.last["year_history_ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
