"""Volunteers (P11): told of the risks, taken on, prepared, in service, renewed, gone, banned (E22, E29, E33)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.activities.models import Ban, StarAward, Training, Volunteer
from backend.activities.volunteers import obstacles
from backend.helpers.models import Helper
from backend.org.models import User
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.queueing import queued
from tests.steps.office import Office
from workflows import services
from workflows.models import Instance

pytestmark = pytest.mark.django_db

GROWN_UP, CHILD = "1990-05-01", (timezone.localdate() - timedelta(days=16 * 366)).isoformat()
MODULES = ["safety", "privacy", "manners"]


class Recruiting:
    """The township, and somebody who wants to volunteer."""

    def __init__(self) -> None:
        self.office = Office(timezone.now())
        self.caseworker, self.supervisor = self.office.caseworker, self.office.supervisor
        self.today = timezone.localdate()

    def post(self, by: User | None = None, **said: Any) -> Any:
        body = {
            "source": "own", "kind": "neighbour", "name": "周大姐", "unit": str(factories.town().pk),
            "birth_date": GROWN_UP, "notice_version": "2026-01", "accepted_on": self.today.isoformat(), **said,
        }  # fmt: skip
        return Caller(by or self.caseworker).post("volunteers/", {key: said for key, said in body.items() if said})

    def registered(self, **said: Any) -> Volunteer:
        response = self.post(**said)
        assert response.status_code == 201, response.content
        return self.row()

    def do(self, step: str, **answers: Any) -> Any:
        found = results(Caller(self.caseworker).get("work-items/", doable="true", step=step))
        assert found, step
        return Caller(self.caseworker).post(f"work-items/{found[0]['id']}/complete/", {"answers": answers})

    def prepared(self, *, insured: int = 400, **papers: Any) -> Volunteer:
        """Screened, and everything entered."""
        self.do("screen_volunteer", screening="accept")
        until = (self.today + timedelta(days=insured)).isoformat()
        answers = {"modules": MODULES, "insured_until": until, **papers}
        assert self.do("prepare_volunteer", preparation="done", **answers).status_code == 200
        return self.row()

    def wake(self, day: date) -> None:
        moment = datetime.combine(day, time(12), tzinfo=timezone.get_default_timezone())
        services.wake(instance_id=Instance.objects.get(process__key="volunteer_service").pk, now=moment)

    def send(self) -> None:
        """Deliver what was queued for the run."""
        for job in queued("processes.message"):
            services.send_message(
                instance_id=job["instance_id"], name=str(job["name"]), data={}, actor=factories.actor(),
                now=timezone.now(),
            )  # fmt: skip

    def row(self) -> Volunteer:
        return Volunteer.objects.select_related("helper__unit", "kind", "unit").latest("id")

    def helper(self) -> Helper:
        helper = self.row().helper
        assert helper is not None
        return helper

    def outcome(self) -> str:
        return Instance.objects.get(process__key="volunteer_service").outcome


@kept
def recruiting() -> Recruiting:
    return Recruiting()


def test_on_the_register_only_when_everything_is_in_force(recruiting: Recruiting) -> None:
    """Training, insurance before risky work; dates stand with the helper and nowhere else."""
    recruiting.registered(risky=True)
    assert not Helper.objects.exists()
    recruiting.do("screen_volunteer", screening="accept")
    assert recruiting.helper().status == "away"
    recruiting.do("prepare_volunteer", preparation="done", modules=["safety"])
    assert (recruiting.helper().trained_on, recruiting.row().state) == (None, "preparing")
    until = (recruiting.today + timedelta(days=200)).isoformat()
    recruiting.do("prepare_volunteer", preparation="done", modules=["privacy", "manners"], insured_until=until)
    helper = recruiting.helper()
    assert (helper.status, helper.trained_on, str(helper.insured_until), recruiting.row().state) == (
        "active", recruiting.today, until, "active",
    )  # fmt: skip
    assert Training.objects.filter(helper=helper).count() == 3
    assert obstacles(helper=helper, day=recruiting.today, risky=True) == []
    assert obstacles(helper=helper, day=recruiting.today, with_minors=True) == ["not_checked"]


def test_work_with_children_needs_the_background_check(recruiting: Recruiting) -> None:
    recruiting.registered(with_minors=True)
    recruiting.prepared()
    assert recruiting.row().state == "preparing"
    recruiting.do("prepare_volunteer", preparation="done", checked_on=recruiting.today.isoformat())
    assert recruiting.row().state == "active"
    assert obstacles(helper=recruiting.helper(), day=recruiting.today, with_minors=True) == []


def test_thirty_days_before_the_insurance_ends_somebody_is_asked(recruiting: Recruiting) -> None:
    recruiting.registered(risky=True)
    recruiting.prepared(insured=90)
    instance = Instance.objects.get(process__key="volunteer_service")
    assert instance.wake_at is not None
    warned = recruiting.today + timedelta(days=60)
    assert timezone.localdate(instance.wake_at) == warned
    recruiting.wake(warned)
    found = results(Caller(recruiting.caseworker).get("work-items/", step="renew_papers"))
    assert found[0]["due_at"][:10] == (recruiting.today + timedelta(days=90)).isoformat()
    assert Reminder.objects.get(helper_id=recruiting.helper().pk).label_en.startswith("Your insurance")
    longer = (recruiting.today + timedelta(days=455)).isoformat()
    assert recruiting.do("renew_papers", renewal="renewed", insured_until=longer).status_code == 200
    assert str(recruiting.helper().insured_until) == longer
    assert results(Caller(recruiting.caseworker).get("work-items/", step="renew_papers")) == []


def test_not_renewed_nobody_is_sent_until_it_is(recruiting: Recruiting) -> None:
    recruiting.registered(risky=True)
    recruiting.prepared(insured=90)
    recruiting.wake(recruiting.today + timedelta(days=60))
    recruiting.wake(recruiting.today + timedelta(days=91))
    assert recruiting.helper().status == "away"
    longer = (recruiting.today + timedelta(days=455)).isoformat()
    recruiting.do("renew_papers", renewal="renewed", insured_until=longer)
    assert recruiting.helper().status == "active"


@pytest.mark.parametrize(
    ("said", "status", "code", "pointer"),
    [
        ({"birth_date": CHILD}, 422, "guardian_needed", "/guardian"),
        (
            {"birth_date": CHILD, "guardian": "母亲", "guardian_agreed_on": "2026-01-01", "accompanied_by": "张老师",
             "risky": True},
            422, "too_dangerous", "/risky",
        ),
        ({"notice_version": "2019"}, 422, "old_notice", "/notice_version"),
        ({"birth_date": timezone.localdate().isoformat()}, 422, "too_young", "/birth_date"),
    ],
)  # fmt: skip
def test_minors_and_old_notices(
    recruiting: Recruiting, said: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    """E29: guardian's consent, accompanied, no dangerous work."""
    assert_problem(recruiting.post(**said), status, code, pointer)
    assert not Volunteer.objects.exists()


