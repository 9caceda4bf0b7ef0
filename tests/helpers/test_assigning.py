"""Matching for many: the best there is, nobody beyond their places, and who is in greater need never waits for who is
easier to please."""

from collections import Counter
from dataclasses import replace
from itertools import combinations
from random import Random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from backend.helpers import matching
from backend.helpers.matching import Proposed, assign, by_need, obstacle_of, score
from backend.helpers.scoring import Applicant, Place
from tests.helpers.strategies import DAY, ELSEWHERE, KINDS, VILLAGE, applicants, families, several
from tests.thoroughness import THOROUGH

tries = settings(max_examples=3000 if THOROUGH else 40, deadline=None)
NEVER = -100_000


def gains(places: list[Place], helpers: list[Applicant]) -> tuple[np.ndarray, list[Applicant]]:
    """Family × place of a helper: the score, or NEVER; and whose place each column is."""
    columns = [one for one in helpers for _ in range(max(one.places - one.load, 0))]
    table = np.full((len(places), len(columns)), NEVER)
    for row, place in enumerate(places):
        for column, one in enumerate(columns):
            if not obstacle_of(place, one):
                table[row, column] = score(place, one).score
    return table, columns


def most(table: np.ndarray) -> tuple[int, int]:
    """How many can be served at most, and with how many points then, says scipy."""
    chosen = table[linear_sum_assignment(table, maximize=True)]
    return int((chosen > NEVER).sum()), int(chosen[chosen > NEVER].sum())


def served(answer: list[Proposed]) -> list[Place]:
    """The families for which somebody is proposed."""
    return [each.place for each in answer if each.helper]


@tries
@given(families(7), several(applicants, 7))
def test_nobody_could_serve_more_or_better(places: list[Place], helpers: list[Applicant]) -> None:
    answer = assign(places, helpers)
    points = sum(each.helper.score for each in answer if each.helper)
    assert len(served(answer)) == most(gains(places, helpers)[0])[0]
    # Of all ways to help these very families, the one with most points.
    assert (len(served(answer)), points) == most(gains(served(answer), helpers)[0])


@tries
@given(families(5), several(applicants, 4))
def test_who_is_in_greater_need_is_served_first(places: list[Place], helpers: list[Applicant]) -> None:
    """By trying every set of families: that which can be served and comes first when needs are compared one by one."""
    order, table = by_need(places), gains(by_need(places), helpers)[0]
    possible = [
        chosen
        for size in range(len(order) + 1)
        for chosen in combinations(range(len(order)), size)
        if most(table[list(chosen)])[0] == size
    ]
    fairest = max(possible, key=lambda chosen: [number in chosen for number in range(len(order))])
    assert served(assign(places, helpers)) == [order[number] for number in fairest]


@tries
@given(families(8), several(applicants, 8))
def test_rules_and_places_hold_and_reasons_are_told(places: list[Place], helpers: list[Applicant]) -> None:
    answer, by_id = assign(places, helpers, seed=5), {one.id: one for one in helpers}
    load = Counter(each.helper.id for each in answer if each.helper)
    assert all(by_id[helper].load + number <= by_id[helper].places for helper, number in load.items())
    assert [each.rank for each in answer] == list(range(1, len(places) + 1))
    for each in answer:
        fitting = [one for one in helpers if not obstacle_of(each.place, one)]
        assert (each.candidates, sum(each.excluded.values())) == (len(fitting), len(helpers) - len(fitting))
        assert each.nobody_because == ("" if each.helper else "needed_elsewhere" if fitting else "none_fits")
        if each.helper:
            assert not obstacle_of(each.place, by_id[each.helper.id])
            assert each.helper == score(each.place, by_id[each.helper.id])


@tries
@given(families(7), several(applicants, 7), st.randoms(), st.integers(0, 2**40))
def test_the_same_rows_and_seed_give_the_same_answer(
    places: list[Place], helpers: list[Applicant], luck: Random, seed: int
) -> None:
    before = assign(places, helpers, seed=seed)
    luck.shuffle(places)
    luck.shuffle(helpers)
    assert assign(places, helpers, seed=seed) == before


