"""Matching for one family: no helper passes a hard rule, points are as a person counts them, better is never lower."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.helpers.matching import obstacle_of, rank, score
from backend.helpers.scoring import RULES, Applicant, Place, Weights, is_relative, months_left
from tests.helpers.strategies import DAY, VILLAGE, applicants, places, several, weights

PLACE = Place(path=VILLAGE, kinds=frozenset({"volunteer"}), day=DAY, languages=frozenset({"mandarin"}))
NEIGHBOUR = Applicant(
    id=UUID(int=1), kind="volunteer", path=VILLAGE, places=2, load=0, languages=frozenset({"mandarin"})
)


def obstacles(place: Place, one: Applicant) -> list[str]:
    """Every hard rule that fails, as a person would say it."""
    said = {
        "not_active": not one.is_active,
        "outside_service": bool(
            (one.from_date and one.from_date > place.day) or (one.to_date and one.to_date <= place.day)
        ),
        "service_too_short": months_left(one.to_date, place.day) < one.min_months,
        "full": one.load >= one.places,
        "kind_not_allowed": one.kind not in place.kinds,
        "not_for_category": one.kind in place.other_categories,
        "no_free_seat": one.kind in place.full_seats,
        "not_for_minors": place.has_minor and not one.minors,
        "same_village": place.weights.other_village and place.path == one.path and place.path.count(".") == 5,
        "same_household": is_relative(place, one),
        "with_family_now": one.id in place.paired,
        "asked_before": one.id in place.asked,
    }
    assert tuple(said) == RULES
    return [rule for rule, fails in said.items() if fails]


def shared_levels(one: str, other: str) -> int:
    """How many parts of two paths are the same from the left."""
    pairs = list(zip(one.rstrip(".").split("."), other.rstrip(".").split("."), strict=False))
    return next((number for number, (mine, theirs) in enumerate(pairs) if mine != theirs), len(pairs))


def points(place: Place, one: Applicant) -> dict[str, int]:
    """The points of a pair, as a person would count them."""
    weigh = place.weights
    near = {5: weigh.same_village, 4: weigh.same_township, 3: weigh.same_county, 2: weigh.same_city}
    language = weigh.language // 2
    if place.languages and one.languages:
        language = weigh.language if place.languages & one.languages else 0
    met = len(place.needs & one.skills) / len(place.needs) if place.needs else 1
    ready = one.ready and (one.checked or not place.has_minor)
    return {
        "distance": near.get(shared_levels(place.path, one.path), 0),
        "language": language,
        "skills": round(weigh.skills * met),
        "load": round(weigh.load * (max(one.places - one.load, 0) / max(one.places, 1))),
        "window": round(weigh.window * (min(months_left(one.to_date, place.day), 12) / 12)),
        "sex": weigh.sex if place.wanted_sex in {"", one.sex} else 0,
        "ready": weigh.ready if ready else 0,
        "previous": weigh.previous if one.id in place.previous else 0,
    }


@given(places, applicants)
def test_one_pair_by_the_readable_rule(place: Place, one: Applicant) -> None:
    assert obstacle_of(place, one) == next(iter(obstacles(place, one)), "")
    ranked = score(place, one)
    assert ranked.parts == points(place, one)
    assert 0 <= ranked.score == sum(ranked.parts.values()) <= 100


@given(places, several(applicants, 30), st.integers(1, 5))
def test_a_county_by_the_readable_rule(place: Place, county: list[Applicant], top: int) -> None:
    ranking = rank(place, county, top=top)
    allowed = [one for one in county if not obstacles(place, one)]
    order = sorted(allowed, key=lambda one: (-sum(points(place, one).values()), one.load, one.id))
    assert [(entry.id, entry.parts) for entry in ranking.best] == [(one.id, points(place, one)) for one in order[:top]]
    first = [rules[0] for rules in (obstacles(place, one) for one in county) if rules]
    assert ranking.excluded == {rule: first.count(rule) for rule in RULES if rule in first}


@given(places, several(applicants, 30), st.randoms())
def test_the_order_does_not_depend_on_the_order_of_asking(place: Place, county: list[Applicant], luck: Random) -> None:
    shuffled = list(county)
    luck.shuffle(shuffled)
    assert rank(place, county) == rank(place, shuffled)


@given(places, applicants.filter(lambda one: 0 < one.load < one.places))
def test_less_to_do_and_nearer_never_ranks_lower(place: Place, one: Applicant) -> None:
    before = score(place, one).score
    assert score(place, replace(one, load=one.load - 1)).score >= before
    assert score(place, replace(one, path=place.path)).score >= before
    assert score(place, replace(one, languages=place.languages | one.languages)).score >= before
    assert score(place, replace(one, skills=place.needs | one.skills)).score >= before
    assert score(place, replace(one, to_date=None)).score >= before


@given(weights)
def test_weights_add_up_to_a_hundred(some: Weights) -> None:
    best = replace(NEIGHBOUR, id=UUID(int=7), places=1)
    assert score(replace(PLACE, previous=frozenset({best.id}), weights=some), best).score == 100
    assert some.same_village >= max(some.same_township, some.same_county, some.same_city)
    assert Weights.of(some.as_json()) == some


def test_words_beyond_the_sixty_fourth_count_as_well() -> None:
    many = frozenset(f"need{number:03d}" for number in range(150))
    place = replace(PLACE, needs=many)
    assert score(place, replace(NEIGHBOUR, skills=many)).parts["skills"] == place.weights.skills
    assert score(place, replace(NEIGHBOUR, skills=frozenset({"need149", "none"}))).reasons.count("has_skills") == 1


@pytest.mark.parametrize(
    ("changed", "obstacle"),
    [
        ({}, ""),
        ({"kind": "mother"}, "kind_not_allowed"),
        ({"is_active": False}, "not_active"),
        ({"from_date": DAY + timedelta(days=1)}, "outside_service"),
        ({"from_date": DAY}, ""),
        ({"to_date": DAY}, "outside_service"),
        ({"to_date": date(2026, 9, 1), "min_months": 6}, "service_too_short"),
        ({"to_date": date(2026, 9, 2), "min_months": 6}, ""),
        ({"load": 2}, "full"),
        ({"places": 0}, "full"),
    ],
)
def test_hard_rules(changed: dict[str, object], obstacle: str) -> None:
    assert obstacle_of(PLACE, replace(NEIGHBOUR, **changed)) == obstacle  # type: ignore[arg-type]


def test_a_member_of_the_household_is_never_offered() -> None:
    """E19: whoever applies for help, or is kin under the same roof, is nobody's helper there."""
    place = replace(PLACE, certificates=frozenset({b"x"}), addresses=frozenset({"赵庄村1号"}))
    assert obstacle_of(place, replace(NEIGHBOUR, certificate=b"x")) == "same_household"
    assert obstacle_of(place, replace(NEIGHBOUR, address="赵庄村1号")) == "same_household"
    assert rank(place, [replace(NEIGHBOUR, certificate=b"x")]).excluded == {"same_household": 1}


