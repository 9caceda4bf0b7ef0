"""Visits over HTTP: recorded once however often they are sent, by who may, and amended with a reason."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from backend.audit.models import Event
from backend.helpers.models import Pairing
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.visits.models import Visit
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.workflows.stage import MODELS
from workflows import deployment

pytestmark = pytest.mark.django_db


@kept
def user() -> User:
    return factories.user("helper", name="李向阳", role="helper")


@pytest.fixture
def pairing(user: User) -> Pairing:
    files = deployment.bundle(settings.BPMN_FOLDER, "care_visit")
    deployment.deploy(key="care_visit", files=files, actor=SYSTEM, now=timezone.now())
    return factories.pairing(factories.case(), factories.helper(user=user))


def answers(**more: Any) -> dict[str, Any]:
    begun = timezone.localtime() - timedelta(hours=2)
    return {
        "visit_result": "met",
        "started_at": begun.isoformat(timespec="seconds"),
        "ended_at": (begun + timedelta(minutes=40)).isoformat(timespec="seconds"),
        "channel": "home",
        "persons_met": ["elder"],
        "physical": "weak",
        "mental": "calm",
        **more,
    }


def test_a_helper_records_a_visit(user: User, pairing: Pairing) -> None:
    response = Caller(user).post("visits/", {"pairing": str(pairing.pk), "answers": answers()})
    assert response.status_code == 201, response.content
    told = response.json()
    assert (told["state"], told["is_extra"], told["family"]["label"]) == ("done", True, pairing.family.label)
    assert "answers" not in told
    visit = Visit.objects.get()
    assert (visit.recorded_by, visit.helper, visit.case) == (user, pairing.helper, pairing.case)
    assert Event.objects.get(action="visit.recorded").role == "helper"


def test_sent_twice_it_is_one_visit(user: User, pairing: Pairing) -> None:
    body = {"id": str(uuid4()), "pairing": str(pairing.pk), "answers": answers()}
    caller = Caller(user)
    first, again = caller.post("visits/", body), caller.post("visits/", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["id"] == body["id"]
    assert Visit.objects.count() == 1
    assert Event.objects.filter(action="visit.recorded").count() == 1


def test_an_id_of_another_familys_visit_is_taken(user: User, pairing: Pairing) -> None:
    other = factories.visit()
    body = {"id": str(other.pk), "pairing": str(pairing.pk), "answers": answers()}
    assert_problem(Caller(user).post("visits/", body), 409, "visit_id_taken")


def test_staff_records_for_a_case(pairing: Pairing) -> None:
    village = factories.user("village", role="village")
    response = Caller(village).post("visits/", {"case": str(pairing.case_id), "answers": answers()})
    assert response.status_code == 201, response.content
    told = Caller(village).get(f"visits/{response.json()['id']}/").json()
    assert (told["answers"]["physical"], told["helper"], told["recorded_by_label"]) == ("weak", None, "village")


def test_who_only_reads_records_nothing(pairing: Pairing) -> None:
    for role in ("supervisor", "auditor"):
        caller = Caller(factories.user(role, role=role))
        assert_problem(caller.post("visits/", {"case": str(pairing.case_id), "answers": {}}), 403, "not_allowed")


def test_a_helper_records_for_own_pairings_only(user: User, pairing: Pairing) -> None:
    other = factories.pairing()
    body = {"pairing": str(other.pk), "answers": answers()}
    assert_problem(Caller(user).post("visits/", body), 400, "invalid", "/pairing")
    # The case is in sight, but a helper acts for a pairing.
    body = {"case": str(pairing.case_id), "answers": answers()}
    assert_problem(Caller(user).post("visits/", body), 403, "not_allowed")
    assert not Visit.objects.exists()


def test_a_visit_made_before_the_pairing_ended_can_still_be_sent(user: User, pairing: Pairing) -> None:
    """A telephone without network: nobody's record is lost, and the answer names nobody any more."""
    pairing.to_date = timezone.localdate()
    pairing.save()
    body = {"pairing": str(pairing.pk), "answers": answers()}
    response = Caller(user).post("visits/", body)
    assert response.status_code == 201, response.content
    assert response.json()["family"] is None


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 400, "/answers"),
        ({"answers": answers()}, 400, "/case"),
        ({"pairing": "x", "answers": answers()}, 400, "/pairing"),
        ({"id": "1", "answers": answers()}, 400, "/id"),
        ({"pairing": None, "answers": 5}, 400, "/answers"),
    ],
)
def test_what_is_no_record(user: User, pairing: Pairing, body: dict[str, Any], status: int, pointer: str) -> None:
    assert_problem(Caller(user).post("visits/", body), status, "invalid", pointer)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"visit_result": "lost"}, "/answers/visit_result"),
        ({"started_at": "yesterday"}, "/answers/started_at"),
        ({"started_at": None}, "/answers/started_at"),
        ({"channel": "telepathy"}, "/answers/channel"),
        ({"persons_met": "elder"}, "/answers/persons_met"),
        ({"note": "x" * 1001}, "/answers/note"),
        ({"diagnosis": "x"}, "/answers/diagnosis"),
        ({"started_at": "2190-01-01T00:00:00+08:00"}, "/answers/started_at"),
        ({"ended_at": "2020-01-01T00:00:00+08:00"}, "/answers/ended_at"),
        ({"started_at": "2019-01-01T00:00:00+08:00"}, "/answers/started_at"),
    ],
)
def test_a_record_fits_the_form(user: User, pairing: Pairing, change: dict[str, Any], pointer: str) -> None:
    response = Caller(user).post("visits/", {"pairing": str(pairing.pk), "answers": answers(**change)})
    assert response.status_code == 422, response.content
    assert pointer in [each["pointer"] for each in response.json()["errors"]]
    assert not Visit.objects.exists()


