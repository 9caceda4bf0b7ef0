"""Families and helpers as the matching sees them, at random."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import strategies as st

from backend.helpers.scoring import Applicant, Place, Weights

DAY = date(2026, 3, 2)
VILLAGE = "12.01.14.122.201."
ELSEWHERE = ("12.01.14.122.202.", "12.01.14.122.", "12.01.14.101.201.", "12.01.13.", "21.04.03.")
KINDS = ("volunteer", "soldier_son", "mother")

paths = st.sampled_from([VILLAGE, *ELSEWHERE])
languages = st.frozensets(st.sampled_from(["mandarin", "cantonese", "korean"]))
needs = st.frozensets(st.sampled_from(["comfort", "health", "housework", "legal"]))
days = st.none() | st.dates(DAY - timedelta(days=900), DAY + timedelta(days=900))
ids = st.integers(1, 40).map(lambda number: UUID(int=number))
weights = st.builds(
    Weights.scaled,
    st.fixed_dictionaries(
        {
            name: st.integers(1, 60)
            for name in ("same_village", "language", "skills", "load", "window", "sex", "previous")
        }
        | {name: st.integers(0, 60) for name in ("same_township", "same_county", "same_city", "ready")}
    ),
    other_village=st.booleans(),
)
applicants = st.builds(
    Applicant,
    id=ids,
    kind=st.sampled_from(KINDS),
    path=paths,
    places=st.integers(0, 4),
    load=st.integers(0, 5),
    is_active=st.sampled_from([True, True, True, False]),
    from_date=st.none() | days,
    to_date=st.none() | days,
    min_months=st.sampled_from([0, 6]),
    minors=st.booleans(),
    ready=st.booleans(),
    checked=st.booleans(),
    languages=languages,
    skills=needs,
    sex=st.sampled_from(["0", "1", "2", "9"]),
    certificate=st.none() | st.sampled_from([b"a", b"b"]),
    address=st.sampled_from(["", "1 Zhao", "2 Zhao"]),
)
places = st.builds(
    Place,
    id=ids,
    path=paths,
    kinds=st.frozensets(st.sampled_from(KINDS), min_size=1),
    day=st.just(DAY),
    other_categories=st.frozensets(st.sampled_from(KINDS), max_size=1),
    full_seats=st.frozensets(st.sampled_from(KINDS), max_size=1),
    languages=languages,
    needs=needs,
    wanted_sex=st.sampled_from(["", "1", "2"]),
    certificates=st.frozensets(st.sampled_from([b"a", b"b"]), max_size=1),
    addresses=st.frozensets(st.sampled_from(["1 Zhao", "2 Zhao"]), max_size=1),
    has_minor=st.booleans(),
    asked=st.frozensets(ids, max_size=5),
    paired=st.frozensets(ids, max_size=5),
    previous=st.frozensets(ids, max_size=5),
    tier=st.sampled_from(["A", "B", "C", "", "D"]),
    since=st.none() | st.dates(DAY - timedelta(days=4), DAY),
    weights=weights,
)


def several(rows: st.SearchStrategy[Applicant], most: int) -> st.SearchStrategy[list[Applicant]]:
    """Helpers of different ids."""
    return st.lists(rows, unique_by=lambda one: one.id, max_size=most)


def families(most: int) -> st.SearchStrategy[list[Place]]:
    """Families of different ids."""
    return st.lists(places, unique_by=lambda each: each.id, max_size=most)
