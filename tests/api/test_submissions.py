"""Records that telephones send: each once, none lost, none over another's head."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.surveys import answers_of
from backend.helpers.models import Pairing
from backend.org import parameters
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.visits.models import Submission, Visit
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.api.test_visits import answers
from tests.kept import kept
from workflows import deployment

pytestmark = pytest.mark.django_db


@kept
def user() -> User:
    return factories.user("helper", name="李向阳", role="helper")


@pytest.fixture
def helper(user: User) -> Caller:
    return Caller(user)


@pytest.fixture
def village() -> Caller:
    return Caller(factories.user("village", role="village"))


@pytest.fixture
def visit(user: User) -> Visit:
    """A planned visit of the helper."""
    files = deployment.bundle(settings.BPMN_FOLDER, "care_visit")
    deployment.deploy(key="care_visit", files=files, actor=SYSTEM, now=timezone.now())
    return factories.visit(factories.pairing(factories.case(), factories.helper(user=user)))


RECORD = answers(note="一切都好")


def body(visit: Visit, /, **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "visit": str(visit.pk),
        "pairing": str(visit.pairing_id),
        "answers": RECORD,
        **more,
    }


def send(caller: Caller, message: dict[str, Any], status: int = 201) -> dict[str, Any]:
    response = caller.post("submissions/", message)
    assert response.status_code == status, response.content
    told: dict[str, Any] = response.json()
    return told


def test_a_record_comes_in_and_again(helper: Caller, visit: Visit) -> None:
    message = body(visit, device_at=timezone.now().isoformat())
    first = send(helper, message)
    again = send(helper, {**message, "device_at": timezone.now().isoformat()}, 200)
    assert (first["state"], first["version"], first["visit_version"]) == ("stored", 2, 2)
    assert again == first
    visit.refresh_from_db()
    assert (visit.state, answers_of(visit.answers)) == ("done", RECORD)
    assert Event.objects.filter(action="visit.recorded").count() == 1


def test_a_visit_without_a_plan_comes_in_once(helper: Caller, visit: Visit) -> None:
    message = body(visit, visit=str(uuid4()))
    send(helper, message)
    send(helper, message, 200)
    assert Visit.objects.filter(is_extra=True).count() == 1


def test_a_correction_of_what_was_known_is_taken_over(helper: Caller, visit: Visit) -> None:
    known = send(helper, body(visit))["version"]
    better = {**{name: said for name, said in RECORD.items() if name != "note"}, "physical": "well"}
    told = send(helper, body(visit, based_on=known, answers=better))
    assert (told["state"], told["version"]) == ("stored", known + 1)
    visit.refresh_from_db()
    assert answers_of(visit.answers) == better  # what it does not say any more is gone
    assert visit.amended_by == helper.user


def test_the_same_from_two_telephones_is_no_conflict(helper: Caller, visit: Visit) -> None:
    send(helper, body(visit))
    assert send(helper, body(visit))["state"] == "stored"
    assert Submission.objects.count() == 2


def test_two_that_differ_are_both_kept_until_a_person_decides(helper: Caller, visit: Visit) -> None:
    send(helper, body(visit))
    other = {**RECORD, "physical": "ill", "needs": ["health"]}
    told = send(helper, body(visit, answers=other))
    assert (told["state"], told["may_decide"], told["version"]) == ("conflict", True, None)
    assert (told["sent"], told["recorded"]) == (other, RECORD)
    assert results(helper.get("submissions/", state="conflict"))[0]["id"] == told["id"]
    [kept] = helper.get("visits/coming/").json()["conflicts"]
    assert (kept["sent"], kept["family"]["label"]) == (other, visit.family.label)

    auditor = Caller(factories.user("auditor", role="auditor"))
    seen = auditor.get(f"submissions/{told['id']}/").json()
    open_to_all = {name: said for name, said in RECORD.items() if name not in {"physical", "mental", "note"}}
    assert (seen["sent"], seen["recorded"]) == ({**open_to_all, "needs": ["health"]}, open_to_all)

    path, both = f"submissions/{told['id']}/decide/", {**RECORD, "physical": "ill"}
    assert_problem(helper.post(path, {"answers": both, "version": 1}), 409, "stale_version")
    decided = helper.post(path, {"answers": both, "version": told["visit_version"]}).json()
    assert (decided["state"], decided["recorded"], decided["may_decide"]) == ("decided", both, False)
    assert_problem(helper.post(path, {"answers": both}), 409, "nothing_to_decide")
    visit.refresh_from_db()
    assert answers_of(visit.answers) == both
    found, settled = Event.objects.filter(action__startswith="visit.conflict").order_by("seq")
    assert (found.action, settled.action) == ("visit.conflict_found", "visit.conflict_decided")
    assert settled.data["fields"] == ["needs", "physical"]
    assert "ill" not in str(settled.data["fields"]) + str(found.data.get("note"))


def test_another_persons_record_is_not_shown_to_the_helper_nor_decided_on(
    helper: Caller, village: Caller, visit: Visit
) -> None:
    theirs = body(visit, answers={**RECORD, "note": "老人有话不愿对帮扶人说"}, case=str(visit.case_id))
    del theirs["pairing"]
    send(village, theirs)
    told = send(helper, body(visit))
    assert (told["state"], told["recorded"], told["may_decide"]) == ("conflict", None, False)
    path = f"submissions/{told['id']}/decide/"
    assert_problem(helper.post(path, {"answers": RECORD}), 403, "not_allowed")
    assert village.get(f"submissions/{told['id']}/").json()["may_decide"] is True
    assert village.post(path, {"answers": RECORD}).json()["state"] == "decided"


def test_an_id_used_for_something_else_is_refused(helper: Caller, village: Caller, visit: Visit) -> None:
    message = body(visit)
    send(helper, message)
    changed = {**message, "answers": {**RECORD, "physical": "ill"}}
    assert_problem(helper.post("submissions/", changed), 409, "submission_taken")
    somebody = {**message, "case": str(visit.case_id)}
    del somebody["pairing"]
    assert_problem(village.post("submissions/", somebody), 409, "submission_taken")
    other = factories.visit()
    assert_problem(helper.post("submissions/", body(visit, visit=str(other.pk))), 409, "visit_id_taken")


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"id": "x"}, 400, "/id"),
        ({"visit": None}, 400, "/visit"),
        ({"based_on": 0}, 400, "/based_on"),
        ({"answers": {**RECORD, "physical": "no such thing"}}, 422, "/answers/physical"),
        ({"answers": {name: said for name, said in RECORD.items() if name != "mental"}}, 422, "/answers/mental"),
        (
            {
                "answers": {
                    "visit_result": "not_met",
                    "not_met_reason": "other",
                    "started_at": RECORD["started_at"],
                    "channel": "home",
                }
            },
            422,
            "/answers/note",
        ),
    ],
)
def test_what_does_not_fit_leaves_no_trace(
    helper: Caller, visit: Visit, change: dict[str, Any], status: int, pointer: str
) -> None:
    message = body(visit, **change)
    response = helper.post("submissions/", message)
    assert response.status_code == status, response.content
    assert pointer in [each["pointer"] for each in response.json()["errors"]]
    assert not Submission.objects.exists()
    assert send(helper, body(visit))["state"] == "stored"


def test_a_late_record_needs_its_reason_and_keeps_its_id(helper: Caller, visit: Visit) -> None:
    old = timezone.now() - timedelta(days=3)
    late = {**RECORD, "started_at": old.isoformat(), "ended_at": old.isoformat()}
    message = body(visit, answers=late)
    assert_problem(helper.post("submissions/", message), 422, "bad_visit_record", "/answers/late_reason")
    assert send(helper, {**message, "answers": {**late, "late_reason": "山里没有信号"}})["state"] == "stored"


def test_who_may_not_write_sends_nothing(visit: Visit) -> None:
    stranger = factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    for caller in (Caller(factories.user("supervisor", role="supervisor")), Caller(stranger)):
        response = caller.post("submissions/", body(visit))
        assert response.status_code in {400, 403}, response.content
    assert not Submission.objects.exists()


def test_what_is_taken_along_is_what_a_visit_needs(helper: Caller, user: User, visit: Visit) -> None:
    unplanned = factories.pairing(factories.case(factories.family(label="第二户")), visit.helper)
    ended = factories.pairing(factories.case(factories.family(label="从前的户")), visit.helper)
    ended.to_date = timezone.localdate()
    ended.save()
    parameters.set_parameter(key="office.phone", value="022-12345678", from_date=factories.LONG_AGO)
    told = helper.get("visits/coming/").json()
    assert [each["id"] for each in told["visits"]] == [str(visit.pk)]
    assert {each["pairing"] for each in told["families"]} == {str(visit.pairing_id), str(unplanned.pk)}
    family = told["families"][0]
    assert (family["office_phone"], family["photo_allowed"]) == ("022-12345678", False)
    assert told["form"]["properties"]["physical"]["title"] == "Body"
    assert "从前的户" not in str(told)


def test_the_village_worker_is_asked_what_a_helper_is_not(helper: Caller, village: Caller, visit: Visit) -> None:
    """F07: what a family lives on, and whether its kin helps: D07 hears of that from the village worker alone."""
    own, whole = (caller.get("visits/coming/").json()["form"]["properties"] for caller in (helper, village))
    assert own.keys() < whole.keys()
    assert whole.keys() - own.keys() == {"economy", "kin_support", "helper_absent"}
    said = {**RECORD, "economy": "short", "kin_support": "none", "helper_absent": "住院"}
    message = {**body(visit, visit=str(uuid4()), answers=said), "pairing": None, "case": str(visit.case_id)}
    send(village, {name: value for name, value in message.items() if value is not None})
    assert answers_of(Visit.objects.get(is_extra=True).answers) == said
    refused = helper.post("submissions/", body(visit, answers=said))
    assert_problem(refused, 422, "invalid")


def test_an_own_record_comes_along_for_corrections_until_somebody_else_changes_it(
    helper: Caller, village: Caller, visit: Visit
) -> None:
    version = send(helper, body(visit))["version"]
    [known] = helper.get("visits/coming/").json()["visits"]
    assert (known["recorded_version"], known["answers"]) == (version, RECORD)
    assert village.patch(f"visits/{visit.pk}/", {"answers": {"note": "改"}, "reason": "核实"}).status_code == 200
    [known] = helper.get("visits/coming/").json()["visits"]
    assert (known["recorded_version"], known["answers"]) == (version + 1, None)


def test_a_village_worker_takes_along_what_helpers_missed(village: Caller, visit: Visit) -> None:
    assert village.get("visits/coming/").json()["visits"] == []
    visit.state, visit.instance_id = Visit.State.MISSED, uuid4()
    visit.save()
    assert [each["id"] for each in village.get("visits/coming/").json()["visits"]] == [str(visit.pk)]


def test_what_is_taken_along_costs_the_same_for_more_families(helper: Caller, visit: Visit) -> None:
    helper.statements("visits/coming/")  # forms and parameters are held in memory from the first time on
    before = helper.statements("visits/coming/")
    for _family in range(5):
        pairing: Pairing = factories.pairing(factories.case(factories.family()), visit.helper)
        factories.visit(pairing)
    assert helper.statements("visits/coming/") == before
