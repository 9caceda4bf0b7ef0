"""A parameter holds for an area between two days: the narrowest area wins, then the newest."""

import re
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.org.models import Parameter
from backend.org.parameters import load_parameters, set_parameter, value
from backend.visits.cadence import Rules

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)
TOWN = "12.01.14.122."


def test_the_narrowest_area_wins() -> None:
    for path, amount in (("", 1), ("12.", 2), ("12.01.14.", 3), (TOWN, 4), ("12.01.14.123.", 5)):
        set_parameter(key="k", path=path, value=amount, from_date=date(2020, 1, 1))
    assert value("k", path=f"{TOWN}201.", day=DAY) == 4
    assert value("k", path=TOWN, day=DAY) == 4
    assert value("k", path="12.01.15.001.", day=DAY) == 2
    assert value("k", path="21.", day=DAY) == 1
    assert value("k", day=DAY) == 1


def test_a_value_holds_from_its_first_day_to_the_day_before_its_last() -> None:
    set_parameter(key="k", value="old", from_date=date(2020, 1, 1))
    set_parameter(key="k", value="new", from_date=date(2026, 7, 1), to_date=date(2026, 8, 1))
    days = {
        day: value("k", day=date.fromisoformat(day)) for day in ("2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01")
    }
    assert days == {"2026-06-30": "old", "2026-07-01": "new", "2026-07-31": "new", "2026-08-01": "old"}
    assert value("k", day=date(2019, 12, 31), default="none") == "none"


def test_a_change_is_seen_at_once_and_what_is_unchanged_is_read_once() -> None:
    assert value("k", day=DAY, default=7) == 7
    set_parameter(key="k", value=8, from_date=DAY)
    assert value("k", day=DAY, default=7) == 8
    with CaptureQueriesContext(connection) as queries:
        assert value("k", path=TOWN, day=DAY) == 8
    assert not len(queries)


def test_the_shipped_values_are_loaded_once_and_give_way_to_an_offices_own() -> None:
    assert load_parameters() > 0
    assert load_parameters() == 0
    assert value("pairing.answer_days", path=TOWN, day=DAY) == 7
    set_parameter(key="pairing.answer_days", path="12.01.14.", value=10, from_date=date(2026, 1, 1))
    assert value("pairing.answer_days", path=TOWN, day=DAY) == 10
    assert Parameter.objects.exclude(source="").filter(path="").count() == Parameter.objects.filter(path="").count()


def test_every_parameter_that_code_reads_is_shipped() -> None:
    load_parameters()
    read: set[str] = set()
    for folder in ("backend", "workflows"):
        for file in Path(settings.ROOT, folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            read |= set(re.findall(r'parameters\.value\(\s*"([^"]+)"', text))
            read |= set(re.findall(r'\bnumber\(call, "([^"]+)"', text))
    assert read
    assert read <= set(Parameter.objects.values_list("key", flat=True))


def test_the_shipped_rules_of_visits_are_those_of_the_code() -> None:
    load_parameters()
    assert Rules(**value("visit.rules", day=DAY)) == Rules()
