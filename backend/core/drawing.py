"""Drawing by lot so that anybody can draw again: in any language, with nothing but SHA-256.

A population is a text: the ids of its members (UUIDs in small letters, with hyphens), sorted, each ended by a line
feed. Its digest is the SHA-256 of that text. Every id has a ticket, the SHA-256 of `<seed>:<id>` (UTF-8), written in
hexadecimal; drawn are the ids with the smallest tickets, in the order of their tickets. With a shell:

    while read id; do printf '%s:%s' "$seed" "$id" | sha256sum | sed "s/-/$id/"; done < population.txt | sort | head -30

Whoever knows the seed beforehand knows what will be drawn, so nobody who is inspected may choose it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from uuid import UUID

SEED_BYTES = 8


def new_seed() -> str:
    """A seed that nobody could have known."""
    return secrets.token_hex(SEED_BYTES)


def listed(ids: Iterable[UUID]) -> str:
    """The population as the text that its digest covers."""
    return "".join(f"{each}\n" for each in sorted(map(str, ids)))


def digest_of(population: str) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(population.encode()).hexdigest()


def drawn(ids: Iterable[UUID], *, seed: str, size: int) -> list[UUID]:
    """The first `size` ids in the order of their tickets; all of them when there are fewer."""
    return sorted(ids, key=lambda each: hashlib.sha256(f"{seed}:{each}".encode()).digest())[:size]