def test_a_programme_may_keep_a_familys_own_village_out() -> None:
    place = replace(PLACE, weights=replace(PLACE.weights, other_village=True))
    assert obstacle_of(place, NEIGHBOUR) == "same_village"
    assert obstacle_of(place, replace(NEIGHBOUR, path="12.01.14.122.202.")) == ""


def test_near_free_and_of_one_tongue_is_best() -> None:
    far = replace(NEIGHBOUR, id=UUID(int=2), path="12.01.14.101.")
    busy = replace(NEIGHBOUR, id=UUID(int=3), load=1)
    known = replace(NEIGHBOUR, id=UUID(int=4))
    ranking = rank(replace(PLACE, previous=frozenset({known.id})), [far, busy, NEIGHBOUR, known], top=4)
    assert [entry.id.int for entry in ranking.best] == [4, 1, 3, 2]
    first = ranking.best[0]
    assert first.score == 100
    assert first.reasons == ("same_village", "same_language", "no_family_yet", "ready", "known_to_family")
    assert ranking.best[3].parts["distance"] == PLACE.weights.same_county


def test_a_helper_for_a_family_with_children_is_ready_only_with_a_background_check() -> None:
    unchecked = replace(NEIGHBOUR, checked=False)
    assert "ready" in score(PLACE, unchecked).reasons
    assert "ready" not in score(replace(PLACE, has_minor=True), unchecked).reasons


@pytest.mark.parametrize(
    ("end", "months"),
    [(None, 999), (date(2026, 3, 1), 0), (date(2026, 4, 1), 0), (date(2026, 4, 2), 1), (date(2028, 3, 2), 24)],
)
def test_full_months_left(end: date | None, months: int) -> None:
    assert months_left(end, DAY) == months
