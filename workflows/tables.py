"""Decision tables as a version of a process has them, for what is decided beside its diagram or outside of a run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

from workflows.engine.decisions import Table, read_table
from workflows.models import Process


class NoTable(LookupError):
    """This version of the process has no such table."""


@lru_cache(maxsize=64)
def table_of(process_id: UUID, name: str) -> Table:
    """The table `name` of a version of a process; a version never changes. Raises NoTable."""
    files: Mapping[str, str] = Process.objects.values_list("files", flat=True).get(pk=process_id)
    for path, text in files.items():
        if path.endswith(f"/{name}.dmn"):
            return read_table(text.encode())
    raise NoTable(name)
