"""Ranking of helpers: no helper passes a hard rule, and what fits better never ranks lower."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.helpers.ranking import Applicant, Place, is_relative, months_left, obstacle_of, rank, score

DAY = date(2026, 3, 2)
VILLAGE = "12.01.14.122.201."
PLACE = Place(path=VILLAGE, kinds=frozenset({"volunteer"}), day=DAY, languages=frozenset({"mandarin"}))
NEIGHBOUR = Applicant(
    id=UUID(int=1), kind="volunteer", path=VILLAGE, places=2, load=0, languages=frozenset({"mandarin"})
)

paths = st.sampled_from([VILLAGE, "12.01.14.122.202.", "12.01.14.122.", "12.01.14.101.201.", "12.01.13.", "21.04.03."])
languages = st.frozensets(st.sampled_from(["mandarin", "cantonese", "korean"]))
days = st.none() | st.dates(DAY - timedelta(days=900), DAY + timedelta(days=900))
ids = st.integers(1, 40).map(lambda number: UUID(int=number))
applicants = st.builds(
    Applicant,
    id=ids,
    kind=st.sampled_from(["volunteer", "soldier_son", "mother"]),
    path=paths,
    places=st.integers(1, 4),
    load=st.integers(0, 5),
    is_active=st.booleans(),
    from_date=days,
    to_date=days,
    min_months=st.sampled_from([0, 6]),
    minors=st.booleans(),
    languages=languages,
    certificate=st.none() | st.sampled_from([b"a", b"b"]),
    address=st.sampled_from(["", "1 Zhao", "2 Zhao"]),
)
places = st.builds(
    Place,
    path=paths,
    kinds=st.frozensets(st.sampled_from(["volunteer", "soldier_son", "mother"])),
    day=st.just(DAY),
    languages=languages,
    certificates=st.frozensets(st.sampled_from([b"a", b"b"])),
    addresses=st.frozensets(st.sampled_from(["1 Zhao", "2 Zhao"])),
    has_minor=st.booleans(),
    asked=st.frozensets(ids, max_size=5),
    paired=st.frozensets(ids, max_size=5),
    previous=st.frozensets(ids, max_size=5),
)


@given(places, st.lists(applicants, unique_by=lambda one: one.id, max_size=30), st.integers(1, 5))
def test_everybody_is_either_ruled_out_or_could_be_listed(place: Place, several: list[Applicant], top: int) -> None:
    ranking = rank(place, several, top=top)
    by_id = {one.id: one for one in several}
    allowed = [one for one in several if not obstacle_of(place, one)]
    assert len(ranking.best) == min(top, len(allowed))
    assert sum(ranking.excluded.values()) == len(several) - len(allowed)
    for entry in ranking.best:
        one = by_id[entry.id]
        assert one.load < one.places
        assert one.kind in place.kinds
        assert one.is_active
        assert one.id not in place.asked | place.paired
        assert one.from_date is None or one.from_date <= DAY
        assert one.to_date is None or one.to_date > DAY
        assert months_left(one.to_date, DAY) >= one.min_months
        assert one.minors or not place.has_minor
        assert not is_relative(place, one)


@given(places, st.lists(applicants, unique_by=lambda one: one.id, max_size=30), st.randoms())
def test_the_order_does_not_depend_on_the_order_of_asking(place: Place, several: list[Applicant], luck: object) -> None:
    shuffled = list(several)
    luck.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(place, several) == rank(place, shuffled)
    scores = [entry.score for entry in rank(place, several, top=30).best]
    assert scores == sorted(scores, reverse=True)


@given(places, applicants.filter(lambda one: one.load < one.places))
def test_the_score_is_the_sum_of_its_parts(place: Place, one: Applicant) -> None:
    ranked = score(place, one)
    assert 0 <= ranked.score == sum(ranked.parts.values()) <= 100


@given(places, applicants.filter(lambda one: 0 < one.load < one.places))
def test_less_to_do_and_nearer_never_ranks_lower(place: Place, one: Applicant) -> None:
    before = score(place, one).score
    assert score(place, replace(one, load=one.load - 1)).score >= before
    assert score(place, replace(one, path=place.path)).score >= before
    assert score(place, replace(one, languages=place.languages | one.languages)).score >= before


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
    place = replace(PLACE, certificates=frozenset({b"x"}), addresses=frozenset({"赵庄村1号"}))
    assert obstacle_of(place, replace(NEIGHBOUR, certificate=b"x")) == "same_household"
    assert obstacle_of(place, replace(NEIGHBOUR, address="赵庄村1号")) == "same_household"
    assert rank(place, [replace(NEIGHBOUR, certificate=b"x")]).excluded == {"same_household": 1}


def test_minors_need_a_kind_that_may() -> None:
    place = replace(PLACE, has_minor=True)
    assert obstacle_of(place, replace(NEIGHBOUR, minors=False)) == "not_for_minors"
    assert obstacle_of(place, NEIGHBOUR) == ""


def test_near_free_and_of_one_tongue_is_best() -> None:
    far = replace(NEIGHBOUR, id=UUID(int=2), path="12.01.14.101.")
    busy = replace(NEIGHBOUR, id=UUID(int=3), load=1)
    known = replace(NEIGHBOUR, id=UUID(int=4))
    ranking = rank(replace(PLACE, previous=frozenset({known.id})), [far, busy, NEIGHBOUR, known], top=4)
    assert [entry.id.int for entry in ranking.best] == [4, 1, 3, 2]
    first = ranking.best[0]
    assert first.score == 100
    assert first.reasons == ("same_village", "same_language", "no_family_yet", "known_to_family")
    assert ranking.best[3].parts == {"distance": 15, "language": 25, "load": 25, "previous": 0}


@pytest.mark.parametrize(
    ("end", "months"),
    [(None, 999), (date(2026, 3, 1), 0), (date(2026, 4, 1), 0), (date(2026, 4, 2), 1), (date(2028, 3, 2), 24)],
)
def test_full_months_left(end: date | None, months: int) -> None:
    assert months_left(end, DAY) == months
