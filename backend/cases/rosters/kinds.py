"""The kinds of roster. A new kind is one class, registered by its app when Django is ready."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from backend.cases.rosters.checking import Group
from backend.cases.rosters.problems import RosterKind
from backend.cases.rosters.rows import Layout, Row
from backend.org.access import Actor
from backend.org.models import Unit


@dataclass(frozen=True)
class Upload:
    """For whom rows go in: the uploader's unit, who history says did it, when, and from which roster."""

    unit: Unit
    actor: Actor
    now: datetime
    roster_id: UUID


@dataclass
class Written:
    """What writing some groups did, or would do: counts, and the ids of new families."""

    counts: Counter[str] = field(default_factory=Counter)
    families: list[UUID] = field(default_factory=list)


class Kind(ABC):
    """What one kind of roster means."""

    code: ClassVar[str]
    layout: ClassVar[Layout]
    counted: ClassVar[tuple[str, ...]]
    """What `write` and `compare` count."""

    @abstractmethod
    def check(self, rows: Iterable[Row], *, unit: Unit) -> list[Group]:
        """The groups of rows that go in together, every problem noted in its row; reads what is on file."""

    @abstractmethod
    def write(self, groups: Sequence[Group], upload: Upload) -> Written:
        """Write groups without errors, each as a whole. Writing them again changes nothing."""

    @abstractmethod
    def compare(self, groups: Sequence[Group], upload: Upload) -> Counter[str]:
        """What `write` would count, without writing."""


_KINDS: dict[str, Callable[[], Kind]] = {}


def register(kind: type[Kind]) -> None:
    """Make a kind of roster known, by its code."""
    _KINDS[kind.code] = kind


def kind_of(code: str) -> Kind:
    """The kind with this code. Raises RosterKind."""
    try:
        return _KINDS[code]()
    except KeyError:
        raise RosterKind from None
