"""Data that come with the program."""

from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from backend.cases.models import Programme
from backend.helpers.models import HelperKind
from backend.ops.shipped_data import load_shipped_data
from backend.org.models import CodeEntry, Parameter, Unit

REGIONS = """code,level,name,parent
120000000000,province,天津市,
120100000000,city,市辖区,120000000000
"""


@pytest.mark.django_db(transaction=True)
def test_loaded_once_and_again_into_an_empty_database(
    tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "regions.csv").write_text(REGIONS, "utf-8")
    monkeypatch.setattr("backend.org.regions.FILE", tmp_path / "regions.csv")
    mark = tmp_path / "mark"
    assert load_shipped_data(mark=mark, now=now) > 2
    assert all(model.objects.exists() for model in (CodeEntry, Parameter, Programme, HelperKind))
    assert [unit.name for unit in Unit.objects.order_by("path")] == ["天津市", "市辖区"]

    Parameter.objects.all().delete()
    assert load_shipped_data(mark=mark, now=now) == Parameter.objects.count()
    assert load_shipped_data(mark=mark, now=now) == 0

    # Another database, the same folder: the mark alone is not believed.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # what refuses to be emptied is empty
        cursor.execute("TRUNCATE org_unit CASCADE")
    assert load_shipped_data(mark=mark, now=now) == 2
    assert Unit.objects.count() == 2
