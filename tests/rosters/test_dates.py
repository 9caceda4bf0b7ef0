"""Dates in every form that villages write them; nothing is invented."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend.cases.rosters.values import EPOCH, Cell, day

DAYS = some.dates(min_value=date(1900, 3, 1), max_value=date(2099, 12, 31))
HAN = "〇一二三四五六七八九"


def _han(number: int) -> str:
    """3 → 三, 25 → 二十五."""
    tens, ones = divmod(number, 10)
    return (HAN[tens] if tens > 1 else "") + ("十" if tens else "") + (HAN[ones] if ones else "")


@given(DAYS)
def test_whole_dates(born: date) -> None:
    year, month, number = born.year, born.month, born.day
    forms: list[Cell] = [
        born.isoformat(),
        f"{born:%Y/%m/%d}",
        f"{year}.{month}.{number}",
        f"{year}年{month}月{number}日",
        f"{year} 年 {month} 月 {number} 日",
        f"{born:%Y%m%d}",
        int(f"{born:%Y%m%d}"),
        float(f"{born:%Y%m%d}"),
        f"{born.isoformat()} 00:00:00",
        "".join(chr(ord(letter) + 0xFEE0) for letter in f"{year}-{month:02d}-{number:02d}"),
        "".join(HAN[int(digit)] for digit in str(year)) + f"年{_han(month)}月{_han(number)}日",
    ]
    for form in forms:
        assert day(form).value == born, form
        assert not day(form).problem


@given(some.dates(min_value=date(1930, 1, 1), max_value=date(2099, 12, 31)))
def test_serial_numbers_of_spreadsheets(born: date) -> None:
    """From five digits on: of smaller ones most are years."""
    serial = (born - EPOCH).days
    for form in (serial, float(serial), str(serial), serial + 0.5):
        assert day(form) == (born, "date", "", "")


@given(DAYS)
def test_months_become_their_first_day_and_are_marked(born: date) -> None:
    forms: list[Cell] = [
        f"{born.year}年{born.month}月",
        f"{born:%Y-%m}",
        f"{born:%Y.%m}",
        f"{born:%Y%m}",
        f"{born:%Y%m}00",
    ]
    if born.month not in {1, 10}:
        forms.append(float(f"{born.year}.{born.month}"))
    for form in forms:
        assert day(form) == (born.replace(day=1), "month", "", ""), form


@pytest.mark.parametrize(
    ("cell", "detail"),
    [
        (1950.1, "month_unclear"),
        ("1950", "year_only"),
        (1950, "year_only"),
        ("19500000", "year_only"),
        ("农历1950年3月5日", "lunar"),
        ("1950-02-30", "not_a_date"),
        ("1950年13月", "not_a_date"),
        ("不详年月", "not_a_date"),
        ("50.3.5", "not_a_date"),
        ("99999", "not_a_date"),
        (True, "not_a_date"),
        (float("inf"), "not_a_date"),
        (float("nan"), "not_a_date"),
        (1e300, "not_a_date"),
        (1 / 3, "not_a_date"),
    ],
)
def test_unclear_dates_are_problems(cell: Cell, detail: str) -> None:
    assert day(cell)[2:] == ("bad_date", detail)


@pytest.mark.parametrize("cell", ["", None, "无", "-", "不详", "　"])
def test_nothing(cell: Cell) -> None:
    assert day(cell) == (None, "", "", "")


@given(some.one_of(some.text(), some.floats(), some.integers(), some.booleans(), some.none()))
def test_anything_at_all(cell: Cell) -> None:
    """Whatever stands in a cell: a date, nothing, or a problem; never a crash."""
    found = day(cell)
    assert found.value is None or isinstance(found.value, date)
    assert not (found.value and found.problem)
