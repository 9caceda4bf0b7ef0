"""Cases over HTTP: started, read, told about, closed, reopened, handed over."""

from uuid import UUID

import pytest
from django.conf import settings
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.api.case_messages import FROM_INSIDE, TOLD_BY_PEOPLE
from backend.audit.models import Event
from backend.cases.models import Case
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import Office
from tests.workflows.stage import Stage
from workflows.engine.reading import read_diagrams
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db
REASON = {"reason": "家庭要求"}


@kept
def stage() -> Stage:
    made = Stage()
    made.case.programme.process = "errand"
    made.case.programme.save()
    made.start()
    return made


def test_starting_one_opens_it_and_begins_its_process(stage: Stage) -> None:
    family = factories.family()
    body = {"family": str(family.pk), "programme": "jmgj"}
    response = Caller(stage.caseworker).post("cases/", body)
    assert response.status_code == 201, response.content
    case = Case.objects.get(family=family)
    told = response.json()
    assert (told["id"], told["number"], told["state"]) == (str(case.pk), case.number, "open")
    assert told["programme"] == {"code": "jmgj", "name": "Army and people together"}
    assert WorkItem.objects.filter(case=case, state="open").count() == 1
    assert Event.objects.filter(action="case.opened", case_id=case.pk).get().actor == "caseworker"


def test_a_second_one_in_the_same_programme_is_refused(stage: Stage) -> None:
    body = {"family": str(stage.case.family_id), "programme": "jmgj"}
    assert_problem(Caller(stage.caseworker).post("cases/", body), 409, "case_already_open")


def test_a_programme_whose_process_is_not_deployed_starts_nothing(stage: Stage) -> None:
    family = factories.family()
    factories.programme("jlla", process="no_such_process")
    body = {"family": str(family.pk), "programme": "jlla"}
    assert_problem(Caller(stage.caseworker).post("cases/", body), 409, "process_not_deployed")
    assert not Case.objects.filter(family=family).exists()


def test_where_one_may_only_read_none_is_started(stage: Stage) -> None:
    """Reading the county as auditor and working in one township of it as caseworker."""
    user = factories.user("both", role="auditor", unit=factories.region("120114000000"))
    factories.member(user, "caseworker", factories.town("120114100000"))
    body = {"family": str(factories.family().pk), "programme": "jmgj"}
    assert_problem(Caller(user).post("cases/", body), 403, "not_allowed")
    where = f"cases/{stage.case.pk}/"
    assert Caller(user).get(where).status_code == 200
    assert_problem(Caller(user).post(f"{where}close/", REASON), 403, "not_allowed")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/family"),
        ({"family": "x", "programme": "jmgj"}, "/family"),
        ({"family": None, "programme": "jmgj"}, "/family"),
        ({"programme": "jmgj"}, "/family"),
        ({"family": "01890000-0000-7000-8000-000000000000"}, "/programme"),
        ({"programme": "no_such"}, "/programme"),
        ({"programme": ["jmgj"]}, "/programme"),
    ],
)
def test_what_starts_nothing(stage: Stage, body: dict[str, object], pointer: str) -> None:
    assert_problem(Caller(stage.caseworker).post("cases/", body), 400, "invalid", pointer)


def test_the_list_and_its_filters(stage: Stage) -> None:
    family = factories.family(label="王秀英")
    family.search = "王秀英 wxy"
    family.save()
    other = factories.case(family, state="closed", number="120114122000-X-1")
    caller = Caller(stage.caseworker)

    def found(**parameters: str) -> set[str]:
        return {row["id"] for row in results(caller.get("cases/", **parameters))}

    assert found() == {str(stage.case.pk), str(other.pk)}
    assert found(state="closed") == {str(other.pk)}
    assert found(programme="jmgj", state="open") == {str(stage.case.pk)}
    assert found(family=str(other.family_id)) == {str(other.pk)}
    assert found(number="120114122000-X-1") == {str(other.pk)}
    assert found(q="wxy") == {str(other.pk)}
    assert found(q="-x-") == {str(other.pk)}
    assert found(unit=factories.VILLAGE) == {str(stage.case.pk), str(other.pk)}
    assert found(opened_before="2020-01-01T00:00:00Z") == set()


def test_history_reads_as_sentences_in_both_languages(stage: Stage) -> None:
    stage.note()
    where = f"cases/{stage.case.pk}/history/"
    english = results(Caller(stage.caseworker).get(where))
    chinese = results(Caller(stage.caseworker, language="zh-CN").get(where))
    assert english[0]["action"] == "work_item.completed"
    assert [row["id"] for row in english] == [row["id"] for row in chinese]
    assert "village" in english[0]["sentence"]
    assert english[0]["sentence"] != chinese[0]["sentence"]
    assert results(Caller(stage.caseworker).get(where, ordering="at")) == english[::-1]


def test_the_diagram_tells_what_is_done_and_what_waits(stage: Stage) -> None:
    stage.note()
    [diagram] = Caller(stage.caseworker).get(f"cases/{stage.case.pk}/diagram/").json()
    assert (diagram["process"], diagram["version"], diagram["state"]) == ("errand", 1, "running")
    assert diagram["bpmn"].startswith("<bpmn:definitions")
    assert [each["node"] for each in diagram["active"] if each["since"]] == ["check_note"]
    [noted] = [each for each in diagram["done"] if each["node"] == "take_note"]
    assert (noted["by"], noted["name"]) == ("village", "Take a note")
    assert noted["at"].endswith("+08:00")


