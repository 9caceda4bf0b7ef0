"""The tree of regions comes from the shipped file and grows by villages."""

from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from backend.org.models import Unit
from backend.org.regions import UnknownTownship, load_regions, path_of, path_under, township_codes, village
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("code", "kind", "path"),
    [
        ("120000000000", "province", "12."),
        ("120100000000", "city", "12.01."),
        ("120114000000", "county", "12.01.14."),
        ("120114122000", "town", "12.01.14.122."),
        ("120114122201", "village", "12.01.14.122.201."),
    ],
)
def test_a_path_is_read_from_the_code(code: str, kind: str, path: str) -> None:
    assert path_of(code, kind) == path


def test_the_shipped_file_loads_once(now: datetime) -> None:
    assert load_regions(now=now) == (44_699, 0)  # 44,703 rows, four of which stand in for a missing level
    assert load_regions(now=now) == (0, 0)
    with connection.cursor() as cursor:  # what PostgreSQL plans by, though nothing is committed yet
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'org_unit'::regclass")
        assert cursor.fetchone() == (44_699,)
    town = Unit.objects.get(code="120114122000")
    assert (town.name, town.kind, town.path) == ("大黄堡镇", "town", "12.01.14.122.")
    assert town.parent is not None
    assert town.parent.code == "120114000000"
    assert (
        Unit.objects.below("12.01.14.").filter(kind="town").count() == Unit.objects.filter(parent=town.parent).count()
    )
    assert "120114122" in township_codes()
    assert Unit.objects.get(code="441900003000").parent == Unit.objects.get(code="441900000000", kind="city")


def test_a_newer_file_changes_names_and_keeps_ids(now: datetime, tmp_path: Path) -> None:
    town = factories.town()
    file = tmp_path / "regions.csv"
    rows = ["code,level,name,parent"]
    for unit in Unit.objects.order_by("path").select_related("parent"):
        name = "大黄堡街道" if unit.pk == town.pk else unit.name
        rows.append(f"{unit.code},{unit.kind},{name},{unit.parent.code if unit.parent else ''}")
    file.write_text("\n".join([*rows, "120114999000,town,新设镇,120114000000"]), encoding="utf-8")
    assert load_regions(now=now, file=file) == (1, 1)
    assert Unit.objects.get(pk=town.pk).name == "大黄堡街道"
    assert Unit.objects.get(code="120114999000").parent == town.parent


def test_a_village_is_made_once_under_its_township(now: datetime) -> None:
    town = factories.town()
    made = village(code="120114122209", name="东赵庄村", now=now)
    assert (made.parent, made.kind, made.path) == (town, "village", "12.01.14.122.209.")
    assert village(code="120114122209", name="别名", now=now) == made


@pytest.mark.parametrize("code", ["999999999201", "120114122", "12011412220x", ""])
def test_a_village_of_no_township_is_refused(code: str, now: datetime) -> None:
    factories.town()
    with pytest.raises(UnknownTownship):
        village(code=code, name="某村", now=now)


def test_departments_and_partner_units_lie_under_their_parent() -> None:
    assert path_under(factories.town(), "GJ-01") == "12.01.14.122.gj-01."
    with pytest.raises(ValueError, match="path"):
        path_under(factories.town(), "a.b")
