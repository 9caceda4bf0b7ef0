"""`manage.py import_roster KIND FILE [--dry-run]`: the same way in as through the API."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from backend.audit.models import Event
from backend.cases.models import Family, Roster
from backend.cases.rosters.synthetic import Place, families, helpers, write
from backend.helpers.kinds import load_kinds
from backend.helpers.models import Helper
from tests import factories
from tests.rosters.sheets import as_csv

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """Sixty people of 大黄堡镇 in an untidy workbook."""
    factories.town()
    path = tmp_path / "花名册.xlsx"
    write(families(rows=60, place=Place(villages=2), mess=0.5), path)
    return path


def run(*arguments: Any) -> str:
    output = io.StringIO()
    call_command("import_roster", *map(str, arguments), stdout=output)
    return output.getvalue()


def test_dry_run_keeps_nothing(roster: Path) -> None:
    report = run("families", roster, "--dry-run")
    assert "rows: 6" in report
    assert not Roster.objects.exists()
    assert not Family.objects.exists()
    assert not Event.objects.exists()


def test_import_and_repeat(roster: Path) -> None:
    assert "families_new: 0" not in run("families", roster)
    count = Family.objects.count()
    assert count > 10
    assert "families_new: 0" in run("families", roster)
    assert Family.objects.count() == count
    done = Roster.objects.first()
    assert done
    assert (done.unit, done.state, done.uploaded_by) == (factories.town(), "applied", None)


def test_in_somebodys_name(roster: Path) -> None:
    someone = factories.user("worker", role="caseworker", name="李干事")
    run("families", roster, "--user", "worker")
    assert set(Event.objects.values_list("actor", flat=True)) == {"李干事"}
    assert Roster.objects.get().uploaded_by == someone


def test_helpers_go_to_the_only_township_with_families(roster: Path, tmp_path: Path) -> None:
    load_kinds()
    path = tmp_path / "helpers.csv"
    write(helpers(rows=10), path)
    with pytest.raises(CommandError, match="--unit"):
        run("helpers", path)
    run("families", roster)
    run("helpers", path)
    assert Helper.objects.filter(unit=factories.town()).count() == 10


def test_problems_are_printed(tmp_path: Path) -> None:
    factories.town()
    path = tmp_path / "wrong.csv"
    write(families(rows=80, seed=4, faults=1.0), path)
    report = run("families", path, "--dry-run")
    assert "error id_checksum" in report


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "roster_empty"), (b"%PDF", "roster_unreadable"), (as_csv([["甲", "乙", "丙"]]), "roster_columns")],
)
def test_a_refusal_is_one_line(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=said):
        run("families", path, "--dry-run")


def test_no_such_file_unit_or_user(roster: Path, tmp_path: Path) -> None:
    for arguments in ((tmp_path / "none.xlsx",), (roster, "--unit", "999"), (roster, "--user", "nobody")):
        with pytest.raises(CommandError):
            run("families", *arguments)
