"""The facts of tables D02 (categories) and D03 (risk tier): survey answers first, then what the file says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from backend.cases.models import SPECIAL_CHILD_STATES, Family, Person

ADULT = 18
ELDER = 60
WIFE = "12"
SPOUSE = "10"
FEMALE = "2"
FIRST_VILLAGE = "200"
"""Village codes end in 200 and up; residents' committees in 001 to 199 (domain.md 2f)."""
SEVERE = frozenset({"31", "32", "41"})
"""GB/T 2261.3: heart, brain vessels, cancer: what makes living alone dangerous (D03 row 5)."""


def category_facts(family: Family, persons: Iterable[Person], answers: Mapping[str, Any], day: date) -> dict[str, Any]:
    """The inputs of table D02. Ages are full years on that day; -1 where nobody of the kind is known."""
    members = _living(persons)
    ages = _ages(members, day)
    return {
        "oldest_age": max(ages, default=-1),
        "children_state": _children_state(family, answers),
        "rural": family.hukou_kind == "farm" or family.unit.code[-3:] >= FIRST_VILLAGE,
        "low_income": bool(answers.get("low_income")),
        "daughters": answers.get("daughters") or "none",
        "youngest_age": min((age for age in ages if age < ADULT), default=-1),
        "parents_away": answers.get("parents_away") or "none",
        "other_parent_fit": bool(answers.get("other_parent_fit", True)),
        "wife_age": _wife_age(members, day),
        "husband_away": bool(answers.get("husband_away")),
        "residence": answers.get("residence") or family.residence or "home",
        "infertility_help": bool(answers.get("infertility_help")),
        "single_mother": bool(answers.get("single_mother")),
    }


def risk_facts(family: Family, persons: Iterable[Person], answers: Mapping[str, Any], day: date) -> dict[str, Any]:
    """The inputs of table D03. Days and months are -1 when nothing has happened."""
    everybody = list(persons)
    members = _living(everybody)
    ages = _ages(members, day)
    children = _children_state(family, answers)
    deaths = [person.died_on for person in everybody if person.died_on]
    event = _event_day(answers)
    bereaved = max([*deaths, *([event] if event and answers.get("event") == "death" else [])], default=None)
    latest = max([*deaths, *([event] if event else [])], default=None)
    return {
        "age": max(ages, default=-1),
        "alone": bool(answers.get("lives_alone")) or len(members) == 1 or _empty_nest(ages, children),
        "self_care": _self_care(members, answers, day),
        "disease": answers.get("disease") or _disease(members),
        "minor": answers.get("minor") or "none",
        "special_family": family.is_special or children in SPECIAL_CHILD_STATES,
        "bereaved_months": -1 if bereaved is None else _months_since(bereaved, day),
        "event_days": -1 if latest is None else (day - latest).days,
        "willingness": "agreed" if family.willingness == "unknown" else str(family.willingness),
    }


def _living(persons: Iterable[Person]) -> list[Person]:
    return [person for person in persons if person.died_on is None and person.status != "left"]


def _ages(members: Iterable[Person], day: date) -> list[int]:
    return [age for person in members if (age := person.age_on(day)) is not None]


def _children_state(family: Family, answers: Mapping[str, Any]) -> str:
    return str(answers.get("child_state") or family.child_state or "home")


def _empty_nest(ages: list[int], children: str) -> bool:
    """Only elders in the house, and no child near (苏民电〔2022〕49号)."""
    return bool(ages) and min(ages) >= ELDER and children in {"away", "none_living", "never"}


def _wife_age(members: list[Person], day: date) -> int:
    """Age of the wife of the household: the wife on file, else a married woman at its head."""
    wives = [person for person in members if person.relation == WIFE or _is_female_spouse(person)]
    heads = [person for person in members if person.is_head and person.sex == FEMALE and person.marriage[:1] == "2"]
    return next((age for person in [*wives, *heads] if (age := person.age_on(day)) is not None), -1)


def _is_female_spouse(person: Person) -> bool:
    return person.relation in {SPOUSE, "1"} and person.sex == FEMALE


def _self_care(members: list[Person], answers: Mapping[str, Any], day: date) -> int:
    """The worst of the elders: 1 self, 2 half, 3 needs care."""
    if answers.get("self_care"):
        return int(answers["self_care"])
    elders = [person for person in members if (person.age_on(day) or 0) >= ELDER]
    return max((person.self_care or 1 for person in elders), default=1)


def _disease(members: list[Person]) -> str:
    codes = {person.health for person in members if person.health}
    if codes & SEVERE:
        return "severe"
    return "chronic" if any(code[:1] in {"3", "4"} for code in codes) else "none"


def _event_day(answers: Mapping[str, Any]) -> date | None:
    if answers.get("event") in {None, "", "none"} or not answers.get("event_on"):
        return None
    return date.fromisoformat(str(answers["event_on"]))


def _months_since(then: date, day: date) -> int:
    return max((day.year - then.year) * 12 + day.month - then.month - (day.day < then.day), 0)
