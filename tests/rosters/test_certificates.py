"""Id numbers: completed, verified, never guessed (GB 11643-1999, domain.md E18)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some
from stdnum.cn import ric

from backend.cases.rosters.values import Cell, birth_of, resident_id, sex_of

AREAS = some.sampled_from(["110105", "120114", "440524", "659004", "120199"])
BIRTHS = some.dates(min_value=date(1900, 1, 1), max_value=date(1999, 12, 31))


def _number(area: str, born: date, sequence: int) -> str:
    body = f"{area}{born:%Y%m%d}{sequence:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


NUMBERS = some.builds(_number, AREAS, BIRTHS, some.integers(1, 995))


@given(NUMBERS)
def test_valid_numbers_in_every_written_form(number: str) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in number)
    for form in (
        number,
        number.lower(),
        wide,
        f" {number[:6]} {number[6:14]}-{number[14:]} ",
        f"'{number}",
        f"{number}\u200b",
    ):
        found = resident_id(form)
        assert (found.value, found.problem) == (number, ""), form
    assert resident_id(number).mended == ""


@given(NUMBERS)
def test_old_numbers_are_completed(number: str) -> None:
    old = number[:6] + number[8:17]
    mantissa = f"{old[0]}.{old[1:]}E+14"
    for form in (old, int(old), float(old), mantissa):
        assert resident_id(form) == (number, "id15", "", ""), form


def test_centenarians_were_born_in_the_century_before() -> None:
    """Sequences 996 to 999 of old numbers were kept for people of a hundred years."""
    assert str(resident_id("110105500101996").value)[6:10] == "1850"
    assert str(resident_id("110105500101995").value)[6:10] == "1950"


@given(NUMBERS, some.integers(0, 16), some.integers(1, 9))
def test_every_single_wrong_digit_is_noticed(number: str, place: int, more: int) -> None:
    wrong = number[:place] + str((int(number[place]) + more) % 10) + number[place + 1 :]
    assert resident_id(wrong).problem == "id_checksum"


@given(NUMBERS)
def test_a_number_that_the_spreadsheet_rounded_is_never_taken(number: str) -> None:
    """Its last digits are lost; that it may pass the check by chance (one in eleven) changes nothing."""
    digits = int(number[:17] + "0")
    for form in (float(digits), digits, f"{digits:.5E}", f"{digits:.14E}"):
        assert resident_id(form)[2:] == ("id_checksum", "rounded"), form


@pytest.mark.parametrize(
    ("cell", "detail"),
    [
        ("12345", "length"),
        ("A2345678901234567X", "length"),
        ("990105194912310026", "area"),
        ("110105194913310025", "birth"),
        ("110105210012310025", "birth"),
        ("110105194912310021", "check"),
        ("110105194912310012345", "length"),
    ],
)
def test_what_is_wrong_is_said(cell: Cell, detail: str) -> None:
    assert resident_id(cell)[2:] == ("id_checksum", detail)


def test_examples_of_the_standard() -> None:
    assert resident_id("11010519491231002X").value == "11010519491231002X"
    assert resident_id("440524188001010014").value == "440524188001010014"
    assert birth_of("11010519491231002X") == date(1949, 12, 31)
    assert sex_of("11010519491231002X") == "2"
    assert sex_of("440524188001010014") == "1"


@given(some.one_of(some.text(), some.floats(), some.integers(), some.booleans(), some.none()))
def test_anything_at_all(cell: Cell) -> None:
    found = resident_id(cell)
    if found.value is not None and not found.problem:
        assert ric.calc_check_digit(str(found.value)) == str(found.value)[-1]
