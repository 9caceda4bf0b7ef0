"""Data that come with the program."""

from datetime import datetime
from pathlib import Path

import pytest

from backend.cases.models import Programme
from backend.helpers.models import HelperKind
from backend.ops.shipped_data import load_shipped_data
from backend.org.models import CodeEntry, Parameter, Unit


@pytest.mark.django_db(transaction=True)
def test_loaded_once_and_again_into_an_empty_database(tmp_path: Path, now: datetime) -> None:
    mark = tmp_path / "mark"
    assert load_shipped_data(mark=mark, now=now) > 44_000
    assert all(model.objects.exists() for model in (Unit, CodeEntry, Parameter, Programme, HelperKind))
    assert Unit.objects.get(code="120114122000").name == "大黄堡镇"

    Parameter.objects.all().delete()
    assert load_shipped_data(mark=mark, now=now) == Parameter.objects.count()
    assert load_shipped_data(mark=mark, now=now) == 0

    # Another database, the same folder: the mark alone is not believed.
    Unit.objects.all().delete()
    assert load_shipped_data(mark=mark, now=now) > 44_000
