"""The figures of a run: the table on the screen, and bench.json."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django
import psutil
from django.db import connection
from rich.console import Console
from rich.table import Table

FILE = Path(__file__).resolve().parents[2] / "bench.json"


@dataclass
class Figures:
    """What was measured so far: bench.json by its keys, the table line by line."""

    kept: dict[str, Any] = field(default_factory=dict)
    lines: list[tuple[str, str, str, bool | None]] = field(default_factory=list)

    def add(self, what: str, shown: str, target: str = "", met: bool | None = None) -> None:
        """One line of the table."""
        self.lines.append((what, shown, target, met))

    def write(self, file: Path = FILE) -> None:
        """Write bench.json."""
        file.write_text(json.dumps(self.kept, indent=2, ensure_ascii=False) + "\n", "utf-8")

    def show(self, console: Console) -> None:
        """Print the table."""
        table = Table(title=f"Jieqin: {self.kept['machine']}", title_justify="left")
        for name in ("figure", "measured", "target"):
            table.add_column(name, justify="left" if name == "figure" else "right")
        for what, shown, target, met in self.lines:
            colour = {True: "green", False: "red", None: "default"}[met]
            table.add_row(what, f"[{colour}]{shown}[/]", target)
        console.print(table)


def machine() -> str:
    """What the figures were measured on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
        )
        version, fsync, commit = cursor.fetchone()
    memory = round(psutil.virtual_memory().total / 2**30)
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory} GB, {system}, "
        f"Python {platform.python_version()}, Django {django.__version__}, "
        f"PostgreSQL {version.split()[0]} (fsync {fsync}, synchronous_commit {commit}); "
        f"load {os.getloadavg()[0]:.1f} at start"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
