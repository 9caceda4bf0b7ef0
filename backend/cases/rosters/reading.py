"""From a file to rows that are understood: the header found by its names, junk left out and counted.

Parsing happens in `sheet_reader`, a process with limits of its own: what a hostile file exhausts or crashes is that
process. Its answer is kept compressed until it has ended, so that the two never hold the table at the same time.
"""

import json
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from backend.cases.rosters.columns import Column, headings, plain_heading
from backend.cases.rosters.problems import REFUSALS, RosterColumns, RosterEmpty, RosterTooLarge, RosterUnreadable
from backend.cases.rosters.values import Cell, clean, written

MOST_BYTES = 50_000_000
"""Of an uploaded file. A roster of 100,000 rows has 13 MB as .xlsx and 27 MB as .csv."""

LIMITS = {
    "memory": 600_000_000,  # bytes of address space: 100,000 full rows need 450 MB
    "seconds": 120,  # of processor time: 100,000 full rows need 10
    "rows": 200_000,
    "inflated": 500_000_000,  # bytes of a workbook unpacked: 100,000 full rows have 180 MB
}
HEADER_WITHIN = 60
"""Rows in which the header is looked for."""

_READER = Path(__file__).with_name("sheet_reader.py")
_OUT_OF_MEMORY = frozenset({-6, -9, -24})
"""Exit by SIGABRT (the allocator gave up), SIGKILL or SIGXCPU."""


@dataclass
class Spool:
    """Lines kept compressed in memory; they hold id numbers and never touch the disk."""

    packed: list[bytes] = field(default_factory=list)
    tail: str = ""
    """The last line: it tells whether the reading came to its end."""

    def keep(self, source: Iterable[bytes]) -> None:
        """Take all lines."""
        packer = zlib.compressobj(1)
        last = b""
        for line in source:
            last = line
            self.packed.append(packer.compress(line))
        self.packed.append(packer.flush())
        self.tail = last.decode()

    def lines(self) -> Iterator[str]:
        """The lines again, as often as wanted."""
        unpacker = zlib.decompressobj()
        rest = b""
        for piece in self.packed:
            if not piece:
                continue
            *whole, rest = (rest + unpacker.decompress(piece)).split(b"\n")
            for line in whole:
                yield line.decode()


def read(content: Iterable[bytes]) -> Spool:
    """The rows of the file's first sheet, as `sheet_reader` tells them.

    Raises RosterEmpty, RosterUnreadable, RosterEncrypted, RosterMacros or RosterTooLarge.
    """
    command = [sys.executable, "-I", str(_READER), json.dumps(LIMITS)]
    spool = Spool()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        _feed(process, content)
        spool.keep(process.stdout or ())
        ended = process.wait()
    try:
        last = json.loads(spool.tail)
    except ValueError:
        last = None
    if isinstance(last, dict) and "error" in last:
        raise REFUSALS.get(last["error"], RosterUnreadable)()
    if ended in _OUT_OF_MEMORY:
        raise RosterTooLarge
    if not isinstance(last, dict) or "rows" not in last:
        raise RosterUnreadable
    return spool


def _feed(process: "subprocess.Popen[bytes]", content: Iterable[bytes]) -> None:
    """Give the file to the reader, which says nothing before it has all of it."""
    if process.stdin is None:
        return
    try:
        for piece in content:
            process.stdin.write(piece)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it ended early; its exit tells why


@dataclass
class Table:
    """The table inside a sheet: which position holds which column, and the rows below the header."""

    header: int
    """The header's row."""
    names: Sequence[Cell]
    """What stands in it."""
    places: Mapping[int, int]
    """Position in the sheet → place in the kind's columns."""
    notes: Mapping[int, str]
    """Position → heading of a column that no roster knows."""
    merged: bool
    spool: Spool
    columns: tuple[Column, ...]
    skipped: int = 0
    """Rows that name nobody: titles, remarks, sums. Counted while the rows are read."""

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """The rows that are about a person."""
        self.skipped = 0
        required = [position for position, place in self.places.items() if self.columns[place].required]
        for number, cells in _cells(self.spool):
            if number > self.header and self._names_somebody(cells, required):
                yield number, cells
            elif number != self.header:
                self.skipped += 1

    def everything(self) -> Iterator[tuple[int, list[Cell]]]:
        """All rows of the sheet that hold anything."""
        return _cells(self.spool)

    def _names_somebody(self, cells: list[Cell], required: list[int]) -> bool:
        """Whether a row is about a person: two of the columns that identify one are filled, and it is no sum."""
        given = [position for position in required if position < len(cells) and cells[position] not in ("", None)]
        if len(given) < 2 or cells[given[0]] == self.names[given[0]]:  # printed rosters repeat their header
            return False
        return len(given) > 3 or not clean(written(cells[0]))[0].startswith(_REMARKS)


_REMARKS = ("合计", "总计", "小计", "填表", "制表", "说明", "备注", "审核", "单位")


def _cells(spool: Spool) -> Iterator[tuple[int, list[Cell]]]:
    for line in spool.lines():
        if line.startswith("["):
            number, *cells = json.loads(line)
            yield number, cells


def find_table(spool: Spool, columns: tuple[Column, ...]) -> Table:
    """The table of a roster with these columns.

    Raises RosterEmpty when the sheet holds no row, RosterColumns when no row names all the columns that are needed.
    """
    known = headings(columns)
    rows = list(islice(_cells(spool), HEADER_WITHIN))
    if not rows:
        raise RosterEmpty
    header, names, best = max(((number, cells, _places(cells, known)) for number, cells in rows), key=_how_many_found)
    needed = [column.heading for place, column in enumerate(columns) if column.required and place not in best.values()]
    if needed:
        raise RosterColumns(params={"columns": "、".join(needed)})
    notes = {
        position: clean(written(cell))[0][:60]
        for position, cell in enumerate(names)
        if position not in best and clean(written(cell))[0]
    }
    merged = '"merged":true' in next(iter(spool.lines()), "")
    return Table(header, names, best, notes, merged, spool, columns)


def _how_many_found(candidate: tuple[int, list[Cell], dict[int, int]]) -> int:
    return len(candidate[2])


def _places(cells: list[Cell], known: Mapping[str, int]) -> dict[int, int]:
    """Position → place of every known heading in the row; of two equal ones the first counts."""
    found: dict[int, int] = {}
    for position, cell in enumerate(cells):
        place = known.get(plain_heading(cell)) if isinstance(cell, str) else None
        if place is not None and place not in found.values():
            found[position] = place
    return found
