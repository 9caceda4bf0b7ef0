"""What a new standard, or a birthday, makes of rights that are given already: which rates end and begin (E15).

A rate changes only because a standard begins or ends on a day, or because somebody has reached the age that a layer
asks for (from the month after, as a right begins); what differs for another reason (a rate taken over from before)
stays. Nothing here writes but `renew`, and that only what was looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from backend.audit.history import record
from backend.org.access import Actor
from backend.subsidies import amounts
from backend.subsidies.amounts import Amount, Circumstances, Judge, Part, Verdict
from backend.subsidies.models import Entitlement, Rate, Standard
from backend.subsidies.models.standards import areas_above
from backend.subsidies.months import month_of
from backend.subsidies.rules import age_on, counting_birth, governing_birth, turns

OFFSET = "offset"
"""The part of a rate that takes off what other subsidies give (D15)."""


@dataclass(frozen=True)
class Spell:
    """A yearly sum from one day until (excluded) another; `made`: what a new rate is made of."""

    from_date: date
    until_date: date | None
    yearly: Decimal
    made: Amount | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.from_date <= day and (self.until_date is None or day < self.until_date)


def spells(row: Entitlement) -> list[Spell]:
    """The rates as they stand."""
    return [Spell(rate.from_date, rate.until_date, rate.yearly) for rate in row.rates.all()]


class Valuer:
    """Looks at many rights, and at every standard and layer only once."""

    def __init__(self, kind: str, *, since: date, judge: Judge) -> None:
        self.kind, self.since, self._judge = kind, since, remembering(judge)
        self._days: dict[str, set[date]] = {}
        self._ages: dict[str, set[int]] = {}
        self._layers: dict[tuple[Any, ...], list[Standard]] = {}

    def spells(self, row: Entitlement) -> list[Spell]:
        """Its rates as the standards give them now, from the first changed day on."""
        changed, grown = self._changes(row.unit.path), set(self.birthdays(row))
        return self._turned(row, sorted(changed | {day for day in grown - changed if self._differs(row, day)}))

    def known(self, row: Entitlement, until: date) -> list[Spell]:
        """The same, of ages only those reached until that day: when the next one comes, its rate begins by itself."""
        changed, grown = self._changes(row.unit.path), self._grown(row, until)
        return self._turned(row, sorted(changed | grown))

    def grown(self, row: Entitlement, until: date) -> list[Spell]:
        """Its rates when only the ages reached until that day count, and no new standard."""
        return self._turned(row, sorted(self._grown(row, until)))

    def birthdays(self, row: Entitlement) -> list[date]:
        """The first days since then of months before which an age was reached that a layer of the place asks for."""
        birth, ages = birth_of(row), self._ages_asked(row.unit.path)
        days = {amounts.next_month(turns(birth, age)) for age in ages} if birth is not None else set()
        return sorted(day for day in days if day >= self.since)

    def _grown(self, row: Entitlement, until: date) -> set[date]:
        return {day for day in self.birthdays(row) if day <= until and self._differs(row, day)}

    def _turned(self, row: Entitlement, days: Iterable[date]) -> list[Spell]:
        found = spells(row)
        for day in days:
            held = next((spell for spell in found if spell.holds_on(day)), None)
            new = self._amount(row, day)
            if held is None or new is None or new.yearly == held.yearly:
                continue
            after = Spell(day, held.until_date, new.yearly, new)
            before = [] if held.from_date == day else [replace(held, until_date=day)]
            found = [*(each for each in found if each is not held), *before, after]
            found.sort(key=lambda each: each.from_date)
        return found

    def _differs(self, row: Entitlement, day: date) -> bool:
        """Whether the standards give something else from that day on than in the month before."""
        before, after = self._amount(row, month_of(day - timedelta(days=1))), self._amount(row, day)
        return before is not None and after is not None and before.yearly != after.yearly

    def _changes(self, path: str) -> set[date]:
        """The days since then on which a standard of the place begins or ends."""
        if path not in self._days:
            rows = Standard.objects.filter(kind=self.kind, area__in=areas_above(path))
            days = {day for pair in rows.values_list("from_date", "to_date") for day in pair if day is not None}
            self._days[path] = {day for day in days if day >= self.since}
        return self._days[path]

    def _ages_asked(self, path: str) -> set[int]:
        """The ages that layers of the place ask for."""
        if path not in self._ages:
            rows = Standard.objects.filter(kind=self.kind, area__in=areas_above(path), min_age__isnull=False)
            self._ages[path] = {age for age in rows.values_list("min_age", flat=True) if age is not None}
        return self._ages[path]

    def _amount(self, row: Entitlement, day: date) -> Amount | None:
        """What the layers come to; None where no standard says anything of it."""
        of = circumstances(row, day=day)
        key = (of.path, of.category, of.residence, day)
        if key not in self._layers:
            self._layers[key] = amounts.layers(of, day=day)
        if not self._layers[key]:
            return None
        found = amounts.amount(of, day=day, judge=self._judge, rows=self._layers[key])
        return amounts.less(found, _offset(row))


def remembering(judge: Judge) -> Judge:
    """The same table, asked once for the same facts."""
    known: dict[tuple[tuple[str, Any], ...], Verdict] = {}

    def asked(facts: Mapping[str, Any]) -> Verdict:
        key = tuple(sorted(facts.items()))
        if key not in known:
            known[key] = judge(facts)
        return known[key]

    return asked


def circumstances(row: Entitlement, *, day: date) -> Circumstances:
    """Whose amount it is: as the application told it; of what was taken over the person's own age counts."""
    age = age_on(birth_of(row), day)
    return Circumstances(kind=row.kind, path=row.unit.path, category=row.category, residence=row.residence, age=age)


def birth_of(row: Entitlement) -> date | None:
    """The birth of whoever's age counts; None when it is not known."""
    return counting_birth(row.application) if row.application else governing_birth(row.person)


def renew(row: Entitlement, new: Sequence[Spell], *, actor: Actor, now: datetime) -> bool:
    """Write down what was looked at: rates end, and new ones begin. Says whether anything changed."""
    made = [spell for spell in new if spell.made is not None]
    for spell in made:
        for rate in row.rates.filter(from_date__lte=spell.from_date).exclude(until_date__lte=spell.from_date):
            rate.until_date = spell.from_date
            rate.save(update_fields=["until_date"])
        assert spell.made is not None
        Rate.objects.create(
            entitlement=row, from_date=spell.from_date, until_date=spell.until_date, created_at=now,
            **spell.made.as_rate(),
        )  # fmt: skip
        told = {"from_date": spell.from_date.isoformat(), "yearly": str(spell.yearly)}
        record(
            action="entitlement.rate_changed", object=row, family_id=row.person.family_id, actor=actor, now=now,
            data=told,
        )  # fmt: skip
    return bool(made)


def basis(parts: Iterable[Part]) -> str:
    """The documents that say so."""
    return "；".join(dict.fromkeys(part.reference for part in parts if part.reference))


def _offset(row: Entitlement) -> Decimal | None:
    newest = max(row.rates.all(), key=lambda rate: rate.from_date)
    return next((-Decimal(layer["part"]) for layer in newest.layers if layer.get("mode") == OFFSET), None)