def test_a_late_record_says_why(user: User, pairing: Pairing) -> None:
    begun = timezone.localtime() - timedelta(days=4)
    late = answers(started_at=begun.isoformat(), ended_at=(begun + timedelta(minutes=5)).isoformat())
    caller = Caller(user)
    response = caller.post("visits/", {"pairing": str(pairing.pk), "answers": late})
    assert_problem(response, 422, "bad_visit_record", "/answers/late_reason")
    late["late_reason"] = "没有网络"
    response = caller.post("visits/", {"pairing": str(pairing.pk), "answers": late})
    assert (response.status_code, response.json()["is_late"]) == (201, True)


def test_auditors_narrow_to_what_was_written_late(user: User, pairing: Pairing) -> None:
    """E20: when it was recorded stands beside when it took place, with who and why; nothing of it can be changed."""
    begun = timezone.localtime() - timedelta(days=3)
    for place, (start, more) in enumerate([(begun, {"late_reason": "山里没有信号"}), (timezone.localtime(), {})]):
        told = answers(started_at=(start - timedelta(hours=1)).isoformat(), ended_at=start.isoformat(), **more)
        sent = Caller(user).post("visits/", {"pairing": str(pairing.pk), "answers": told})
        assert sent.status_code == 201, (place, sent.json())
    auditor = Caller(factories.user("auditor", role="auditor", unit=factories.region("120114000000")))
    [late] = results(auditor.get("visits/", late="true"))
    assert late["late_reason"] == "山里没有信号"
    assert datetime.fromisoformat(late["recorded_at"]) - datetime.fromisoformat(late["ended_at"]) > timedelta(hours=48)
    changed = {"answers": {"physical": "well"}, "reason": "改"}
    assert auditor.patch(f"visits/{late['id']}/", changed).status_code == 403


def test_amending(user: User, pairing: Pairing) -> None:
    caller = Caller(user)
    where = caller.post("visits/", {"pairing": str(pairing.pk), "answers": answers()}).json()["id"]
    body = {"answers": {"physical": "well"}, "reason": "点错了"}
    response = caller.patch(f"visits/{where}/", body)
    assert (response.status_code, response.json()["version"]) == (200, 2)
    assert_problem(caller.patch(f"visits/{where}/", {**body, "version": 1}), 409, "stale_version")
    assert_problem(caller.patch(f"visits/{where}/", {"answers": {}}), 400, "invalid", "/reason")
    wrong = {"answers": {"physical": "superb"}, "reason": "x"}
    assert_problem(caller.patch(f"visits/{where}/", wrong), 422, "invalid", "/answers/physical")
    event = Event.objects.get(action="visit.amended")
    assert (event.reason, event.data["fields"]) == ("点错了", ["physical"])


