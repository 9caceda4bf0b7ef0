"""Bans from volunteering (P11, E22): two signatures by different people, a term, an appeal before a third."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.activities.models import Ban
from backend.activities.volunteers import obstacles
from backend.audit.models import Event
from backend.org.codes import load_codes
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept

pytestmark = pytest.mark.django_db

NOTE = "把老人的照片发到网上"


class Office:
    """Two who may sign, one who prepares, and a volunteer with an account."""

    def __init__(self) -> None:
        load_codes()
        self.today = timezone.localdate()
        self.caseworker = factories.user("caseworker", role="caseworker", name="陈姐")
        self.supervisor = factories.user("supervisor", role="supervisor", name="老王")
        self.other = factories.user("other", role="supervisor", name="老刘")
        self.volunteer = factories.user("volunteer", role="helper", name="赵志强")
        self.helper = factories.helper(user=self.volunteer)

    def body(self, **changes: Any) -> dict[str, Any]:
        until = (self.today + timedelta(days=365)).isoformat()
        return {"helper": str(self.helper.pk), "reason": "photo_misuse", "to_date": until, "note": NOTE, **changes}

    def proposed(self, **changes: Any) -> str:
        response = Caller(self.caseworker).post("bans/", self.body(**changes))
        assert response.status_code == 201, response.content
        return str(response.json()["id"])

    def confirmed(self) -> str:
        pk = self.proposed()
        assert Caller(self.supervisor).post(f"bans/{pk}/confirm/").status_code == 200
        return pk


@kept
def office() -> Office:
    return Office()


def test_only_the_second_signature_counts(office: Office) -> None:
    pk, day = office.proposed(), office.today
    assert "banned" not in obstacles(helper=office.helper, day=day)
    assert Reminder.objects.filter(key=f"ban:{pk}:proposed", role="supervisor").count() == 1
    assert_problem(Caller(office.caseworker).post(f"bans/{pk}/confirm/"), 403, "not_allowed")
    assert Caller(office.supervisor).post(f"bans/{pk}/confirm/").json()["state"] == "in_force"
    office.helper.refresh_from_db()
    assert "banned" in obstacles(helper=office.helper, day=day)
    assert office.helper.status == "ended"
    assert_problem(Caller(office.other).post(f"bans/{pk}/confirm/"), 409, "ban_state")
    told = Event.objects.filter(action__in=("ban.proposed", "volunteer.banned")).order_by("at")
    assert [event.actor for event in told] == ["陈姐", "老王"]
    assert not any(NOTE in event.body for event in told)


def test_nobody_signs_twice(office: Office) -> None:
    """In the program and in the database."""
    caller = Caller(office.supervisor)
    pk = caller.post("bans/", office.body()).json()["id"]
    assert caller.get(f"bans/{pk}/").json()["may_decide"] is False
    assert_problem(caller.post(f"bans/{pk}/confirm/"), 403, "second_person_needed")
    assert_problem(caller.post(f"bans/{pk}/decline/", {"reason": "弄错了"}), 403, "second_person_needed")
    stands_in = Caller(factories.deputy(office.supervisor))
    assert_problem(stands_in.post(f"bans/{pk}/confirm/"), 403, "second_person_needed")
    with pytest.raises(IntegrityError, match="ban_four_eyes"), transaction.atomic():
        Ban.objects.filter(pk=pk).update(state="in_force", decided_by=office.supervisor)


def test_not_confirmed_nothing_remains(office: Office) -> None:
    pk = office.proposed()
    assert_problem(Caller(office.caseworker).post("bans/", office.body()), 409, "ban_proposed_already")
    declined = Caller(office.supervisor).post(f"bans/{pk}/decline/", {"reason": "查无实据"})
    assert declined.json()["state"] == "declined"
    assert Event.objects.get(action="ban.declined").reason == "查无实据"
    assert office.proposed() != pk


def test_an_appeal_is_answered_by_a_third(office: Office) -> None:
    """The person reads what was decided, not what others told; lifted, they may serve again."""
    pk = office.confirmed()
    own = Caller(office.volunteer)
    seen = own.get(f"bans/{pk}/").json()
    assert (seen["reason"], "note" in seen, "decided_by" in seen) == ("photo_misuse", False, False)
    assert own.post(f"bans/{pk}/appeal/", {"text": "家属同意过"}).status_code == 200
    assert_problem(own.post(f"bans/{pk}/appeal/", {"text": "再说一遍"}), 409, "ban_state")
    said = {"lifted": True, "answer": "查到了同意书"}
    assert_problem(Caller(office.supervisor).post(f"bans/{pk}/settle/", said), 403, "second_person_needed")
    with pytest.raises(IntegrityError, match="ban_appeal_elsewhere"), transaction.atomic():
        Ban.objects.filter(pk=pk).update(settled_by=office.supervisor)
    assert Caller(office.other).post(f"bans/{pk}/settle/", said).json()["state"] == "lifted"
    assert own.get(f"bans/{pk}/").json()["answer"] == "查到了同意书"
    assert "banned" not in obstacles(helper=office.helper, day=office.today)
    assert not any("同意" in event.body for event in Event.objects.filter(action__startswith="ban."))


def test_a_proposal_is_not_told_to_whom_it_is_about(office: Office) -> None:
    pk = office.proposed()
    own = Caller(office.volunteer)
    assert results(own.get("bans/")) == []
    assert own.get(f"bans/{pk}/").status_code == 404
    factories.member(office.volunteer, "supervisor")
    assert_problem(Caller(office.volunteer).post(f"bans/{pk}/confirm/"), 404, "not_found")
    assert_problem(Caller(office.volunteer).post("bans/", office.body()), 403, "own_ban")


@pytest.mark.parametrize("days", [0, 1200])
def test_a_ban_has_a_term(office: Office, days: int) -> None:
    body = office.body(to_date=(office.today + timedelta(days=days)).isoformat())
    assert_problem(Caller(office.caseworker).post("bans/", body), 422, "bad_term", "/to_date")