def crowd(many: int, seed: int) -> tuple[list[Place], list[Applicant]]:
    """Families and helpers of several places, each with a few wishes."""
    luck = Random(seed)
    tongues, needs = ["mandarin", "cantonese", "korean"], ["comfort", "health", "housework", "legal"]
    places = [
        Place(
            id=UUID(int=number), path=luck.choice([VILLAGE, *ELSEWHERE]), kinds=frozenset(luck.sample(KINDS, 2)),
            day=DAY, languages=frozenset(luck.sample(tongues, 1)), needs=frozenset(luck.sample(needs, 2)),
            tier=luck.choice("ABCD"),
        )
        for number in range(many)
    ]  # fmt: skip
    helpers = [
        Applicant(
            id=UUID(int=number), kind=luck.choice(KINDS), path=luck.choice([VILLAGE, *ELSEWHERE]), places=2,
            load=luck.randrange(3), languages=frozenset(luck.sample(tongues, 1)),
            skills=frozenset(luck.sample(needs, 2)),
        )
        for number in range(many)
    ]  # fmt: skip
    return places, helpers


def greedy(places: list[Place], helpers: list[Applicant]) -> tuple[int, int]:
    """One family after another, in the order of need, takes the best who is left."""
    table, columns = gains(by_need(places), helpers)
    left, number, points = list(range(len(columns))), 0, 0
    for row in table:
        best = max(left, key=lambda column: row[column], default=None)
        if best is not None and row[best] > NEVER:
            left.remove(best)
            number, points = number + 1, points + int(row[best])
    return number, points


@pytest.mark.parametrize("seed", range(8 if THOROUGH else 3))
def test_never_worse_than_greedy(seed: int) -> None:
    places, helpers = crowd(40, seed)
    answer = assign(places, helpers)
    assert (len(served(answer)), sum(each.helper.score for each in answer if each.helper)) >= greedy(places, helpers)


def test_large_batches_weigh_the_best_of_each_area_and_lose_little(monkeypatch: pytest.MonkeyPatch) -> None:
    places, helpers = crowd(250, 1)
    whole = assign(places, helpers)
    monkeypatch.setattr(matching, "EVERYBODY", 0)
    monkeypatch.setattr(matching, "WIDEST", 100)
    monkeypatch.setattr(matching, "BLOCK", 5_000)
    sparse = assign(places, helpers)
    points = [sum(each.helper.score for each in answer if each.helper) for answer in (whole, sparse)]
    assert len(served(sparse)) == len(served(whole))
    assert 0.97 * points[0] <= points[1] <= points[0]
    assert served(sparse) == served(whole)


def test_who_waits_longer_comes_first_and_equals_draw_lots() -> None:
    one = Applicant(id=UUID(int=9), kind="volunteer", path=VILLAGE, places=1, load=0)
    place = Place(id=UUID(int=1), path=ELSEWHERE[0], kinds=frozenset({"volunteer"}), day=DAY, tier="B", since=DAY)
    easy = replace(place, id=UUID(int=2), path=VILLAGE)
    longer = replace(place, id=UUID(int=3), since=DAY.replace(year=2025))
    urgent = replace(place, id=UUID(int=4), tier="A")
    assert served(assign([easy, longer, place], [one])) == [longer]
    assert served(assign([easy, longer, urgent], [one])) == [urgent]
    drawn = {served(assign([place, easy], [one], seed=seed))[0].id for seed in range(20)}
    assert drawn == {place.id, easy.id}


def test_nobody_to_help_or_nobody_who_helps() -> None:
    places, helpers = crowd(3, 1)
    assert assign([], helpers) == []
    assert [each.nobody_because for each in assign(places, [])] == ["none_fits"] * 3
