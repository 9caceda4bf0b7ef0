"""What decisions D12, D13 and D15 look at: ages on the reference day, children as declared, the place's rules.

The birth date of the identity card governs; a lunar date that a roster told is shown beside it and counts for nothing
(E17). Of births nothing is kept but what the programme's own conditions name; the county answers yes or no.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from backend.cases.models import Person
from backend.cases.rosters.values import birth_of
from backend.org import codes, parameters
from backend.subsidies.amounts import Circumstances
from backend.subsidies.models import Application, Entitlement, EntitlementQuerySet

WOMAN = "2"
SINGLE = frozenset({"30", "40"})
"""Widowed, divorced (GB/T 2261.2)."""
UNKNOWN = -1
RESIDENT_ID = 18


@dataclass(frozen=True)
class Children:
    """What is declared about children, as far as the programmes' conditions name it."""

    state: str
    """dead, disabled or living: the only child; of several, the one that counts."""
    ever: int
    """Born and adopted, ever."""
    living: int
    girls_only: bool = False
    certificate: str = ""
    """Number of the death certificate or disability card."""
    certificate_on: str = ""
    """ISO day on which it was issued."""
    grade: int = 0
    card_until: str = ""
    """ISO day, the last on which the card is valid; empty for one without an end."""
    single: bool = False
    """Divorced or widowed."""
    both_rural: bool = True

    def as_text(self) -> str:
        """As it is kept, encrypted."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, application: Application) -> Children:
        """As the application declares it."""
        return cls(**json.loads(application.facts))


def set_at(key: str, *, path: str, day: date) -> Any:
    """A parameter of subsidies in force at a place on a day; the shipped value where none is loaded."""
    return parameters.value(key, path=path, day=day, default=parameters.definitions()[key].value)


def age_on(birth: date | None, day: date) -> int:
    """Full years on that day, -1 when the birth date is unknown."""
    if birth is None:
        return UNKNOWN
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def turns(birth: date, years: int) -> date:
    """The day on which somebody comes to be so many years old; born on 29 February, in other years on 1 March."""
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)


def governing_birth(person: Person | None) -> date | None:
    """The birth date of the identity card; of another certificate, or none, the one on file."""
    if person is None:
        return None
    if person.certificate_kind == "id" and len(person.certificate) == RESIDENT_ID:
        with suppress(ValueError):  # taken over from before numbers were checked
            return birth_of(person.certificate)
    return person.birth_date


def reference_day(application: Application) -> date:
    """The day of the programme year on which ages count."""
    first = date(application.year, 1, 1)
    set_to: Mapping[str, int] = set_at("subsidy.reference_day", path=application.unit_path, day=first)
    return date(application.year, set_to["month"], set_to["day"])


def limits(application: Application, *, day: date) -> Mapping[str, Any]:
    """Ages, first day of birth and grade in force at the place."""
    found: Mapping[str, Any] = set_at("subsidy.eligibility", path=application.unit_path, day=day)
    return found


def rule_of(kind: str) -> str:
    """special, reward or local: which table advises on this kind."""
    entry = codes.entries("subsidy_kind").get(kind)
    return str(entry.data.get("decision", "local")) if entry else "local"


def cycle_of(kind: str) -> str:
    """month, year or once."""
    entry = codes.entries("subsidy_kind").get(kind)
    return str(entry.data.get("cycle", "month")) if entry else "month"


def notice_of(kind: str) -> str:
    """The kind of public notice; what has to do with health is never listed by name."""
    entry = codes.entries("subsidy_kind").get(kind)
    return str(entry.data.get("notice", "subsidy")) if entry else "subsidy"


def wife_birth(application: Application) -> date | None:
    """When the wife was born: the applicant herself, or her husband's application names her."""
    pair = (application.person, application.spouse)
    return next((governing_birth(one) for one in pair if one is not None and one.sex == WOMAN), None)


