"""A dry run finds what is wrong, counts what would happen, and writes nothing."""

from datetime import date, datetime
from pathlib import Path

import pytest
from django.utils import translation

from backend.cases.models import Family, Person, Roster
from backend.cases.rosters import services
from backend.cases.rosters.parts import spool_of
from backend.cases.rosters.problems import MESSAGES, RosterState, message
from backend.cases.rosters.synthetic import Place, Sheet, families
from backend.org.models import Unit
from tests import factories
from tests.rosters.sheets import as_xlsx, certificate, checked, found, lines, people_csv, person, uploaded, written

pytestmark = pytest.mark.django_db
PLACE = Place(villages=4)


def _town() -> Unit:
    factories.region("120114101000", "下朱庄街道")
    return factories.town()


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_everything_wrong_is_found_and_nothing_else(ending: str, tmp_path: Path, now: datetime) -> None:
    """A roster of 2,000 people, a third of its rows untidy, every tenth household with an error put in on purpose."""
    _town()
    sheet = families(rows=2000, place=PLACE, seed=5, mess=0.35, faults=0.1)
    roster = checked(written(sheet, tmp_path, ending), now)
    expected = {(each.row, each.column, each.code) for each in sheet.expected}
    rows_with_faults = {row for row, _, _ in expected}
    assert expected <= found(roster)
    assert len(expected) > 100
    beyond = {(row, column, code) for row, column, code in found(roster) - expected}
    assert all(near(row, rows_with_faults) for row, _, _ in beyond), "a problem in a household without a fault"
    assert (roster.counts["rows"], roster.counts["groups"]) == (sheet.persons, sheet.households)
    assert roster.counts["skipped"] == 4
    assert roster.counts["mended"] > 500


def near(row: int, faults: set[int]) -> bool:
    """Faults of a whole household (its village) show in every row of it; households have up to five rows, twice."""
    return any(abs(row - fault) < 10 for fault in faults)


def test_an_untidy_roster_without_errors_has_no_problems(tmp_path: Path, now: datetime) -> None:
    _town()
    roster = checked(written(families(rows=1500, place=PLACE, seed=6, mess=1.0), tmp_path, ".xlsx"), now)
    assert (roster.problems, roster.counts["waiting"]) == ([], 0)


def test_nothing_is_written(now: datetime) -> None:
    factories.town()
    roster = checked(people_csv(person(**{"村(居)代码": "120114122299", "村(居)名称": "新村"})), now)
    assert roster.state == Roster.State.CHECKED
    assert not Family.objects.exists()
    assert not Person.objects.exists()
    assert not Unit.objects.filter(code="120114122299").exists()


def test_what_it_would_do(now: datetime) -> None:
    village = factories.village()
    same = factories.family(unit=village, number="1", label="王德福", members=[])
    same.persons.all().delete()
    factories.person(
        same,
        name="王德福",
        certificate=certificate(),
        sex="1",
        birth_date=date(1950, 3, 5),
        relation="02",
        is_head=True,
    )
    new = person(户编号="2", 证件号码=certificate("19600101"))
    roster = checked(people_csv(person(), new), now)
    names = ("families_new", "families_unchanged", "persons_new", "persons_unchanged")
    assert [roster.counts[name] for name in names] == [1, 1, 1, 1]


def test_it_can_be_done_again_until_it_is_applied(now: datetime) -> None:
    factories.village()
    roster = checked(people_csv(person()), now)
    assert services.dry_run(roster=roster, now=now).counts["ready"] == 1
    services.apply(roster=roster, now=now)
    with pytest.raises(RosterState):
        services.dry_run(roster=roster, now=now)


def test_the_file_is_not_stored_readably(now: datetime) -> None:
    factories.village()
    roster = uploaded(people_csv(person()), now)
    for _ in range(2):  # first the file, then its rows
        stored = b"".join(bytes(part.content) for part in roster.parts.all())
        assert certificate().encode() not in stored
        assert any(certificate() in line for line in spool_of(roster).lines())
        services.dry_run(roster=roster, now=now)


def test_of_the_file_only_the_rows_are_kept(now: datetime) -> None:
    """Whatever else stands in it is nobody's business; checking again and applying need nothing else."""
    factories.village()
    content = as_xlsx(lines([person()]))
    roster = checked(content, now)
    assert all(part.holds_rows for part in roster.parts.all())
    assert sum(len(part.content) for part in roster.parts.all()) < len(content) / 4
    assert services.dry_run(roster=roster, now=now).counts["ready"] == 1
    assert services.apply(roster=roster, now=now).counts["applied"]["families_new"] == 1


def test_no_report_tells_an_id_number(now: datetime) -> None:
    factories.village()
    wrong = certificate()[:-1] + "0" if certificate()[-1] != "0" else certificate()[:-1] + "1"
    roster = checked(people_csv(person(证件号码=wrong), person(), person(户编号="2")), now)
    told = f"{roster.problems}{roster.mended}{roster.counts}{[message(each) for each in roster.problems]}"
    assert wrong[:14] not in told
    assert certificate()[:14] not in told


def test_every_problem_has_a_sentence_in_both_languages() -> None:
    for key in MESSAGES:
        code, _, detail = key.partition(".")
        problem = {
            "code": code,
            "detail": detail,
            "params": dict.fromkeys(("rows", "name", "most", "township", "household", "village", "number"), "7"),
        }
        with translation.override("en"):
            english = message(problem)
        with translation.override("zh-hans"):
            chinese = message(problem)
        assert english.isascii() or "“" in english
        assert chinese != english, key
        assert "%(" not in chinese


def test_a_large_file_is_checked_by_a_job(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    import io

    from procrastinate.contrib.django.models import ProcrastinateJob

    factories.village()
    content = people_csv(person())
    monkeypatch.setattr(services, "INLINE", len(content) - 1)
    town = factories.town()
    roster = services.receive(
        kind="families", file=io.BytesIO(content), name="x", actor=factories.actor(), now=now, unit=town
    )
    assert roster.state == Roster.State.CHECKING
    job = ProcrastinateJob.objects.get(task_name="rosters.check")
    services.in_background(verb=services.dry_run, roster_id=job.args["roster_id"], now=now)
    roster.refresh_from_db()
    assert (roster.state, roster.counts["ready"]) == (Roster.State.CHECKED, 1)


def test_same_arguments_make_the_same_roster() -> None:
    def all_lines(sheet: Sheet) -> list[object]:
        return [list(cells) for cells in sheet.lines]

    one, two, other = (all_lines(families(rows=200, seed=seed, mess=0.5, faults=0.2)) for seed in (3, 3, 4))
    assert one == two
    assert one != other


def test_nobody_real_is_in_a_synthetic_roster() -> None:
    """Ids of a county that does not exist, telephone numbers of a block without subscribers."""
    place = [column.field for column in families(rows=1).columns].index
    for cells in list(families(rows=300, titles=False).lines)[1:]:
        assert str(cells[place("certificate")])[2:6] == "0199"
        assert str(cells[place("phone")] or "1540")[:4] == "1540"


def test_a_problem_tells_what_stood_there_but_nothing_sensitive_in_full(now: datetime) -> None:
    factories.town()
    rows = people_csv(
        person(居住状况="不清楚"), person(户编号="0002", 证件号码="120114195001153529", 联系电话="电话没有了")
    )
    told = {(each["column"], each["value"]) for each in checked(rows, now).problems}
    assert {("居住状况", "不清楚"), ("证件号码", "…3529"), ("联系电话", "…")} <= told
