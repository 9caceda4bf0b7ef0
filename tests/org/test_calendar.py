"""The calendar of domain.md 2i: festivals by lunar date, solar term and weekday, and an office's own days."""

from datetime import date, timedelta

import holidays
import pytest

from backend.administration.codes import add_entry
from backend.core.errors import Invalid
from backend.org import calendar, codes, parameters
from tests import factories
from tests.workflows.stage import NOW

pytestmark = pytest.mark.django_db

COLUMNS = (
    "little_new_year", "new_years_eve", "spring_festival", "lantern", "qingming", "dragon_boat", "qixi", "mid_autumn",
    "double_ninth", "mothers", "fathers",
)  # fmt: skip
TABLE = """
2025 01-22 01-28 01-29 02-12 04-04 05-31 08-29 10-06 10-29 05-11 06-15
2026 02-10 02-16 02-17 03-03 04-05 06-19 08-19 09-25 10-18 05-10 06-21
2027 01-30 02-05 02-06 02-20 04-05 06-09 08-08 09-15 10-08 05-09 06-20
2028 01-19 01-25 01-26 02-09 04-04 05-28 08-26 10-03 10-26 05-14 06-18
2029 02-06 02-12 02-13 02-27 04-04 06-16 08-16 09-22 10-16 05-13 06-17
2030 01-26 02-02 02-03 02-17 04-05 06-05 08-05 09-12 10-05 05-12 06-16
2031 01-16 01-22 01-23 02-06 04-05 06-24 08-24 10-01 10-24 05-11 06-15
2032 02-04 02-10 02-11 02-25 04-04 06-12 08-12 09-19 10-12 05-09 06-20
2033 01-23 01-30 01-31 02-14 04-04 06-01 08-01 09-08 10-01 05-08 06-19
2034 02-11 02-18 02-19 03-05 04-05 06-20 08-20 09-27 10-20 05-14 06-18
2035 01-31 02-07 02-08 02-22 04-05 06-10 08-10 09-16 10-09 05-13 06-17
"""
"""The table of section 2i, whole: five of its years repeat a month (2025, 2028, 2031, 2033)."""


@pytest.fixture(autouse=True)
def _shipped() -> None:
    codes.load_codes()


def test_every_cell_of_the_table() -> None:
    for line in TABLE.split("\n")[1:-1]:
        year, *cells = line.split()
        told = [calendar.day_of(code, int(year)) for code in COLUMNS]
        assert told == [date.fromisoformat(f"{year}-{cell}") for cell in cells], year


def test_statutory_festivals_agree_with_another_source_from_2020_to_2040() -> None:
    """The package `holidays` counts them on its own: a wrong leap month would show."""
    for year in range(2020, 2041):
        known = set(holidays.country_holidays("CN", years=year))
        for code in ("spring_festival", "qingming", "dragon_boat", "mid_autumn"):
            assert calendar.day_of(code, year) in known, (code, year)


def test_each_year_has_each_day_once() -> None:
    for year in (2020, 2033, 2040):
        found = [each.code for each in calendar.days_of(year)]
        assert sorted(found) == sorted(codes.entries(calendar.LIST)), year


@pytest.mark.parametrize(
    ("code", "days"),
    [
        ("05-08", ["2026-05-08", "2027-05-08"]),
        ("lunar-12-08", ["2026-01-26", "2027-01-15"]),  # 腊八
        ("05-w7-5", ["2026-05-31", "2027-05-30"]),
        ("02-29", ["2028-02-29", "2032-02-29"]),
    ],
)
def test_an_office_adds_days_of_its_own(code: str, days: list[str]) -> None:
    add_entry(kind=calendar.LIST, code=code, label="结亲日", label_en="pairing day", actor=factories.actor(),
              now=NOW)  # fmt: skip
    assert [str(calendar.day_of(code, date.fromisoformat(day).year)) for day in days] == days
    assert code in {each.code for each in calendar.days_of(int(days[0][:4]))}


@pytest.mark.parametrize("code", ["13-01", "02-30", "lunar-13-01", "lunar-01-31", "05-w8-1", "spring", "05-w7-6"])
def test_what_is_no_day_is_refused(code: str) -> None:
    with pytest.raises(Invalid):
        add_entry(kind=calendar.LIST, code=code, label="错", label_en="wrong", actor=factories.actor(),
                  now=NOW)  # fmt: skip


def test_the_next_one_is_after_the_day() -> None:
    spring = date(2026, 2, 17)
    assert calendar.next_after("spring_festival", spring - timedelta(days=1)) == spring
    assert calendar.next_after("spring_festival", spring) == date(2027, 2, 6)
    assert calendar.next_after("nothing", spring) is None


def test_school_and_programme_years_follow_the_area() -> None:
    parameters.load_parameters()
    path = factories.town().path
    assert calendar.year_of("calendar.school_year", date(2026, 8, 31), path=path) == (
        2025, date(2025, 9, 1), date(2026, 9, 1),
    )  # fmt: skip
    assert calendar.year_of("calendar.programme_year", date(2026, 3, 31), path=path)[0] == 2026
    parameters.set_parameter(
        key="calendar.programme_year", value={"month": 4, "day": 1}, from_date=date(2026, 1, 1), path=path
    )
    assert calendar.year_of("calendar.programme_year", date(2026, 3, 31), path=path) == (
        2025, date(2025, 4, 1), date(2026, 4, 1),
    )  # fmt: skip
    assert calendar.year_of("calendar.programme_year", date(2026, 4, 1), path=path)[0] == 2026
    assert calendar.year_of("calendar.programme_year", date(2026, 3, 31), path="99.")[0] == 2026