def special_facts(application: Application, *, day: date) -> dict[str, Any]:
    """Inputs of decision D12."""
    told, rules = Children.of(application), limits(application, day=day)
    births = [governing_birth(one) for one in (application.person, application.spouse) if one is not None]
    known = [birth.isoformat() for birth in births if birth is not None]
    return {
        "oldest_birth": min(known, default=""),
        "first_birth": rules["first_birth"],
        "children_ever": told.ever,
        "living_children": told.living - (told.state == "disabled"),
        "single": told.single,
        "child_state": told.state,
        "has_certificate": bool(told.certificate),
        "grade": told.grade,
        "worst_grade": rules["worst_grade"],
        "card_valid": told.card_until == "" or told.card_until >= day.isoformat(),
        "wife_age": age_on(wife_birth(application), reference_day(application)),
        "needed_age": rules["special_age"],
    }


def reward_facts(application: Application, *, day: date) -> dict[str, Any]:
    """Inputs of decision D13."""
    told = Children.of(application)
    asked = {None: "unasked", True: "yes", False: "no"}
    return {
        "both_rural": told.both_rural,
        "child_state": _reward_children(told),
        "county": asked[application.county_determination],
        "age": age_on(governing_birth(application.person), reference_day(application)),
        "needed_age": _reward_age(application, day=day),
    }


def _reward_children(told: Children) -> str:
    if told.living == 0 and told.state == "dead":
        return "none_living"
    if told.living == 1:
        return "one_child"
    return "two_girls" if told.living == 2 and told.girls_only else "other"


def _reward_age(application: Application, *, day: date) -> int:
    rules = limits(application, day=day)
    return int(rules["reward_age_women" if application.person.sex == WOMAN else "reward_age_men"])


def same_person(person: Person) -> Q:
    """Rows of the same person: this file, and any other file with the same certificate, for who moved has one at the
    origin and one at the destination (E1)."""
    known = person.certificate_index
    return Q(person=person) | Q(person__certificate_index=known) if known else Q(person=person)


def held_beside(application: Application, *, day: date) -> EntitlementQuerySet:
    """What else the person is given on a day, wherever it is; what was given once is given no more."""
    going_on = Entitlement.objects.on(day).exclude(cycle=Entitlement.Cycle.ONCE)
    return going_on.filter(same_person(application.person))


def combination_facts(application: Application, *, day: date, begins: date) -> dict[str, Any]:
    """Inputs of decision D15: the rule of the day, and what is given on the day on which this begins."""
    held = set(held_beside(application, day=begins).values_list("kind", flat=True))
    return {
        "same_kind": application.kind in held,
        "other_subsidy": bool(held - {application.kind}),
        "local_rule": set_at("subsidy.combination", path=application.unit_path, day=day),
        "low_income": "hardship" in application.family.known_categories,
    }


def true_on(application: Application, *, day: date) -> date | None:
    """The day on which the age that the programme asks for is reached; None when no age counts or none is known."""
    rule = rule_of(application.kind)
    if rule == "special":
        birth, years = wife_birth(application), int(limits(application, day=day)["special_age"])
    elif rule == "reward":
        birth, years = governing_birth(application.person), _reward_age(application, day=day)
    else:
        return None
    return turns(birth, years) if birth is not None else None


def counting_age(application: Application, *, day: date) -> int:
    """The age that an amount's layers ask for."""
    return age_on(counting_birth(application), day)


def counting_birth(application: Application) -> date | None:
    """Whose age an amount's layers ask for: the wife's for a couple, the person's own for reward support."""
    return governing_birth(application.person) if rule_of(application.kind) == "reward" else wife_birth(application)


def residence_of(application: Application) -> str:
    """urban or rural, by the register of the household; where it tells them apart no more, as declared."""
    known = {"farm": "rural", "town": "urban"}.get(application.family.hukou_kind)
    return known or ("rural" if Children.of(application).both_rural else "urban")


def circumstances(application: Application, *, category: str, day: date) -> Circumstances:
    """Whose amount decision D14 puts together."""
    told = Children.of(application)
    girls = rule_of(application.kind) == "reward" and told.girls_only and category in {"one_child", "two_girls"}
    return Circumstances(
        kind=application.kind,
        path=application.unit_path,
        category="girls_only" if girls else category,
        residence=residence_of(application),
        age=counting_age(application, day=day),
    )
