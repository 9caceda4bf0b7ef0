"""A suspended pairing: its helper neither sees nor visits the family, from the first second on, until it is lifted."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from backend.audit.models import Event
from backend.helpers.models import Pairing, Suspension
from backend.helpers.pairings import end_pairing
from backend.helpers.register import update_helper
from backend.helpers.suspensions import follow_checks
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.visits.models import Visit
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.queueing import queued
from workflows import deployment

pytestmark = pytest.mark.django_db


@kept
def user() -> User:
    made = factories.user("helper")
    factories.member(made, "helper", factories.town())
    return made


@pytest.fixture
def helper(user: User) -> Caller:
    return Caller(user)


@pytest.fixture
def caseworker() -> Caller:
    return Caller(factories.user("caseworker", role="caseworker"))


@pytest.fixture
def visit(user: User) -> Visit:
    """Planned with the helper at a family with a child; the helper's background check holds until tomorrow."""
    today = timezone.localdate()
    files = deployment.bundle(settings.BPMN_FOLDER, "care_visit")
    deployment.deploy(key="care_visit", files=files, actor=SYSTEM, now=timezone.now())
    child = {"relation": "2", "name": "小杰", "birth_date": today - timedelta(days=3000)}
    family = factories.family(label="周桂香", members=[{"relation": "0", "name": "周桂香", "is_head": True}, child])
    by = factories.helper(user=user, checked_on=today - timedelta(days=364))
    pairing = factories.pairing(factories.case(family), by)
    soon = timezone.now() + timedelta(days=3)
    return factories.visit(pairing, planned_for=today, due_at=soon, instance_id=uuid4())


def shown(helper: Caller, visit: Visit) -> dict[str, Any]:
    """What a helper reads about this family anywhere."""
    coming = helper.get("visits/coming/").json()
    pairing = helper.get(f"pairings/{visit.pairing_id}/").json()
    return {
        "family": helper.get(f"families/{visit.family_id}/").status_code,
        "families": len(results(helper.get("families/"))),
        "case": helper.get(f"cases/{visit.case_id}/").status_code,
        "visit": helper.get(f"visits/{visit.pk}/").status_code,
        "visits": len(results(helper.get("visits/"))),
        "coming": (len(coming["visits"]), len(coming["families"])),
        "pairing": (pairing["suspended"], pairing["family"] is not None),
    }


OPEN = {
    "family": 200,
    "families": 1,
    "case": 200,
    "visit": 200,
    "visits": 1,
    "coming": (1, 1),
    "pairing": (False, True),
}
SHUT = {
    "family": 404,
    "families": 0,
    "case": 404,
    "visit": 404,
    "visits": 0,
    "coming": (0, 0),
    "pairing": (True, False),
}


def record(helper: Caller, visit: Visit, started: datetime | None = None) -> Any:
    """The helper tells of a visit that nobody planned."""
    began = started or timezone.now() - timedelta(minutes=30)
    answers = {
        "visit_result": "met",
        "started_at": began.isoformat(),
        "ended_at": (began + timedelta(minutes=20)).isoformat(),
        "channel": "home",
        "persons_met": ["elder"],
        "physical": "weak",
        "mental": "calm",
        "late_reason": "没有信号",
    }
    body = {"id": str(uuid4()), "pairing": str(visit.pairing_id), "answers": answers}
    return helper.post("visits/", body)


def test_at_the_second_at_which_the_check_is_over(user: User, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert visit.helper is not None
    assert visit.helper.check_until == tomorrow
    midnight = datetime.combine(tomorrow, time(0), tzinfo=timezone.get_current_timezone())
    last = midnight - timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: last)
    helper = Caller(user)
    assert shown(helper, visit) == OPEN
    monkeypatch.setattr(timezone, "now", lambda: last + timedelta(seconds=1))
    assert shown(helper, visit) == SHUT
    assert not Suspension.objects.exists()  # it follows from the dates alone
    assert_problem(record(helper, visit), 403, "pairing_suspended")


def test_without_a_minor_nothing_happens(helper: Caller, visit: Visit) -> None:
    visit.helper.check_until = timezone.localdate()  # type: ignore[union-attr]
    visit.helper.save()  # type: ignore[union-attr]
    assert shown(helper, visit) == SHUT
    child = visit.family.persons.get(name="小杰")
    today = timezone.localdate()
    child.birth_date = today.replace(year=today.year - 18)
    child.save()
    assert shown(helper, visit) == OPEN
    child.birth_date += timedelta(days=1)
    child.save()
    assert shown(helper, visit) == SHUT
    child.status = "left"
    child.save()
    assert shown(helper, visit) == OPEN


def test_who_holds_a_post_is_not_asked_for_a_check(helper: Caller, visit: Visit) -> None:
    visit.helper.check_until = None  # type: ignore[union-attr]
    visit.helper.save()  # type: ignore[union-attr]
    visit.pairing.kind.__class__.objects.update(statutory=True)  # type: ignore[union-attr]
    assert shown(helper, visit) == OPEN


