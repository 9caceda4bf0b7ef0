"""What the shipped standards come to: the published amounts by date, and what the seeds say of Wuqing's townships."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.subsidies.amounts import Amount, Circumstances, Judge, amount, due, month_share, months, yuan
from backend.subsidies.models import Rate, Standard
from backend.subsidies.shipped import FILE, load_standards
from workflows.engine.decisions import read_table
from workflows.subsidy_tables import judge_of

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).parents[2] / "bpmn" / "subsidy_application" / "subsidy_amount.dmn"
NOWHERE = "36.01.02.001.201."
WUQING = "12.01.14.001.201."
DAHUANGBAO = "12.01.14.122.201."
XIAZHUZHUANG = "12.01.14.002.201."
REWARD, SPECIAL = "reward_support", "special_support"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return judge_of(read_table(TABLE.read_bytes()))


@pytest.fixture(autouse=True)
def shipped() -> None:
    load_standards()


def on(day: str, judge: Judge, *, kind: str = REWARD, path: str = NOWHERE, **more: Any) -> Amount:
    return amount(Circumstances(kind=kind, path=path, **more), day=date.fromisoformat(day), judge=judge)


REWARDS = [("2003-12-31", 0), ("2004-01-01", 600), ("2008-12-31", 600), ("2009-01-01", 720), ("2011-12-31", 720),
           ("2012-01-01", 960), ("2024-06-21", 960)]  # fmt: skip


@pytest.mark.parametrize(("day", "yearly"), REWARDS)
def test_reward_support_by_date(day: str, yearly: int, judge: Judge) -> None:
    assert on(day, judge).yearly == yearly


SPECIALS = [
    ("2007-12-31", "", 0, 0),
    ("2008-01-01", "", 80, 100),
    ("2012-01-01", "", 110, 135),
    ("2014-01-01", "urban", 270, 340),
    ("2014-01-01", "rural", 150, 170),
    ("2016-01-01", "rural", 270, 340),
    ("2022-06-30", "", 350, 450),
    ("2022-07-01", "", 460, 590),
    ("2026-03-02", "rural", 460, 590),
]


@pytest.mark.parametrize(("day", "residence", "disabled", "died"), SPECIALS)
def test_special_support_by_date(day: str, residence: str, disabled: int, died: int, judge: Judge) -> None:
    monthly = [
        on(day, judge, kind=SPECIAL, category=category, residence=residence).yearly / 12
        for category in ("child_disabled", "child_died")
    ]
    assert monthly == [disabled, died]


@pytest.mark.parametrize(("day", "grades"), [("2022-06-30", [400, 300, 200]), ("2022-07-01", [520, 390, 260])])
def test_complications(day: str, grades: list[int], judge: Judge) -> None:
    told = [on(day, judge, kind=SPECIAL, category=f"complication_{grade}").yearly / 12 for grade in (1, 2, 3)]
    assert told == grades


LOCAL = [
    ("12.01.01.001.001.", "child_disabled", "2012-06-01", 220),
    ("12.01.01.001.001.", "child_died", "2012-06-01", 270),
    ("13.08.28.100.201.", "child_disabled", "2024-06-21", 500),
    ("13.08.28.100.201.", "child_died", "2024-06-21", 700),
    ("51.01.04.001.001.", "child_disabled", "2024-01-01", 790),
    ("51.01.04.001.001.", "child_died", "2024-01-01", 1000),
    ("52.01.02.001.001.", "child_died", "2024-01-01", 1060),
]


@pytest.mark.parametrize(("path", "category", "day", "monthly"), LOCAL)
def test_local_totals(path: str, category: str, day: str, monthly: int, judge: Judge) -> None:
    assert on(day, judge, kind=SPECIAL, category=category, path=path).yearly == monthly * 12


def test_shitai_gives_girls_240_more(judge: Judge) -> None:
    told = [
        on("2024-01-01", judge, path="34.17.22.100.201.", category=kind).yearly for kind in ("one_child", "girls_only")
    ]
    assert told == [960, 1200]


def test_wuqing_raised_60_to_80_a_month_a_year_before_the_country(judge: Judge) -> None:
    """Q8."""
    told = [on(day, judge, path=WUQING).yearly / 12 for day in ("2010-12-31", "2011-01-01", "2012-01-01")]
    assert told == [60, 80, 80]
    assert on("2011-12-31", judge).yearly / 12 == 60


def test_dahuangbao_doubles_what_is_above(judge: Judge) -> None:
    """Q11: the township pays as much again, of both subsidies, on what country, city and county give."""
    told = on("2011-12-31", judge, path=DAHUANGBAO)
    assert told.yearly / 12 == 160
    assert [(part.level, part.mode, part.part) for part in told.parts] == [
        ("national", "add", "720.00"), ("county", "replace", "240.00"), ("township", "multiply", "960.00"),
    ]  # fmt: skip
    special = on("2022-07-01", judge, kind=SPECIAL, category="child_died", path=DAHUANGBAO)
    assert special.yearly / 12 == 1180


@pytest.mark.parametrize(("age", "monthly"), [(44, 0), (45, 100), (46, 100), (-1, 0)])
def test_xiazhuzhuang_gives_100_from_the_wifes_45th_year(age: int, monthly: int, judge: Judge) -> None:
    """Q10."""
    told = on("2011-11-30", judge, kind="only_child_reward", path=XIAZHUZHUANG, age=age)
    assert told.yearly / 12 == monthly


@pytest.mark.parametrize(("residence", "once"), [("rural", 100), ("urban", 0)])
def test_100_yuan_once_for_a_birth_in_hospital(residence: str, once: int, judge: Judge) -> None:
    """Q21."""
    assert on("2011-11-30", judge, kind="delivery_aid", path=WUQING, residence=residence).yearly == once


def test_the_seeds_total_is_explained_in_part(judge: Judge) -> None:
    """Q8, Q9: 5,467 and 548 persons, 6.45 million yuan a year; the figures that data/README.md tells."""
    total, rewards, specials = Decimal(6_450_000), 5467, 548
    reward = on("2011-11-30", judge, path=WUQING).yearly * rewards
    low, high = (
        on("2011-11-30", judge, kind=SPECIAL, category=category, path=WUQING).yearly * specials
        for category in ("child_disabled", "child_died")
    )
    rest = total - reward
    told = [reward, low, high, rest - high, rest - low, yuan(int(rest * 100 / specials / 12))]
    text = (FILE.parent / "README.md").read_text("utf-8")
    assert told == [5_248_320, 526_080, 657_600, 544_080, 675_600, Decimal("182.73")]
    assert [f"{figure:,}" in text.replace(".00", "") for figure in map(int, told[:5])] == [True] * 5
    assert "182.73" in text


def test_each_row_has_a_reference_and_loading_again_changes_nothing() -> None:
    rows = json.loads(FILE.read_text("utf-8"))
    assert all(row["reference"] for row in rows)
    assert Standard.objects.count() == len(rows)
    assert load_standards() == 0


@given(
    yearly=st.integers(0, 10**9).map(yuan), year=st.integers(2000, 2100), split=st.integers(1, 12)
)  # fmt: skip
def test_twelve_months_add_up_to_the_year(yearly: Decimal, year: int, split: int) -> None:
    whole = [month_share(yearly, month) for month in months(date(year, 1, 1), date(year + 1, 1, 1))]
    assert len(whole) == 12
    assert sum(whole) == yearly
    rate = Rate(from_date=date(year - 1, 1, 1), until_date=None, yearly=yearly)
    middle = date(year, split, 1)
    parts = [(date(year, 1, 1), middle), (middle, date(year + 1, 1, 1))]
    assert sum(due([rate], from_date=start, until_date=end) for start, end in parts) == yearly


def test_a_new_rate_in_mid_year_counts_from_its_month() -> None:
    """590 instead of 450 from July: six months of each."""
    old = Rate(from_date=date(2022, 1, 1), until_date=date(2022, 7, 1), yearly=Decimal(5400))
    new = Rate(from_date=date(2022, 7, 1), until_date=None, yearly=Decimal(7080))
    told = due([old, new], from_date=date(2022, 1, 1), until_date=date(2023, 1, 1))
    assert told == 6 * 450 + 6 * 590
    assert due([old, new], from_date=date(2022, 3, 15), until_date=date(2022, 8, 15)) == 3 * 450 + 2 * 590