def test_without_the_process_there_is_no_form_to_hold_a_record_against(user: User) -> None:
    """Nor when a version is deployed that lacks the form."""
    visit = factories.visit(factories.pairing(factories.case(), factories.helper(user=user)), state="done")
    caller, body = Caller(user), {"answers": {"physical": "well"}, "reason": "点错了"}
    assert_problem(caller.patch(f"visits/{visit.pk}/", body), 409, "process_not_deployed")
    errand = json.dumps(deployment.bundle(MODELS, "errand"))
    files = json.loads(errand.replace("errand", "care_visit"))
    deployment.deploy(key="care_visit", files=files, actor=SYSTEM, now=timezone.now())
    assert_problem(caller.patch(f"visits/{visit.pk}/", body), 409, "process_not_deployed")
    visit.refresh_from_db()
    assert visit.version == 1


def test_nobody_amends_what_one_may_only_read(user: User, pairing: Pairing) -> None:
    visit = Caller(user).post("visits/", {"pairing": str(pairing.pk), "answers": answers()}).json()
    body = {"answers": {"physical": "well"}, "reason": "x"}
    caller = Caller(factories.user("supervisor", role="supervisor"))
    assert_problem(caller.patch(f"visits/{visit['id']}/", body), 403, "not_allowed")


def test_narrowed(pairing: Pairing) -> None:
    planned = factories.visit(pairing, due_at=timezone.now() + timedelta(days=1))
    done = factories.visit(pairing, state="done", is_late=True, red_flags=["fall"], planned_for="2026-05-01")
    caller = Caller(factories.user("caseworker", role="caseworker"))

    def found(**parameters: str) -> set[str]:
        return {row["id"] for row in results(caller.get("visits/", **parameters))}

    assert found(state="planned") == {str(planned.pk)}
    assert found(red_flag="fall") == found(late="true") == {str(done.pk)}
    assert found(planned_from="2026-04-01") == {str(done.pk)}
    assert found(planned_before="2026-04-01") == {str(planned.pk)}
    assert found(due_before=(timezone.now() + timedelta(days=2)).isoformat()) == {str(planned.pk)}
    assert found(pairing=str(pairing.pk)) == {str(planned.pk), str(done.pk)}
    assert found(helper=str(uuid4())) == set()


SAID = {
    "visit_result": "met",
    "physical": "ill",
    "mental": "low",
    "worries": ["alone"],
    "note": "腿疼",
    "needs": ["health"],
}
SENSITIVE = ["physical", "mental", "worries", "note"]


@pytest.mark.parametrize("role", ["auditor", "dpo"])
def test_who_only_inspects_is_not_told_what_is_sensitive(user: User, pairing: Pairing, role: str) -> None:
    """P-7: health and mood (PIPL 28) are for who works with the family; nor does a filter tell of them."""
    made = factories.visit(
        pairing,
        state="done",
        red_flags=["mood"],
        answers=json.dumps(SAID),
        recorded_by=user,
        recorded_at=timezone.now(),
    )
    caller = Caller(factories.user(role, role=role, unit=factories.region("120114000000")))
    told = caller.get(f"visits/{made.pk}/").json()
    assert told["answers"] == {"visit_result": "met", "needs": ["health"]}
    assert (told["closed"], told["red_flags"]) == (SENSITIVE, None)
    assert [row["red_flags"] for row in results(caller.get("visits/"))] == [None]
    assert results(caller.get("visits/", red_flag="mood")) == []
    for office in ("supervisor", "village"):
        told = Caller(factories.user(office, role=office)).get(f"visits/{made.pk}/").json()
        assert (told["answers"], told["closed"], told["red_flags"]) == (SAID, [], ["mood"])


def test_who_wrote_a_record_reads_it_even_if_only_inspecting_now(user: User, pairing: Pairing) -> None:
    made = factories.visit(pairing, state="done", answers=json.dumps(SAID), recorded_by=user)
    factories.member(user, "auditor", factories.town())
    assert Caller(user).get(f"visits/{made.pk}/").json()["answers"] == SAID


def test_without_the_form_nothing_is_known_to_be_harmless(user: User) -> None:
    made = factories.visit(state="done", answers=json.dumps(SAID))
    caller = Caller(factories.user("auditor", role="auditor"))
    assert caller.get(f"visits/{made.pk}/").json()["answers"] == {}
