"""A process of its own that turns a file of unknown origin into rows of plain cells, within limits.

Run as a script: the file on standard input, the limits as JSON in the only argument, JSON lines on standard output:
first `{"merged": true|false}`, then one `[row number, cell, cell, ...]` per row that holds anything, last
`{"rows": count}`. A file that cannot be read gives `{"error": code, ...}` instead. Whatever a hostile file does to the
parser (exhausting memory, crashing it) ends this process and nothing else.

Only the standard library and python-calamine are imported: starting it costs a tenth of a second.
"""

import codecs
import contextlib
import csv
import datetime
import io
import json
import os
import re
import shutil
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NoReturn

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
WIDEST = 256
"""Columns read; .xls has no more."""
TALLEST_MERGE = 1000
"""Rows: a merged cell higher than any household is decoration."""
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
DELIMITERS = ",\t;|"


class Unreadable(Exception):
    """The file cannot be read; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def main() -> None:
    """Read standard input, write rows."""
    limits = json.loads(sys.argv[1])
    _restrict(limits)
    try:
        rows, merged = _open(_received(), limits)
        _say({"merged": merged})
        _say({"rows": _tell(rows, limits["rows"])})
    except Unreadable as refused:
        _fail(refused.code)
    except MemoryError:
        _fail("roster_too_large")
    except BaseException:  # pyo3's PanicException is no Exception
        _fail("roster_unreadable")


def _restrict(limits: dict[str, int]) -> None:
    """Memory and processor time, as far as the system lets them be limited."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_AS, limits["memory"]), (resource.RLIMIT_CPU, limits["seconds"])):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _say(line: Any) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def _fail(code: str) -> NoReturn:
    _say({"error": code})
    sys.stdout.flush()
    sys.exit(0)


def _tell(rows: Iterable[tuple[int, list[Any]]], most: int) -> int:
    """Write the rows that hold anything; how many they were."""
    told = 0
    for number, cells in rows:
        while cells and cells[-1] in ("", None):
            cells.pop()
        if not cells:
            continue
        told += 1
        if told > most:
            raise Unreadable("roster_too_large")
        _say([number, *cells])
    return told


def _received() -> BinaryIO:
    """Standard input as a file without a name: it holds id numbers and never touches the disk.

    Where the system has files in memory, the parser reads from one without a copy of its own.
    """
    create = getattr(os, "memfd_create", None)
    file: BinaryIO = os.fdopen(create("roster"), "w+b") if create else io.BytesIO()
    shutil.copyfileobj(sys.stdin.buffer, file)
    file.seek(0)
    return file


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(1 << 20):
        yield piece
    file.seek(0)


def _open(file: BinaryIO, limits: dict[str, int]) -> tuple[Iterator[tuple[int, list[Any]]], bool]:
    """The rows, numbered from 1 as the spreadsheet does, and whether merged cells were filled."""
    head = file.read(len(OLE))
    if not any(piece.strip(b"\x00 \t\r\n") for piece in _pieces(file)):
        raise Unreadable("roster_empty")
    file.seek(0)
    if head.startswith(ZIP):
        _look_into_zip(file, limits["inflated"])
        return _sheet(file)
    if head == OLE:
        if ENCRYPTED_PACKAGE in file.read():
            raise Unreadable("roster_encrypted")
        return _sheet(file)
    return _csv(file), False


# --- spreadsheets ---------------------------------------------------------------------------------------------------


