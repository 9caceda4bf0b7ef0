"""Chance that is the same in every run of a seed: each thing draws by its own name, whatever came before it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True)
class Chance:
    """`chance("death", family.number)` is between 0 and 1."""

    seed: int = 1

    def __call__(self, *about: object) -> float:
        name = ":".join(map(str, (self.seed, *about))).encode()
        return int.from_bytes(blake2b(name, digest_size=6).digest()) / 2**48

    def number(self, least: int, most: int, *about: object) -> int:
        """A whole number from `least` to `most`, both included."""
        return least + int(self(*about) * (most - least + 1))
