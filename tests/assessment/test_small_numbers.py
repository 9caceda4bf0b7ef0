"""Small numbers (E32): nothing that is kept back can be worked out from what is told."""

from hypothesis import given
from hypothesis import strategies as st

from backend.reporting.small_numbers import Pair, shown

SMALLEST = 5
counts = st.integers(min_value=0, max_value=12)
rates = st.tuples(counts, counts).map(lambda sides: Pair(sides[0], sides[0] + sides[1]))
columns = st.one_of(
    st.dictionaries(st.sampled_from("abcdefgh"), rates, max_size=8),
    st.dictionaries(st.sampled_from("abcdefgh"), counts.map(Pair), max_size=8),
)


@given(columns)
def test_nothing_small_is_told_nor_left_over(rows: dict[str, Pair]) -> None:
    whole, told = shown(rows, SMALLEST)
    assert not any(rows[name].is_small(SMALLEST) for name in told)
    kept_back = [pair for name, pair in rows.items() if name not in told]
    if whole and kept_back:
        assert len(kept_back) > 1
        assert not sum(kept_back, Pair()).is_small(SMALLEST)


def test_one_small_row_takes_a_second_one_with_it() -> None:
    rows = {"a": Pair(20, 30), "b": Pair(2, 9), "c": Pair(15, 25)}
    assert shown(rows, SMALLEST) == (True, frozenset("a"))


def test_both_sides_of_a_rate_count() -> None:
    assert shown({"a": Pair(31, 33)}, SMALLEST) == (False, frozenset())


def test_nothing_and_enough_are_told() -> None:
    rows = {"a": Pair(5), "b": Pair(0), "c": Pair(9)}
    assert shown(rows, SMALLEST) == (True, frozenset("abc"))
