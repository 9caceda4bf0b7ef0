"""What differs between the register of helpers and what families and villages report (核对; domain.md J21, F04).

Pure: facts in, differences out. Every word that contradicts the file is a difference; which of the two is right is
decided by a person. Who is reported to help and stands on the file as such makes none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

Reality = Literal["helping", "interrupted", "never", "none"]
"""F04 helperReality: 在帮, 中断, 未帮, 无."""
Kind = Literal["interrupted", "never_came", "replaced", "not_on_file", "two_for_one", "over_capacity", "ended_on_paper"]
DENYING = frozenset({"interrupted", "never", "none"})


@dataclass(frozen=True)
class Spell:
    """A spell of the register. `visited`: the helper has done a visit since it began."""

    id: UUID
    family: UUID
    helper: UUID
    kind: str
    from_date: date
    to_date: date | None = None
    visited: bool = False
    seated: bool = True
    """Holds its seat in the family; one that a successor has taken over goes on beside it for some days."""

    def is_in_force(self, day: date) -> bool:
        """From its first day on until the day before its last."""
        return self.from_date <= day and (self.to_date is None or self.to_date > day)


@dataclass(frozen=True)
class Report:
    """What somebody says of a spell; without `spell` of whoever helps the family, statutory contacts apart."""

    family: UUID
    source: str
    reality: Reality
    spell: UUID | None = None
    since: date | None = None


@dataclass(frozen=True)
class Claim:
    """Somebody is said to help the family: a helper of the register, or nobody it knows (`named`: number or name)."""

    family: UUID
    source: str
    helper: UUID | None = None
    named: str = ""
    kind: str = ""
    since: date | None = None


@dataclass(frozen=True)
class Rules:
    """The day on which the file is compared, and what the kinds of helper allow."""

    day: date
    silent_days: int
    """A spell so old without a single visit, of which nobody says that it is lived, is one where nobody ever came."""
    per_family: Mapping[str, int] = field(default_factory=dict)
    """Kind → how many of it one family may have; 1 where nothing is said."""
    statutory: frozenset[str] = frozenset()
    """Kinds of which a word about "the helper" does not speak."""


@dataclass(frozen=True)
class Load:
    """How many families a helper may have, and how many there are beyond those that are compared."""

    places: int
    elsewhere: int = 0


@dataclass(frozen=True)
class Found:
    """One difference. `spell`: what it is about; `helper` or `named`: who is reported, or carries too much."""

    kind: Kind
    family: UUID
    spell: UUID | None = None
    helper: UUID | None = None
    named: str = ""
    helper_kind: str = ""
    since: date | None = None
    sources: tuple[str, ...] = ()
    count: int = 0
    """Over capacity: how many families it comes to."""
    is_claimed: bool = False
    """Found because somebody without a spell in force is said to help."""

    @property
    def subject(self) -> tuple[str, ...]:
        """What it is about: of one subject there is one open difference, whatever it turns into."""
        if self.kind == "over_capacity":
            return "helper", str(self.helper)
        if self.spell is not None:
            return "spell", str(self.spell)
        return "family", str(self.family), str(self.helper or self.named)

    @property
    def fact(self) -> tuple[str, ...]:
        """The fact itself: settled once, it comes back only when this has changed.

        That somebody is said to help a family is one fact, whatever the file makes of it: whoever replaced a helper is
        no stranger as soon as the replaced one's spell has ended.
        """
        who, since = str(self.helper or self.named), str(self.since or "")
        if self.is_claimed:
            return "claim", str(self.family), who, since
        return self.kind, *self.subject, who, since, str(self.count or "")


@dataclass(frozen=True)
class Comparison:
    """What differs, in the order of families, and the spells that are reported as the file has them."""

    differences: tuple[Found, ...]
    helping: frozenset[UUID]


def compare(
    *,
    spells: Iterable[Spell],
    reports: Iterable[Report],
    claims: Iterable[Claim],
    rules: Rules,
    loads: Mapping[UUID, Load],
) -> Comparison:
    """Every difference between the spells and what is reported; the same facts give the same answer in any order."""
    families: dict[UUID, _Family] = defaultdict(lambda: _Family(rules))
    for spell in sorted(spells, key=lambda spell: (spell.from_date, spell.id)):
        families[spell.family].spells.append(spell)
    for report in reports:
        families[report.family].reports.append(report)
    for claim in sorted(claims, key=lambda claim: (claim.named, str(claim.helper), claim.source)):
        families[claim.family].claims.append(claim)
    found, helping, helped = list[Found](), set[UUID](), defaultdict[UUID, dict[UUID, Spell | None]](dict)
    for id in sorted(families):
        family = families[id]
        found += family.differences()
        helping |= {spell.id for spell in family.in_force if family.word_on(spell) == "helping"}
        for helper, held in family.helped_by():
            helped[helper][id] = held
    found += _overloaded(helped, loads)
    return Comparison(tuple(found), frozenset(helping))


class _Family:
    """One family: the spells of the file and what is said of them."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.spells: list[Spell] = []
        self.reports: list[Report] = []
        self.claims: list[Claim] = []

    @property
    def in_force(self) -> list[Spell]:
        return [spell for spell in self.spells if spell.is_in_force(self.rules.day)]

    def differences(self) -> Iterator[Found]:
        """What is said of others first: a helper who was replaced is one difference, not two."""
        replaced = set[UUID]()
        helping: dict[str, int] = defaultdict(int)
        for spell in self.in_force:
            helping[spell.kind] += spell.seated and self.word_on(spell) not in DENYING
        for claims in self._others():
            one = self._of_other(claims, replaced, helping)
            if one.kind == "replaced" and one.spell is not None:
                replaced.add(one.spell)
            yield one
        for spell in self.in_force:
            if spell.id not in replaced:
                yield from self._of_spell(spell)
        yield from self._crowded(replaced)

    def word_on(self, spell: Spell) -> str:
        """What is said of a spell: interrupted, never or helping; nothing when nobody says anything."""
        said = {report.reality for report in self._about(spell)}
        if said & DENYING:
            # Whoever came once did not "never" come, whatever the other reports say.
            return "interrupted" if spell.visited or "interrupted" in said else "never"
        named = any(claim.helper == spell.helper for claim in self.claims)
        return "helping" if said or named else ""

    def helped_by(self) -> Iterator[tuple[UUID, Spell | None]]:
        """Helpers of the register who help the family, as far as is known: by spells nobody denies, or reported."""
        held = {spell.helper: spell for spell in self.in_force}
        for helper, spell in held.items():
            if self.word_on(spell) not in DENYING:
                yield helper, spell
        for other in {claim.helper for claim in self.claims if claim.helper} - held.keys():
            yield other, None

    def _about(self, spell: Spell) -> list[Report]:
        whole = spell.kind not in self.rules.statutory
        return [report for report in self.reports if report.spell == spell.id or (report.spell is None and whole)]

    def _others(self) -> Iterator[list[Claim]]:
        """What is said of each who is reported and has no spell in force: one list per person."""
        held = {spell.helper for spell in self.in_force}
        persons: dict[tuple[str, ...], list[Claim]] = defaultdict(list)
        for claim in self.claims:
            if claim.helper not in held:
                persons[("", str(claim.helper)) if claim.helper else (claim.named,)].append(claim)
        yield from persons.values()

    def _of_other(self, claims: Sequence[Claim], replaced: set[UUID], helping: dict[str, int]) -> Found:
        claim = claims[0]
        kind = next((each.kind for each in claims if each.kind), "")
        sources = tuple(sorted({each.source for each in claims}))
        since = min((each.since for each in claims if each.since), default=None)

        def found(what: Kind, spell: Spell | None = None) -> Found:
            return Found(
                what,
                claim.family,
                spell.id if spell else None,
                claim.helper,
                claim.named,
                kind,
                since,
                sources,
                is_claimed=True,
            )

        former = [spell for spell in self.spells if spell.helper == claim.helper and not self._begins_later(spell)]
        if former:
            return found("ended_on_paper", former[-1])
        same = [spell for spell in self.in_force if self._is_of(spell, kind) and spell.id not in replaced]
        gone = [spell for spell in same if self.word_on(spell) in DENYING]
        quiet = [spell for spell in same if not self.word_on(spell)]
        if gone or quiet:
            return found("replaced", (gone or quiet)[0])
        there = [spell for spell in same if self.word_on(spell) == "helping"]
        if there and helping[there[0].kind] >= self._most(there[0].kind):
            return found("two_for_one", there[0])
        if there:
            helping[there[0].kind] += 1
        return found("not_on_file")

    def _of_spell(self, spell: Spell) -> Iterator[Found]:
        word = self.word_on(spell)
        if word in DENYING:
            denying = [report for report in self._about(spell) if report.reality in DENYING]
            since = min((report.since for report in denying if report.since), default=None)
            sources = tuple(sorted({report.source for report in denying}))
            kind: Kind = "interrupted" if word == "interrupted" else "never_came"
            yield Found(kind, spell.family, spell.id, since=since, sources=sources)
        elif not word and not spell.visited and spell.from_date + timedelta(self.rules.silent_days) <= self.rules.day:
            yield Found("never_came", spell.family, spell.id, sources=("visits",))

    def _crowded(self, replaced: set[UUID]) -> Iterator[Found]:
        """Spells beyond what a family may have of a kind: the later ones."""
        kinds: dict[str, list[Spell]] = defaultdict(list)
        for spell in self.in_force:
            if spell.seated and spell.id not in replaced and self.word_on(spell) not in DENYING:
                kinds[spell.kind].append(spell)
        for kind, held in kinds.items():
            for spell in held[self._most(kind) :]:
                if not any(self._of_spell(spell)):  # one difference about a spell is enough
                    yield Found("two_for_one", spell.family, spell.id, spell.helper, sources=("register",))

    def _is_of(self, spell: Spell, kind: str) -> bool:
        return spell.kind == kind if kind else spell.kind not in self.rules.statutory

    def _begins_later(self, spell: Spell) -> bool:
        return spell.from_date > self.rules.day

    def _most(self, kind: str) -> int:
        return self.rules.per_family.get(kind, 1)


def _overloaded(helped: Mapping[UUID, Mapping[UUID, Spell | None]], loads: Mapping[UUID, Load]) -> Iterator[Found]:
    """Helpers with more families than they may have; told at the family that came last."""
    for helper in sorted(helped):
        families, load = helped[helper], loads.get(helper)
        count = len(families) + (load.elsewhere if load else 0)
        if load is None or count <= load.places:
            continue
        last = max(families, key=lambda id: (held.from_date if (held := families[id]) else date.max, id))
        spell = families[last]
        yield Found("over_capacity", last, spell.id if spell else None, helper, count=count, sources=("register",))