def _look_into_zip(file: BinaryIO, most: int) -> None:
    """Refuse what is no workbook, holds macros, or grows beyond all measure when unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = {entry.filename.lower() for entry in entries}
            if any(entry.flag_bits & 1 for entry in entries):
                raise Unreadable("roster_encrypted")
            if any(name.endswith("vbaproject.bin") for name in names):
                raise Unreadable("roster_macros")
            if "xl/workbook.xml" not in names:
                raise Unreadable("roster_unreadable")
            if len(entries) > 10_000 or sum(entry.file_size for entry in entries) > most:
                raise Unreadable("roster_too_large")
            _verify_sizes(archive, entries)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zlib.error) as wrong:
        raise Unreadable("roster_unreadable") from wrong


def _verify_sizes(archive: zipfile.ZipFile, entries: Iterable[zipfile.ZipInfo]) -> None:
    """Unpack everything once: the declared size bounds the reading, and its checksum exposes a size that lies."""
    for entry in entries:
        with archive.open(entry) as part:
            while part.read(1 << 20):
                pass


def _sheet(file: BinaryIO) -> tuple[Iterator[tuple[int, list[Any]]], bool]:
    """The first sheet, formulas by their stored results."""
    import python_calamine

    file.seek(0)
    place = file if isinstance(file, io.BytesIO) else f"/proc/self/fd/{file.fileno()}"
    try:
        with python_calamine.load_workbook(place) as workbook:
            sheet = workbook.get_sheet_by_index(0)
            merged = [area for area in sheet.merged_cell_ranges or [] if area[0][0] != area[1][0]]
    except python_calamine.PasswordError as wrong:
        raise Unreadable("roster_encrypted") from wrong
    except (python_calamine.CalamineError, OSError) as wrong:
        raise Unreadable("roster_unreadable") from wrong
    if sheet.start is None:
        raise Unreadable("roster_empty")
    top, left = sheet.start
    rows = ((top + 1 + place, _cells(row, left)) for place, row in enumerate(sheet.iter_rows()))
    return (_fill(rows, merged), True) if merged else (rows, False)


def _cells(row: list[Any], left: int) -> list[Any]:
    return [""] * min(left, WIDEST) + [_plain(cell) for cell in row[: max(0, WIDEST - left)]]


def _plain(cell: Any) -> Any:
    """Dates as ISO text; JSON knows the others."""
    if isinstance(cell, str | int | float):
        return cell
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, datetime.date) else str(cell)


def _fill(rows: Iterable[tuple[int, list[Any]]], merged: list[Any]) -> Iterator[tuple[int, list[Any]]]:
    """Give every row of a merged area the area's value: a household's number stands once for all its members."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for (first, column), (last, _) in merged:
        if column < WIDEST and last - first <= TALLEST_MERGE:
            starts.setdefault(first + 1, []).append((column, last + 1))
    running: dict[int, tuple[Any, int]] = {}
    for number, cells in rows:
        if any(cell not in ("", None) for cell in cells):
            for column, (value, last) in running.items():
                if number <= last and _at(cells, column) in ("", None):
                    cells.extend([""] * (column + 1 - len(cells)))
                    cells[column] = value
        running = {column: area for column, area in running.items() if area[1] > number}
        for column, last in starts.pop(number, ()):
            running[column] = (_at(cells, column), last)
        yield number, cells


def _at(cells: list[Any], column: int) -> Any:
    return cells[column] if column < len(cells) else ""


# --- text -----------------------------------------------------------------------------------------------------------


def _csv(file: BinaryIO) -> Iterator[tuple[int, list[Any]]]:
    """Separated values in UTF-8, UTF-16 (with a mark) or GB 18030."""
    head = next(_pieces(file))
    encoding = _encoding(file, head)
    start = head[:65536].decode(encoding, errors="ignore")
    delimiter = max(DELIMITERS, key=start.count)
    if start.count(delimiter) < 2:
        raise Unreadable("roster_unreadable")
    csv.field_size_limit(1 << 16)
    file.seek(0)
    lines = csv.reader(io.TextIOWrapper(file, encoding, newline=""), delimiter=delimiter)
    try:
        for cells in lines:
            yield lines.line_num, cells[:WIDEST]
    except csv.Error as wrong:
        raise Unreadable("roster_unreadable") from wrong


def _encoding(file: BinaryIO, head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif any(CONTROL.search(piece) for piece in _pieces(file)):
        raise Unreadable("roster_unreadable")  # a picture, a PDF, a program: no text
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        if _decodes(file, encoding):
            return encoding
    raise Unreadable("roster_unreadable")


def _decodes(file: BinaryIO, encoding: str) -> bool:
    """Whether all of it is text in this encoding; piece by piece, since a decoded copy would be large."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in _pieces(file):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


if __name__ == "__main__":
    main()
