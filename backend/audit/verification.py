"""Is the history as it was written? One pass over events, heads of chains and seals, in constant memory.

A whole history is read in the order in which it lies on the disk, which is many times quicker than chain by chain: the
events of a case lie years apart. Only what is not as it was written is read again, by chains, to be named.
"""

import json
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from backend.audit.canonical import canonical, digest, time_text
from backend.audit.history import SEALED
from backend.audit.models import Seal
from backend.audit.seals import PURPOSE, content
from backend.core.crypto import signature

FETCHED = 2000
LINES = 500
PORTION = 10_000
"""Events, and lines of seals, that a portion reads: about a second's work."""
NEAR = 1000
"""How far from its place a moved event is looked for."""


class Fault(NamedTuple):
    """One thing that is not as it was written.

    `what`: altered, missing, reordered, foreign (belongs elsewhere or was never written through the front door),
    unlinked (follows on an event that is not the one before it any more), head (of the chain), seal.
    """

    chain: str
    seq: int | None
    id: UUID | None
    what: str
    detail: str

    def __str__(self) -> str:
        place = f"{self.chain} #{self.seq}" if self.seq is not None else self.chain
        return " ".join(filter(None, [place, str(self.id or ""), f"{self.what}:", self.detail]))


@dataclass
class Verdict:
    """What a pass found: how much was read, how many faults, and the first of them."""

    chains: int = 0
    events: int = 0
    seals: int = 0
    count: int = 0
    faults: list[Fault] = field(default_factory=list)
    next: str = ""
    """Where a pass that reads a portion stopped: after which chain, or which seal (#number). Empty: all was read."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.count == 0


class Links:
    """Whether every event follows on the one before it, told in any order and in constant memory.

    What every event says that it follows on, and what every event is to the next one, have to be the same things: each
    is added on one side and taken away on the other, as its digest under a key that is drawn for this pass. Nobody
    could have made up other events of the same sum.
    """

    def __init__(self) -> None:
        self.key, self.rest, self.events, self.chains = secrets.token_bytes(32), 0, 0, 0

    def add(self, row: "Row") -> None:
        """An event; with the first of a chain, where the chain begins and ends."""
        chain = row.told["chain"]
        self.events += 1
        self.rest += self._weight(chain, row.seq + 1, row.digest) - self._weight(chain, row.seq, row.previous)
        if row.seq == 1:
            self.chains += 1
            self.rest += self._weight(chain, 1, b"")
            self.rest -= self._weight(chain, (row.length or 0) + 1, row.head or b"")

    def _weight(self, chain: str, seq: int, before: bytes) -> int:
        told = blake2b(f"{chain}\0{seq}\0".encode() + before, key=self.key, digest_size=32)
        return int.from_bytes(told.digest(), "big")

    @property
    def are_closed(self) -> bool:
        """Whether nothing is left on either side."""
        return self.rest % 2**256 == 0


class Row(NamedTuple):
    """An event as stored, with the head of its chain."""

    told: dict[str, Any]
    body: str
    seq: int
    previous: bytes
    digest: bytes
    length: int | None
    head: bytes | None


def verify(
    *, chain: str = "", since: datetime | None = None, most: int = 100, after: str = "", enough: int | None = None
) -> Verdict:
    """One pass (see `faults`), keeping the first `most` faults."""
    verdict = Verdict()
    with transaction.atomic():
        for fault in faults(verdict, chain=chain, since=since, after=after, enough=enough):
            verdict.count += 1
            if len(verdict.faults) < most:
                verdict.faults.append(fault)
    return verdict


def faults(
    verdict: Verdict,
    *,
    chain: str = "",
    since: datetime | None = None,
    seal: str = "",
    read: Callable[[int], None] = lambda events: None,
    after: str = "",
    enough: int | None = None,
) -> Iterator[Fault]:
    """Everything that is not as it was written, as it is found; counts what it reads in `verdict`.

    `chain`: only that one. `since`: only chains that have an event since then (a quick look; the whole pass finds all).
    `seal`: `number:mac` as a log or a notebook tells it, which must still be there. `read`: called with the number of
    events read so far. `enough`: stops where a chain or seal ends when so much was read, and notes in `verdict.next`
    where to go on: the next pass's `after`. Runs best inside a transaction: the cursor is the server's, who would write
    all that was found to a file first.
    """
    if not after.startswith("#"):
        is_whole = not (chain or since or after or enough)
        if not (is_whole and _is_unbroken(verdict, read)):
            verdict.next = yield from _faults_of_chains(verdict, chain, since, read, after, enough)
        yield from _empty_chains(chain, after, verdict.next)
    if since is None and not verdict.next:
        start = int(after[1:]) if after.startswith("#") else 0
        verdict.next = yield from _seal_faults(verdict, chain, seal, start, enough)


def _is_unbroken(verdict: Verdict, read: Callable[[int], None]) -> bool:
    """Whether every event is as it was written and follows on another one, and the last ones are the heads of their
    chains. What was read is counted only if so."""
    links = Links()
    with connection.chunked_cursor() as cursor:
        cursor.execute(_events())
        for row in _rows(cursor, read):
            if any(event_faults(row)):
                return False
            links.add(row)
    if links.are_closed:
        verdict.events, verdict.chains = links.events, links.chains
    return links.are_closed


def _faults_of_chains(
    verdict: Verdict,
    chain: str,
    since: datetime | None,
    read: Callable[[int], None],
    after: str,
    enough: int | None,
) -> Generator[Fault, None, str]:
    """Returns the last chain of a portion, or an empty text after the very last."""
    last = after
    with connection.chunked_cursor() as cursor:
        cursor.execute(*_query(chain, since, after))
        for name, rows in groupby(_rows(cursor, read), key=lambda row: row.told["chain"]):
            if enough is not None and verdict.events >= enough:
                return last
            verdict.chains += 1
            yield from chain_faults(_counted(verdict, rows))
            last = str(name)
    return ""


def chain_faults(rows: Iterable[Row]) -> Iterator[Fault]:
    """The faults of one chain, whose events come in the order of their seq."""
    place, before = 0, b""
    for row in rows:
        chain, id = row.told["chain"], row.told["id"]
        if row.seq > place + 1:
            yield _missing(chain, place + 1, row.seq - 1)
        elif row.seq <= place:
            yield Fault(chain, row.seq, id, "reordered", f"stands after #{place}")
        elif row.previous != before:
            yield Fault(chain, row.seq, id, "unlinked", "the event before it is not the one it was chained to")
        yield from event_faults(row)
        place, before = row.seq, row.digest
    yield from _head_faults(chain, place, before, row)


def event_faults(row: Row) -> Iterator[Fault]:
    """The faults of one event in itself: columns against body, body against digest."""
    chain, id = row.told["chain"], row.told["id"]
    if columns := _altered(row):
        what = "foreign" if "chain" in columns else "altered"
        yield Fault(chain, row.seq, id, what, f"not as its body tells: {', '.join(columns)}")
    if digest(row.previous, row.seq, row.body) != row.digest:
        places = range(max(1, row.seq - NEAR), row.seq + NEAR)
        belongs = next((seq for seq in places if digest(row.previous, seq, row.body) == row.digest), None)
        if belongs is not None:
            yield Fault(chain, row.seq, id, "reordered", f"was written as #{belongs}")
        else:
            yield Fault(chain, row.seq, id, "altered", "its body is not the one of its digest")


def _altered(row: Row) -> list[str]:
    if canonical(row.told) == row.body:
        return []
    try:
        body = _exact(row.body)
    except ValueError:
        return ["body"]
    told = _exact(canonical(row.told))
    return [name for name in SEALED if body.get(name) != told[name]]


def _exact(text: str) -> Any:
    """JSON with its numbers as they are worth: the database writes 1e23 as 100000000000000000000000."""
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


def _missing(chain: str, first: int, last: int) -> Fault:
    return Fault(chain, first, None, "missing", "" if first == last else f"and all up to #{last}")


def _head_faults(chain: str, place: int, before: bytes, row: Row) -> Iterator[Fault]:
    if row.length is None:
        yield Fault(chain, None, None, "head", "the chain has lost its head")
    elif place < row.length:
        yield _missing(chain, place + 1, row.length)
    elif place > row.length:
        yield Fault(chain, place, row.told["id"], "foreign", f"the chain ends at #{row.length}")
    elif before != row.head:
        yield Fault(chain, place, row.told["id"], "head", "the head is not the last event's digest")


def _query(chain: str, since: datetime | None, after: str) -> tuple[sql.Composed, list[Any]]:
    """Events by chains."""
    where, values = sql.SQL("event.chain > %s"), list[Any]([after])
    if chain:
        where, values = sql.SQL("event.chain = %s"), [chain]
    elif since:
        where = sql.SQL("event.chain > %s AND event.chain IN (SELECT chain FROM audit_event WHERE at >= %s)")
        values = [after, since]
    return _events() + sql.SQL(" WHERE {} ORDER BY event.chain, event.seq").format(where), values


def _events() -> sql.Composed:
    """Events with the heads of their chains, in one statement: both as of the same moment."""
    told = sql.SQL(", ").join([sql.SQL("event.") + sql.Identifier(name) for name in SEALED])
    return sql.SQL(
        "SELECT {}, event.body, event.seq, event.previous, event.digest, chain.length, chain.head"
        " FROM audit_event event LEFT JOIN audit_chain chain ON chain.name = event.chain"
    ).format(told)


def _counted(verdict: Verdict, rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        verdict.events += 1
        yield row


def _rows(cursor: CursorWrapper, read: Callable[[int], None]) -> Iterator[Row]:
    count = 0
    while portion := cursor.fetchmany(FETCHED):
        for found in portion:
            told = dict(zip(SEALED, found, strict=False))
            told["at"] = time_text(told["at"])
            told["data"] = json.loads(told["data"])
            body, seq, previous, own, length, head = found[len(SEALED) :]
            yield Row(told, body, seq, bytes(previous), bytes(own), length, None if head is None else bytes(head))
        count += len(portion)
        read(count)


def _empty_chains(chain: str, after: str, last: str) -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, length FROM audit_chain chain WHERE (%s = '' OR name = %s)"
            " AND name > %s AND (%s = '' OR name <= %s)"
            " AND NOT EXISTS (SELECT FROM audit_event event WHERE event.chain = chain.name)",
            [chain, chain, after, last, last],
        )
        for name, length in cursor.fetchall():
            yield _missing(name, 1, length)


def _seal_faults(
    verdict: Verdict, chain: str, noted: str, start: int, enough: int | None
) -> Generator[Fault, None, str]:
    """Every seal after number `start` against its signature, the seal before, and the events that it knows.

    Returns #number of the last seal of a portion, or an empty text after the very last.
    """
    before = Seal.objects.filter(number=start).first()
    number, previous = start, bytes(before.mac) if before else b""
    lines_read = verdict.events
    for seal in Seal.objects.filter(number__gt=start).order_by("number").iterator(chunk_size=20):
        if enough is not None and lines_read >= enough:
            return f"#{number}"
        lines_read += seal.body.count("\n")
        verdict.seals += 1
        number += 1
        if seal.number != number:
            yield Fault("", None, None, "seal", f"seal {number} is missing")
            number = seal.number
        elif bytes(seal.previous) != previous:
            yield Fault("", None, None, "seal", f"seal {number} follows on another than the one before it")
        if not _is_signed(seal):
            yield Fault("", None, None, "seal", f"seal {number} was not made with the key {seal.key}")
        if noted.startswith(f"{number}:") and noted != f"{number}:{bytes(seal.mac).hex()}":
            yield Fault("", None, None, "seal", f"seal {number} is not the one that was noted")
        previous = bytes(seal.mac)
        lines = [line for line in seal.body.splitlines() if not chain or line.startswith(f"{chain} ")]
        for start in range(0, len(lines), LINES):
            yield from _broken_lines(seal.number, lines[start : start + LINES])
    if noted and int(noted.partition(":")[0]) > number:
        yield Fault("", None, None, "seal", f"seal {noted.partition(':')[0]} is missing")
    return ""


def _is_signed(seal: Seal) -> bool:
    try:
        _key, mac = signature(content(bytes(seal.previous), seal.number, seal.body), purpose=PURPOSE, key=seal.key)
    except KeyError:
        return False
    return mac == bytes(seal.mac)


def _broken_lines(number: int, lines: list[str]) -> Iterator[Fault]:
    chains, places, digests = zip(*(line.split(" ") for line in lines), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT line.chain, line.seq, event.id, encode(event.digest, 'hex') = line.digest"
            " FROM unnest(%s::text[], %s::bigint[], %s::text[]) line (chain, seq, digest)"
            " LEFT JOIN audit_event event ON event.chain = line.chain AND event.seq = line.seq"
            " WHERE encode(event.digest, 'hex') IS DISTINCT FROM line.digest",
            [list(chains), [int(place) for place in places], list(digests)],
        )
        for chain, seq, id, same in cursor.fetchall():
            if same is None:
                yield Fault(chain, seq, None, "missing", f"known to seal {number}")
            else:
                yield Fault(chain, seq, id, "altered", f"seal {number} knows another digest")
