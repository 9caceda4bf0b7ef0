"""`make bench`: the figures of this project, measured. BENCH_SCALE=small takes less than five minutes."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import django
from rich.console import Console

from tests.bench import database


def main() -> int:
    """Measure on a database of its own, print the table, write bench.json."""
    console = Console()
    scale = os.environ.get("BENCH_SCALE") or "full"
    with database.serving() as url, tempfile.TemporaryDirectory(prefix="jieqin-bench-") as folder:
        os.environ |= {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "JIEQIN_DATA": str(Path(folder) / "data"),
            "JIEQIN_LOG_LEVEL": "ERROR",  # of this process; the web server logs as in production
        }
        django.setup()
        from tests.bench.run import SCALES, Run  # models need the settings

        if scale not in SCALES:
            console.print(f"BENCH_SCALE: one of {', '.join(SCALES)}")
            return 2
        found = Run(SCALES[scale], Path(folder), console)()
    found.kept["scale"] = scale
    found.write()
    found.show(console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