def test_a_minor_serves_in_company_and_never_dangerously(recruiting: Recruiting) -> None:
    """E29: the guardian agreed, somebody comes along, nothing dangerous; who the guardian is stays in the work item."""
    recruiting.registered(birth_date=CHILD, guardian="母亲", guardian_agreed_on="2026-01-01", accompanied_by="张老师")
    recruiting.prepared()
    helper = recruiting.helper()
    assert obstacles(helper=helper, day=recruiting.today) == []
    assert obstacles(helper=helper, day=recruiting.today, risky=True) == ["too_dangerous"]
    told = Caller(recruiting.caseworker).get(f"volunteers/{recruiting.row().pk}/").content.decode()
    assert "母亲" not in told


def test_not_taken_on(recruiting: Recruiting) -> None:
    recruiting.registered(certificate="120114199001011234")
    recruiting.do("screen_volunteer", screening="refuse", end_reason="check_failed")
    row = recruiting.row()
    assert (row.state, row.helper, row.certificate, recruiting.outcome()) == ("refused", None, "", "not_taken")


def test_a_liaison_registers_people_of_the_own_unit_only(recruiting: Recruiting) -> None:
    unit = factories.partner()
    other = factories.partner("GJ-77", "共建单位丙")
    liaison = factories.user("liaison", role="liaison", unit=unit, name="周联络员")
    assert_problem(recruiting.post(liaison, source="unit", unit=None), 422, "unit_missing", "/unit")
    assert recruiting.post(liaison, source="unit", unit=None, partner_unit=str(other.pk)).status_code == 400
    assert recruiting.post(liaison, source="unit", unit=None, partner_unit=str(unit.pk)).status_code == 201
    assert recruiting.row().unit == factories.town()
    assert [row["name"] for row in results(Caller(liaison).get("volunteers/"))] == ["周大姐"]


def test_whoever_is_a_helper_registers_oneself_and_may_leave(recruiting: Recruiting) -> None:
    user = recruiting.office.volunteer
    helper = factories.helper(user=user, name="赵师傅")
    assert recruiting.post(user, helper=str(helper.pk), name="赵师傅").status_code == 201
    assert_problem(recruiting.post(user, helper=str(helper.pk)), 409, "already_volunteer")
    recruiting.do("screen_volunteer", screening="accept")
    recruiting.do("prepare_volunteer", preparation="done", modules=MODULES)
    left = Caller(user).post(f"volunteers/{recruiting.row().pk}/leave/", {"reason": "moved"})
    assert left.status_code == 200, left.content
    recruiting.send()
    helper.refresh_from_db()
    assert (helper.status, helper.end_reason, recruiting.outcome()) == ("ended", "left", "gone")


def test_a_ban_ends_everything_and_holds_under_another_entry(recruiting: Recruiting) -> None:
    """E22: a photograph put online. The identity number is known again; until the term is over."""
    number = "120114199001011234"
    recruiting.registered(certificate=number)
    recruiting.prepared()
    helper = recruiting.helper()
    pairing = factories.pairing(factories.case(), helper)
    StarAward.objects.create(helper=helper, stars=1, half_hours=200, holds_from=recruiting.today)
    until = (recruiting.today + timedelta(days=365)).isoformat()
    body = {"helper": str(helper.pk), "reason": "photo_misuse", "to_date": until, "note": "把老人的照片发到网上"}
    proposed = Caller(recruiting.caseworker).post("bans/", body)
    assert proposed.status_code == 201, proposed.content
    assert recruiting.helper().status != "ended"  # nothing happens yet
    answer = Caller(recruiting.supervisor).post(f"bans/{proposed.json()['id']}/confirm/")
    assert answer.status_code == 200, answer.content
    recruiting.send()
    pairing.refresh_from_db()
    assert (recruiting.helper().status, recruiting.row().state, recruiting.outcome()) == ("ended", "banned", "banned")
    assert pairing.to_date == recruiting.today
    assert not StarAward.objects.on(recruiting.today).exists()
    assert "banned" in obstacles(helper=recruiting.helper(), day=recruiting.today)
    assert_problem(recruiting.post(certificate=number), 403, "banned")
    Ban.objects.update(from_date=recruiting.today - timedelta(days=9), to_date=recruiting.today)
    assert recruiting.post(certificate=number).status_code == 201
