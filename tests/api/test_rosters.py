"""Rosters over HTTP: uploaded, checked, corrected in the workbook of problems, uploaded anew, applied, followed."""

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from backend.audit.models import Event
from backend.cases.models import Family, Roster
from backend.cases.rosters import services
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.api.uploads import upload
from tests.queueing import queued
from tests.rosters.sheets import FAMILY_HEADINGS, as_xlsx, certificate, lines, person, wrong_certificate
from tests.worker import work

pytestmark = pytest.mark.django_db
RIGHT, WRONG = person(), person(户编号="2", 姓名="李大爷", 证件号码=wrong_certificate())
SHEET = as_xlsx(lines([RIGHT, WRONG]))
CERTIFICATE = FAMILY_HEADINGS.index("证件号码")


@pytest.fixture
def caseworker() -> User:
    factories.village()
    return factories.user("caseworker", role="caseworker")


@pytest.fixture
def checked(caseworker: User) -> dict[str, Any]:
    """What the dry run of a roster answered: one household ready, one waiting."""
    response = upload(Caller(caseworker), SHEET)
    assert response.status_code == 201, response.content
    report: dict[str, Any] = response.json()
    return report


def corrected(book: bytes) -> bytes:
    """The workbook as somebody sends it back who has put right the one wrong number."""
    rows = CalamineWorkbook.from_object(io.BytesIO(book)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    rows[2][CERTIFICATE] = certificate("19520709", 2)
    return as_xlsx(rows)  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_from_the_first_upload_to_families_on_file(caseworker: User, checked: dict[str, Any]) -> None:
    caller = Caller(caseworker)
    book = caller.get(f"rosters/{checked['id']}/problems.xlsx").content
    second = upload(caller, corrected(book)).json()
    assert (second["counts"]["errors"], second["counts"]["ready"], second["done"]) == (0, 2, 0)
    taken = caller.post(f"rosters/{second['id']}/apply/", {"version": second["version"]})
    assert (taken.status_code, taken.json()["state"]) == (202, "applying"), taken.content
    work()
    told = caller.get(f"rosters/{second['id']}/").json()
    assert (told["state"], told["done"], told["total"]) == ("applied", 2, 2)
    assert told["counts"]["applied"]["families_new"] == 2
    assert {row["label"] for row in results(caller.get("families/"))} == {"王德福", "李大爷"}
    assert_problem(caller.post(f"rosters/{second['id']}/apply/"), 409, "roster_state")
    assert [row["id"] for row in results(caller.get("rosters/", state="applied"))] == [second["id"]]


def test_the_dry_run_names_every_problem_and_writes_nothing(checked: dict[str, Any]) -> None:
    assert (checked["state"], checked["kind"], checked["unit"]["name"]) == ("checked", "families", "大黄堡镇")
    assert [checked["counts"][name] for name in ("rows", "ready", "waiting", "errors")] == [2, 1, 1, 1]
    [problem] = [each for each in checked["problems"] if each["level"] == "error"]
    assert (problem["row"], problem["column"], problem["code"]) == (3, "证件号码", "id_checksum")
    assert "typing mistake" in problem["message"]
    assert not Family.objects.exists()
    assert [event.action for event in Event.objects.all()] == ["roster.uploaded"]


def test_the_workbook_of_problems_is_a_file_and_an_event(caseworker: User, checked: dict[str, Any]) -> None:
    response = Caller(caseworker).get(f"rosters/{checked['id']}/problems.xlsx")
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Cache-Control"] == "no-store"
    assert Event.objects.filter(action="roster.downloaded").get().actor == "caseworker"


def test_only_households_without_errors_go_in(caseworker: User, checked: dict[str, Any]) -> None:
    caller = Caller(caseworker)
    assert caller.post(f"rosters/{checked['id']}/apply/").status_code == 202
    roster = Roster.objects.get()
    services.apply(roster=roster, now=roster.created_at)
    assert [family.label for family in Family.objects.all()] == ["王德福"]
    assert caller.get(f"rosters/{checked['id']}/").json()["counts"]["waiting"] == 1


def test_applied_twice_it_is_queued_once(caseworker: User, checked: dict[str, Any]) -> None:
    caller = Caller(caseworker)
    assert caller.post(f"rosters/{checked['id']}/apply/").status_code == 202
    assert_problem(caller.post(f"rosters/{checked['id']}/apply/"), 409, "roster_state")
    assert len(queued("rosters.apply")) == 1


def test_a_large_file_is_checked_in_the_background_and_not_applied_before(
    caseworker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "INLINE", 10)
    caller = Caller(caseworker)
    told = upload(caller, SHEET).json()
    assert (told["state"], told["problems"]) == ("checking", [])
    assert_problem(caller.post(f"rosters/{told['id']}/apply/"), 409, "roster_state")
    assert not queued("rosters.apply")
    roster = Roster.objects.get()
    services.in_background(verb=services.dry_run, roster_id=roster.pk, now=roster.created_at)
    assert caller.get(f"rosters/{told['id']}/").json()["state"] == "checked"
    assert caller.post(f"rosters/{told['id']}/apply/").status_code == 202


def test_what_the_background_refuses_is_told_as_the_state(caseworker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "INLINE", 10)
    caller = Caller(caseworker)
    told = upload(caller, b"%PDF-1.7 no spreadsheet").json()
    roster = Roster.objects.get()
    services.in_background(verb=services.dry_run, roster_id=roster.pk, now=roster.created_at)
    told = caller.get(f"rosters/{told['id']}/").json()
    assert (told["state"], told["error"]) == ("failed", "roster_unreadable")
    assert_problem(caller.post(f"rosters/{told['id']}/apply/"), 409, "roster_state")


def test_who_looked_at_an_older_state_looks_again(caseworker: User, checked: dict[str, Any]) -> None:
    where = f"rosters/{checked['id']}/apply/"
    assert_problem(Caller(caseworker).post(where, {"version": checked["version"] + 1}), 409, "stale_version")
    assert_problem(Caller(caseworker).post(where, {}, **{"If-Match": '"999"'}), 409, "stale_version")
    assert Roster.objects.get().state == "checked"


def test_cases_begin_only_in_programmes_that_exist(caseworker: User, checked: dict[str, Any]) -> None:
    caller, where = Caller(caseworker), f"rosters/{checked['id']}/apply/"
    refused = caller.post(where, {"start_programme": "no_such"})
    assert_problem(refused, 422, "unknown_programme", "/start_programme")
    assert Roster.objects.get().state == "checked"
    factories.programme()
    assert caller.post(where, {"start_programme": "jmgj"}).json()["start_programme"] == "jmgj"


def test_sent_again_with_the_same_key_it_is_one_roster(caseworker: User) -> None:
    caller, key = Caller(caseworker), {"Idempotency-Key": "one"}
    first, again = upload(caller, SHEET, **key), upload(caller, SHEET, **key)
    assert first.json() == again.json()
    assert Roster.objects.count() == 1
    assert_problem(upload(caller, as_xlsx(lines([RIGHT])), **key), 422, "idempotency_key_reused")


@pytest.mark.parametrize("role", ["supervisor", "auditor", "village"])
def test_who_reads_does_not_upload_nor_apply(caseworker: User, checked: dict[str, Any], role: str) -> None:
    caller = Caller(factories.user(role, role=role))
    assert_problem(upload(caller, SHEET), 403, "not_allowed")
    assert_problem(caller.post(f"rosters/{checked['id']}/apply/"), 403, "not_allowed")
    assert Roster.objects.count() == 1


def test_strangers_find_nothing(checked: dict[str, Any]) -> None:
    stranger = Caller(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert results(stranger.get("rosters/")) == []
    for answer in (
        stranger.get(f"rosters/{checked['id']}/"),
        stranger.get(f"rosters/{checked['id']}/problems.xlsx"),
        stranger.post(f"rosters/{checked['id']}/apply/"),
    ):
        assert_problem(answer, 404, "not_found")