def test_a_complaint_suspends_first(helper: Caller, caseworker: Caller, visit: Visit) -> None:
    address = f"pairings/{visit.pairing_id}"
    assert_problem(helper.post(f"{address}/suspend/", {"reason": "complaint"}), 403, "not_allowed")
    assert_problem(caseworker.post(f"{address}/suspend/", {"reason": "gossip"}), 422, "unknown_reason")
    assert_problem(caseworker.post(f"{address}/lift/", {"reason": "cleared"}), 409, "not_suspended")
    told = caseworker.post(f"{address}/suspend/", {"reason": "complaint", "note": "借钱"}).json()
    assert (told["suspended"], told["suspensions"][0]["reason"], told["to_date"]) == (True, "complaint", None)
    assert shown(helper, visit) == SHUT
    assert_problem(record(helper, visit), 403, "pairing_suspended")
    assert_problem(caseworker.post(f"{address}/suspend/", {"reason": "complaint"}), 409, "already_suspended")
    assert caseworker.post(f"{address}/lift/", {"reason": "cleared"}).json()["suspended"] is False
    assert shown(helper, visit) == OPEN
    assert record(helper, visit).status_code == 201
    [row] = Suspension.objects.all()
    assert (row.reason, row.end_reason, row.lifted_by_label) == ("complaint", "cleared", "caseworker")
    suspended = Event.objects.get(action="pairing.suspended")
    assert (suspended.reason, suspended.data["suspension_reason"]) == ("借钱", "complaint")
    assert [job["what"] for job in queued("suspensions.follow")] == ["suspended", "resumed"]


def test_a_suspended_helper_sees_no_family(helper: Caller, visit: Visit) -> None:
    visit.helper.status = "suspended"  # type: ignore[union-attr]
    visit.helper.save()  # type: ignore[union-attr]
    assert shown(helper, visit) == SHUT


def test_the_night_writes_down_what_the_dates_say(caseworker: Caller, visit: Visit) -> None:
    now, actor = timezone.now(), factories.actor()
    assert follow_checks(now=now) == 0
    tomorrow = now + timedelta(days=1)
    assert (follow_checks(now=tomorrow), follow_checks(now=tomorrow)) == (1, 0)
    [row] = Suspension.objects.all()
    assert (row.reason, row.from_date) == ("check_expired", timezone.localdate(tomorrow))
    visit.helper.check_until = timezone.localdate(now)  # type: ignore[union-attr]
    visit.helper.save()  # type: ignore[union-attr]
    lift = caseworker.post(f"pairings/{visit.pairing_id}/lift/", {"reason": "cleared"})
    assert_problem(lift, 409, "check_first")
    changes = {"checked_on": timezone.localdate(now)}
    update_helper(helper=visit.helper, changes=changes, actor=actor, now=tomorrow)  # type: ignore[arg-type]
    row.refresh_from_db()
    assert (row.to_date, row.end_reason) == (timezone.localdate(tomorrow), "check_renewed")
    assert not caseworker.get(f"pairings/{visit.pairing_id}/").json()["suspended"]
    assert [event.action for event in Event.objects.filter(action__startswith="pairing.").order_by("seq")] == [
        "pairing.suspended",
        "pairing.resumed",
    ]


def test_what_has_ended_is_suspended_no_longer(caseworker: Caller, visit: Visit) -> None:
    address = f"pairings/{visit.pairing_id}"
    assert caseworker.post(f"{address}/suspend/", {"reason": "safety"}).status_code == 200
    pairing, today = Pairing.objects.get(), timezone.localdate()
    end_pairing(pairing=pairing, reason="complaint", ended_on=today, actor=factories.actor(), now=timezone.now())
    row = Suspension.objects.get()
    assert (row.to_date, row.end_reason) == (today, "pairing_ended")
    assert_problem(caseworker.post(f"{address}/suspend/", {"reason": "safety"}), 409, "pairing_ended")


def test_no_record_of_a_day_before_the_spell(helper: Caller, visit: Visit) -> None:
    Pairing.objects.update(from_date=timezone.localdate())
    yesterday = timezone.now() - timedelta(days=1)
    problem = assert_problem(record(helper, visit, yesterday), 422, "bad_visit_record")
    assert [each["code"] for each in problem["errors"]] == ["before_spell"]
    assert Visit.objects.count() == 1


def test_no_record_of_a_day_after_the_spell(helper: Caller, visit: Visit) -> None:
    """What was done on the day on which it ended, perhaps hours before, may still be written down."""
    today, yesterday = timezone.localdate(), timezone.now() - timedelta(days=1)
    Pairing.objects.update(to_date=today - timedelta(days=2))
    problem = assert_problem(record(helper, visit, yesterday), 422, "bad_visit_record")
    assert [each["code"] for each in problem["errors"]] == ["after_spell"]
    assert Visit.objects.count() == 1
    Pairing.objects.update(to_date=today)
    assert record(helper, visit, yesterday).status_code == 201
