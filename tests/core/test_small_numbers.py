"""Small numbers (E32): nothing that is kept back can be worked out from what is told."""

from hypothesis import given
from hypothesis import strategies as st

from backend.core.small_numbers import Pair, shown, told

SMALLEST = 5
counts = st.integers(min_value=0, max_value=12)
rates = st.tuples(counts, counts).map(lambda sides: Pair(sides[0], sides[0] + sides[1]))
columns = st.one_of(
    st.dictionaries(st.sampled_from("abcdefgh"), rates, max_size=8),
    st.dictionaries(st.sampled_from("abcdefgh"), counts.map(Pair), max_size=8),
)


@given(columns)
def test_nothing_small_is_told_nor_left_over(rows: dict[str, Pair]) -> None:
    whole, rest = shown(rows, SMALLEST)
    assert not any(rows[name].is_small(SMALLEST) for name in rest)
    kept_back = [pair for name, pair in rows.items() if name not in rest]
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


def test_equal_rows_go_together() -> None:
    rows = {"a": Pair(2), "b": Pair(9), "c": Pair(9), "d": Pair(30)}
    assert shown(rows, SMALLEST) == (True, frozenset("d"))


def test_a_remainder_that_only_the_largest_hidden_figures_make_up_tells_them() -> None:
    assert shown({"a": Pair(4), "b": Pair(4), "c": Pair(20)}, SMALLEST) == (True, frozenset())


def test_figures_and_lists_are_kept_back_by_the_same_rule() -> None:
    cells = {"a": 2, "b": 9, "c": 9, "d": 30}
    whole, rows = shown({name: Pair(number) for name, number in cells.items()}, SMALLEST)
    result = told(cells)
    assert whole
    assert {name for name, number in result.cells.items() if number is not None} == rows
    assert result.total == 50


def test_what_an_earlier_list_told_is_minded() -> None:
    before = told({"a": 20, "b": 30})
    assert told({"a": 23, "b": 30}, earlier=[before]).cells["a"] is None
    assert told({"a": 26, "b": 30}, earlier=[before]).cells["a"] == 26
