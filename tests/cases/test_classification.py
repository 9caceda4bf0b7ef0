"""What the tables for categories (D02) and risk tier (D03) are asked, and what they answer for typical families."""

from datetime import date, datetime
from typing import Any

import pytest
from django.conf import settings

from backend.cases.classification import category_facts, risk_facts
from backend.cases.families import add_person
from backend.cases.models import Family
from tests import factories
from workflows.engine.decisions import decide

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
FOLDER = settings.BPMN_FOLDER / "household_intake"

WOMAN_76 = {"name": "孙桂兰", "relation": "02", "is_head": True, "sex": "2", "birth_date": date(1950, 1, 15)}


def aged(years: int, **more: Any) -> dict[str, Any]:
    """A member whose birthday is today."""
    return {"name": f"{years}岁", "relation": "99", "birth_date": date(2026 - years, 3, 2), **more}


def categories(family: Family, **answers: Any) -> list[str]:
    """The categories that the shipped table gives."""
    facts = category_facts(family, family.persons.all(), answers, DAY)
    assert None not in facts.values()
    return sorted(decide((FOLDER / "categories.dmn").read_bytes(), facts).outputs["categories"])


def tier(family: Family, **answers: Any) -> str:
    """The tier that the shipped table gives."""
    facts = risk_facts(family, family.persons.all(), answers, DAY)
    assert None not in facts.values()
    return str(decide((FOLDER / "risk_tier.dmn").read_bytes(), facts).outputs["tier"])


@pytest.mark.parametrize(
    ("members", "answers", "found"),
    [
        ([WOMAN_76], {"child_state": "away"}, ["empty_nest", "left_behind_elder"]),
        ([WOMAN_76], {"child_state": "away_part"}, ["left_behind_elder", "seasonal_empty_nest"]),
        ([WOMAN_76], {"child_state": "none_living"}, ["bereaved", "empty_nest"]),
        ([aged(59)], {"child_state": "away"}, []),
        ([aged(60)], {"child_state": "away"}, ["empty_nest", "left_behind_elder"]),
        ([aged(40), aged(8)], {"parents_away": "both"}, ["left_behind_child"]),
        ([aged(40), aged(15)], {"parents_away": "one", "other_parent_fit": False}, ["left_behind_child"]),
        ([aged(40), aged(16)], {"parents_away": "both"}, []),
        ([aged(40)], {"low_income": True, "daughters": "two"}, ["girl", "hardship", "two_girls"]),
        ([aged(38, relation="12", sex="2")], {"husband_away": True}, ["left_behind_woman"]),
        ([aged(38)], {"residence": "moved_in", "infertility_help": True}, ["infertility", "migrant"]),
        ([aged(38)], {"single_mother": True}, ["single_mother"]),
    ],
)
def test_categories(members: list[dict[str, Any]], answers: dict[str, Any], found: list[str]) -> None:
    assert categories(factories.family(members=members, hukou_kind="farm"), **answers) == found


def test_one_household_may_have_many() -> None:
    family = factories.family(members=[WOMAN_76, aged(7)], child_state="none_living")
    assert categories(family, parents_away="both", low_income=True) == [
        "bereaved",
        "empty_nest",
        "hardship",
        "left_behind_child",
    ]


def test_the_file_speaks_where_the_survey_is_silent() -> None:
    family = factories.family(members=[WOMAN_76], child_state="away", residence="moved_in")
    assert categories(family) == ["empty_nest", "left_behind_elder", "migrant"]


def test_towns_have_no_left_behind_elders() -> None:
    committee = factories.village("120114122001", "第一居委会")
    assert categories(factories.family(unit=committee, members=[WOMAN_76], child_state="away")) == ["empty_nest"]


def test_the_dead_and_those_who_left_do_not_count() -> None:
    members = [aged(90, died_on=date(2025, 1, 1)), aged(80, status="left"), aged(40)]
    assert categories(factories.family(members=members, child_state="away")) == []


@pytest.mark.parametrize(
    ("members", "answers", "found"),
    [
        ([aged(80)], {"lives_alone": True}, "A"),
        ([aged(79)], {"lives_alone": True}, "C"),
        ([aged(80), aged(50)], {}, "C"),
        ([aged(80), aged(80)], {"child_state": "away"}, "A"),
        ([aged(60, self_care=3)], {}, "A"),
        ([aged(60, self_care=2)], {}, "B"),
        ([aged(59, self_care=3), aged(30)], {}, "C"),
        ([aged(60, self_care=3)], {"self_care": 1}, "C"),
        ([aged(65, health="31")], {}, "A"),
        ([aged(65, health="37")], {}, "C"),
        ([aged(65)], {"minor": "unattended"}, "A"),
        ([aged(65)], {"minor": "left_behind"}, "B"),
        ([aged(65)], {"child_state": "disabled"}, "B"),
        ([aged(65)], {"event": "illness", "event_on": "2026-02-01"}, "A"),
        ([aged(65)], {"event": "illness", "event_on": "2026-01-31"}, "C"),
        ([aged(65)], {"event": "death", "event_on": "2025-03-03"}, "A"),
        ([aged(65)], {"event": "death", "event_on": "2025-03-02"}, "C"),
        ([aged(65)], {"event": "none"}, "C"),
        ([aged(65), aged(66, died_on=date(2025, 9, 1))], {}, "A"),
    ],
)
def test_tiers(members: list[dict[str, Any]], answers: dict[str, Any], found: str) -> None:
    assert tier(factories.family(members=members), **answers) == found


@pytest.mark.parametrize(("willingness", "found"), [("refused", "D"), ("phone", "A"), ("unknown", "A")])
def test_who_refuses_is_left_in_peace(willingness: str, found: str) -> None:
    assert tier(factories.family(members=[aged(85)], willingness=willingness), lives_alone=True) == found


def test_special_families_are_at_least_b() -> None:
    assert tier(factories.family(members=[aged(55)], categories=["bereaved"])) == "B"
    assert tier(factories.family(members=[aged(55)], declared_categories=["disabled_child"])) == "B"


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1977, 12, 31), date(2026, 12, 30), 48),
        (date(1977, 12, 31), date(2026, 12, 31), 49),
        (date(1977, 7, 1), date(2026, 1, 1), 48),
        (date(1977, 7, 1), date(2026, 7, 1), 49),
        (date(1976, 2, 29), date(2025, 2, 28), 48),
        (date(1976, 2, 29), date(2025, 3, 1), 49),
    ],
)
def test_a_wife_is_49_from_her_birthday_on(born: date, day: date, age: int) -> None:
    """E17: full years on the day of reference, not in its year; who was born on 31 December included."""
    family = factories.family(members=[{"name": "王芳", "relation": "12", "sex": "2", "birth_date": born}])
    assert category_facts(family, family.persons.all(), {}, day)["wife_age"] == age


def test_a_lunar_birthday_counts_no_years_where_an_id_is_known(now: datetime) -> None:
    """E17: the day that the id tells governs."""
    family, actor = factories.family(members=[]), factories.actor()
    lunar = {"name": "王芳", "relation": "12", "certificate": "120114197801203522", "birth_date": date(1977, 12, 12)}
    person = add_person(family=family, changes={**lunar, "birth_is_lunar": True}, actor=actor, now=now)
    assert (person.birth_date, person.birth_is_lunar, person.age_on(DAY)) == (date(1978, 1, 20), True, 48)
