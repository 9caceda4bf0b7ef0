"""Invented rosters are of the day they are asked for."""

from datetime import date, datetime, timedelta
from itertools import islice

import pytest

from backend.cases.rosters import synthetic
from backend.cases.rosters.columns import FAMILIES, HELPERS, Column
from backend.cases.rosters.synthetic import Sheet
from backend.cases.rosters.values import Cell


def rows(sheet: Sheet, columns: tuple[Column, ...]) -> list[dict[str, Cell]]:
    """The rows below the titles, by field."""
    fields = [column.field for column in columns]
    return [dict(zip(fields, cells, strict=True)) for cells in islice(sheet.lines, sheet.title_rows + 1, None) if cells]


def day(cell: Cell) -> date:
    return datetime.fromisoformat(str(cell)).date()


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 3, 1), date(2031, 12, 31)])
def test_ages_and_dates_go_by_the_day(today: date) -> None:
    people = rows(synthetic.families(rows=300, today=today, titles=False), tuple(FAMILIES))
    assert {day(person["roster_date"]) for person in people} == {today - timedelta(days=9)}
    assert {day(person["consented_on"]) for person in people if person.get("consented_on")} == {
        today - timedelta(days=11)
    }
    born = [day(person["birth_date"]) for person in people]
    assert today - timedelta(days=95 * 366) < min(born) < today - timedelta(days=80 * 365)
    assert today - timedelta(days=18 * 366) < max(born) < today
    helpers = rows(synthetic.helpers(rows=100, today=today, titles=False), tuple(HELPERS))
    assert all(day(helper["from_date"]) < today < day(helper["insured_until"]) for helper in helpers)


def test_without_a_day_the_same_file_at_any_time() -> None:
    usual = synthetic.families(rows=20, today=synthetic.USUAL_DAY, mess=0.5, faults=0.5)
    assert list(synthetic.families(rows=20, mess=0.5, faults=0.5).lines) == list(usual.lines)
