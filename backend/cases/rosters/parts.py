"""What is stored of an uploaded roster, encrypted and in pieces: first the file, once it was read only its rows.

The rows are all that is needed of the file, and they are read again without a parser and the memory it takes; what else
the file holds is nobody's business. In pieces, since a statement with a whole file would need several times its size.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO

from django.db import transaction

from backend.cases.models import Roster, RosterPart
from backend.cases.rosters import reading
from backend.cases.rosters.problems import RosterState
from backend.core.crypto import decrypt_bytes, encrypt_bytes

SIZE = 1 << 20
"""Bytes per row of the database."""


def store(roster: Roster, pieces: Iterable[bytes], *, holds_rows: bool = False) -> None:
    """Store the pieces of a roster, one statement each."""
    for number, piece in enumerate(pieces):
        RosterPart.objects.create(roster=roster, number=number, content=encrypt_bytes(piece), holds_rows=holds_rows)


def spool_of(roster: Roster) -> reading.Spool:
    """The rows of a stored roster. Raises RosterState when it was removed, and the refusals of `reading.read`."""
    found = list(RosterPart.objects.filter(roster=roster).order_by("number").values_list("pk", "holds_rows"))
    if not found:
        raise RosterState
    content = _content(pk for pk, _ in found)
    are_rows = all(holds_rows for _, holds_rows in found)
    return reading.Spool(list(content)) if are_rows else reading.read(content)


def _content(ids: Iterable[int]) -> Iterator[bytes]:
    """One piece after the other. Raises RosterState when another process removed or replaced them meanwhile."""
    for pk in ids:
        content = RosterPart.objects.filter(pk=pk).values_list("content", flat=True).first()
        if content is None:
            raise RosterState
        yield decrypt_bytes(bytes(content))


def keep_rows(roster: Roster, spool: reading.Spool) -> None:
    """Put the rows in the place of the file, unless they are there already."""
    packed = BytesIO(b"".join(spool.packed))
    with transaction.atomic():
        files = RosterPart.objects.filter(roster=roster, holds_rows=False)
        if files.delete()[0]:
            store(roster, iter(lambda: packed.read(SIZE), b""), holds_rows=True)