def test_a_message_is_queued_to_what_conducts_the_case(stage: Stage) -> None:
    body = {"name": "called_off", "data": {"why": "不需要了"}}
    response = Caller(stage.village).post(f"cases/{stage.case.pk}/messages/", body)
    assert (response.status_code, response.json()) == (202, {"instances": 1})
    [job] = ProcrastinateJob.objects.filter(task_name="processes.message")
    assert (job.args["instance_id"], job.args["name"]) == (str(Instance.objects.get().pk), "called_off")
    assert job.args["data"] == {"why": "不需要了"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": "Not a name"}, "/name"),
        ({"name": "called_off", "data": {"deep": {"er": 1}}}, "/data"),
        ({"name": "called_off", "data": [1]}, "/data"),
    ],
)
def test_what_is_no_message(stage: Stage, body: dict[str, object], pointer: str) -> None:
    assert_problem(Caller(stage.village).post(f"cases/{stage.case.pk}/messages/", body), 400, "invalid", pointer)


def test_what_the_processes_say_to_each_other_nobody_says_for_them(stage: Stage) -> None:
    for name in ("case_closed", "phase_ended", "helper_available", "objection_settled"):
        body = {"name": name, "data": {"phase_outcome": "filed"}}
        assert_problem(Caller(stage.village).post(f"cases/{stage.case.pk}/messages/", body), 400, "invalid", "/name")
    assert not ProcrastinateJob.objects.filter(task_name="processes.message").exists()


def test_every_message_of_the_house_is_told_by_people_or_from_inside_alone() -> None:
    known: set[str] = set()
    for path in settings.BPMN_FOLDER.glob("*/*.bpmn"):
        diagrams, _ = read_diagrams({path.name: path.read_bytes()})
        known |= {name for diagram in diagrams.values() for name in diagram.messages.values()}
    assert known - {"called_off"} == FROM_INSIDE | TOLD_BY_PEOPLE.keys()  # emergencies hang on no case


@pytest.mark.parametrize(
    ("name", "data", "pointer"),
    [
        ("family_refused", {"level": "a bit"}, "/data/level"),
        ("family_refused", {}, "/data/level"),
        ("family_moved", {"to": "unknown", "moved_on": "soon"}, "/data/moved_on"),
        ("family_died", {"died_on": "2026-03-02", "tier": "C"}, "/data/tier"),
        ("helper_ended", {"helper": "the new one"}, "/data/helper"),
        ("helper_ended", {"helper": str(UUID(int=1)), "reason": "whim"}, "/data/reason"),
    ],
)
def test_what_belongs_to_a_message_and_nothing_else(
    stage: Stage, name: str, data: dict[str, object], pointer: str
) -> None:
    body = {"name": name, "data": data}
    assert_problem(Caller(stage.village).post(f"cases/{stage.case.pk}/messages/", body), 400, "invalid", pointer)


def test_closing_needs_a_reason_and_tells_the_process(stage: Stage) -> None:
    where = f"cases/{stage.case.pk}/close/"
    assert_problem(Caller(stage.supervisor).post(where), 400, "invalid", "/reason")
    assert Caller(stage.supervisor).post(where, REASON).status_code == 202
    assert ProcrastinateJob.objects.filter(task_name="processes.message").get().args["name"] == "case_closed"


def test_a_case_that_nothing_conducts_is_closed_at_once(stage: Stage) -> None:
    case = factories.case(factories.family())
    response = Caller(stage.supervisor).post(f"cases/{case.pk}/close/", REASON)
    assert response.status_code == 200, response.content
    assert (response.json()["state"], response.json()["close_reason"]) == ("closed", "other")
    assert_problem(Caller(stage.supervisor).post(f"cases/{case.pk}/close/", REASON), 409, "case_not_open")


def test_why_is_a_code_the_words_stand_in_the_history_alone(stage: Stage) -> None:
    pairing = factories.pairing(factories.case(factories.family()))
    where = f"cases/{pairing.case_id}/close/"
    assert_problem(Caller(stage.supervisor).post(where, {"reason": "并村", "code": "并村"}), 400, "invalid", "/code")
    response = Caller(stage.supervisor).post(where, {"reason": "儿子回来了", "code": "ended"})
    pairing.refresh_from_db()
    assert (response.json()["close_reason"], pairing.end_reason) == ("ended", "case_closed")
    assert Event.objects.get(action="case.closing_ordered").reason == "儿子回来了"


def test_words_that_come_with_a_message_are_no_code() -> None:
    office = Office()
    case = office.open()
    office.send(case, "case_closed", reason="因行政区划调整结案")
    case.refresh_from_db()
    assert (case.state, case.close_reason) == ("closed", "other")


def test_reopening(stage: Stage) -> None:
    case = factories.case(factories.family(), state="closed")
    response = Caller(stage.supervisor).post(f"cases/{case.pk}/reopen/", REASON)
    assert response.status_code == 200, response.content
    assert response.json()["state"] == "open"
    assert_problem(Caller(stage.supervisor).post(f"cases/{case.pk}/reopen/", REASON), 409, "case_not_closed")
    assert_problem(Caller(stage.caseworker).post(f"cases/{case.pk}/reopen/", REASON), 403, "not_allowed")


def test_handing_over(stage: Stage) -> None:
    village = factories.village("120114122202")
    where = f"cases/{stage.case.pk}/transfer/"
    response = Caller(stage.supervisor).post(where, {**REASON, "to": str(village.pk)})
    assert response.status_code == 200, response.content
    assert response.json()["unit"]["name"] == "后蒲棒村"
    response = Caller(stage.supervisor).post(where, {**REASON, "to": str(factories.town().parent_id)})
    assert_problem(response, 422, "not_a_place")
