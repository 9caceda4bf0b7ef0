"""Seals: the heads of the chains, signed from time to time with a key that the database does not know.

Whoever may switch off triggers can rewrite a chain together with its head, or remove it whole. The seals made before
tell what the heads were. Work is proportional to the chains that changed since the seal before. Remove the newest
seals and nobody knows: so each seal's number and signature also go to the log, outside the database.
"""

from datetime import datetime

import structlog

from backend.audit.models import Chain, Seal
from backend.core.crypto import signature

logger = structlog.get_logger(__name__)
HEADS = 5000
PURPOSE = "history-seal"


def seal(*, now: datetime) -> Seal | None:
    """Seal up to 5,000 heads that moved since the seal before; None without any. One at a time (the job's lock).

    Chains that a command is writing to at this moment are left for the next seal.
    """
    moved = list(Chain.objects.filter(sealed=False).order_by("name").select_for_update(skip_locked=True)[:HEADS])
    if not moved:
        return None
    last = Seal.objects.order_by("-number").first()
    number, previous = (last.number + 1, bytes(last.mac)) if last else (1, b"")
    body = "".join(f"{chain.name} {chain.length} {bytes(chain.head).hex()}\n" for chain in moved)
    key, mac = signature(content(previous, number, body), purpose=PURPOSE)
    made = Seal.objects.create(number=number, at=now, key=key, body=body, previous=previous, mac=mac)
    Chain.objects.filter(name__in=[chain.name for chain in moved]).update(sealed=True)
    logger.info("history sealed", number=number, heads=len(moved), mac=mac.hex())
    return made


def content(previous: bytes, number: int, body: str) -> bytes:
    """What a seal signs: the seal before, its own number (8 bytes, big endian) and its lines."""
    return previous + number.to_bytes(8, "big") + body.encode()
