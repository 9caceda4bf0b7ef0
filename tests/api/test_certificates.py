"""Certificates of hours (P11): checked by one, signed by another, announced between, open to whoever has the number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.activities import certificates
from backend.activities.models import Certificate, HourClaim
from backend.helpers.register import end_helper
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.queueing import queued
from tests.steps.office import Office
from workflows import services
from workflows.models import Instance

pytestmark = pytest.mark.django_db


class Desk:
    """A volunteer with ten verified hours of last week, and the township."""

    def __init__(self) -> None:
        self.office = Office(timezone.now())
        self.volunteer = self.office.volunteer
        self.helper = factories.helper(user=self.volunteer, name="赵志强")
        self.begin = timezone.now() - timedelta(days=7)
        self.give(20)

    def give(self, half_hours: int, state: str = "verified") -> None:
        HourClaim.objects.create(
            helper=self.helper, unit=self.helper.unit, source="manual", content="visit", started_at=self.begin,
            ended_at=self.begin + timedelta(hours=2), claimed=half_hours, counted=half_hours, state=state,
            evidence="witness", claimed_at=self.begin,
        )  # fmt: skip

    def ask(self, by: User | None = None, **more: Any) -> Any:
        today = timezone.localdate()
        days = {"from_date": (today - timedelta(days=30)).isoformat(), "to_date": today.isoformat()}
        return Caller(by or self.volunteer).post("certificates/", {**days, **more})

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        found = results(Caller(user).get("work-items/", doable="true", step=step))
        assert found, step
        return Caller(user).post(f"work-items/{found[0]['id']}/complete/", {"answers": answers})

    def wait(self, days: int) -> None:
        """The announcement is over."""
        instance = Instance.objects.get(process__key="hours_certificate", state="running")
        services.wake(instance_id=instance.pk, now=timezone.now() + timedelta(days=days))

    def issued(self) -> Certificate:
        assert self.ask().status_code == 201
        assert self.do(self.office.caseworker, "check_hours", {"check": "announce"}).status_code == 200
        self.wait(8)
        signed = self.do(self.office.supervisor, "sign_certificate", {"signature": "sign"})
        assert signed.status_code == 200, signed.content
        return self.row()

    def row(self) -> Certificate:
        return Certificate.objects.select_related("helper", "unit").latest("id")


@kept
def desk() -> Desk:
    return Desk()


def checked(number: str) -> dict[str, Any]:
    """What anybody sees, without an account."""
    response = Caller(None).get("certificates/check/", number=number)
    assert response.status_code == 200
    told: dict[str, Any] = response.json()
    return told


def test_checked_announced_signed_and_open_to_whoever_has_the_number(desk: Desk) -> None:
    row = desk.issued()
    assert (row.state, row.half_hours, row.handled_label, row.signed_label) == ("issued", 20, "陈姐", "老王")
    told = checked(row.number.lower())
    assert (told["state"], told["name"], told["hours"], told["issuer"], told["digest"]) == (
        "valid", "赵*强", 10.0, "大黄堡镇", row.digest,
    )  # fmt: skip
    assert set(told) == {
        "number", "state", "name", "hours", "from_date", "to_date", "issuer", "issued_on", "revoked_on", "digest",
    }  # fmt: skip
    assert "赵志强" not in str(told)


def test_before_it_is_signed_and_for_a_guess_there_is_nothing(desk: Desk) -> None:
    desk.ask()
    row = desk.row()
    assert [checked(number)["state"] for number in (row.number, "ZM-1", "")] == ["unknown"] * 3
    assert checked(row.number)["name"] == ""
    assert len(row.number.rsplit("-", 1)[1]) == 8


def test_a_certificate_that_was_altered_shows(desk: Desk) -> None:
    row = desk.issued()
    assert certificates.is_whole(row)
    Certificate.objects.filter(pk=row.pk).update(half_hours=2000)
    told = Caller(desk.office.supervisor).get(f"certificates/{row.pk}/").json()
    assert told["whole"] is False


def test_seven_days_it_is_announced(desk: Desk) -> None:
    desk.ask()
    desk.do(desk.office.caseworker, "check_hours", {"check": "announce"})
    row, today = desk.row(), timezone.localdate()
    assert (row.announced_from, row.announced_until) == (today, today + timedelta(days=6))
    instance = Instance.objects.get(process__key="hours_certificate")
    assert instance.wake_at is not None
    assert timezone.localdate(instance.wake_at) == today + timedelta(days=7)


def test_who_checked_does_not_sign_and_nobody_serves_oneself(desk: Desk) -> None:
    factories.member(desk.office.caseworker, "supervisor")
    factories.member(desk.volunteer, "caseworker")
    desk.ask()
    assert results(Caller(desk.volunteer).get("work-items/", doable="true", step="check_hours")) == []
    desk.do(desk.office.caseworker, "check_hours", {"check": "announce"})
    desk.wait(8)
    item = results(Caller(desk.office.supervisor).get("work-items/", step="sign_certificate"))[0]
    refused = Caller(desk.office.caseworker).post(
        f"work-items/{item['id']}/complete/", {"answers": {"signature": "sign"}}
    )
    assert_problem(refused, 403, "four_eyes")
    row = desk.row()
    with pytest.raises(certificates.OwnCertificate):
        certificates.issue(certificate=row, actor=factories.actor(desk.office.caseworker), now=timezone.now())
    with pytest.raises(certificates.OwnCertificate):
        certificates.announce(certificate=row, actor=factories.actor(desk.volunteer), now=timezone.now())


def test_an_objection_is_settled_before_anything_is_signed(desk: Desk) -> None:
    desk.ask()
    desk.do(desk.office.caseworker, "check_hours", {"check": "announce"})
    row = desk.row()
    said = Caller(desk.office.caseworker).post(f"certificates/{row.pk}/objection/", {"reason": "两次没有到场"})
    assert said.status_code == 200, said.content
    [job] = queued("processes.message")
    services.send_message(
        instance_id=Instance.objects.get(process__key="hours_certificate").pk, name=str(job["name"]), data={},
        actor=factories.actor(), now=timezone.now(),
    )  # fmt: skip
    answers = {"objection": "uphold", "reason": "签到表上没有"}
    assert desk.do(desk.office.supervisor, "settle_objection", answers).status_code == 200
    row = desk.row()
    assert (row.state, row.refused_because) == ("refused", "签到表上没有")
    late = Caller(desk.office.caseworker).post(f"certificates/{row.pk}/objection/", {"reason": "又一次"})
    assert_problem(late, 409, "not_announced")


def test_revoked_it_says_so_to_everybody(desk: Desk) -> None:
    row = desk.issued()
    answer = Caller(desk.office.supervisor).post(f"certificates/{row.pk}/revoke/", {"reason": "false_hours"})
    assert answer.status_code == 200, answer.content
    told = checked(row.number)
    assert (told["state"], told["revoked_on"]) == ("revoked", timezone.localdate().isoformat())
    again = Caller(desk.office.supervisor).post(f"certificates/{row.pk}/revoke/", {"reason": "mistake"})
    assert_problem(again, 409, "not_issued")


def test_hours_outlast_the_service(desk: Desk) -> None:
    """E33: the helper has died or gone; the record stays, and the office can have it certified."""
    end_helper(
        helper=desk.helper, reason="died", ended_on=timezone.localdate(), actor=factories.actor(), now=timezone.now()
    )
    answer = desk.ask(desk.office.caseworker, helper=str(desk.helper.pk))
    assert answer.status_code == 201, answer.content
    assert len(results(Caller(desk.office.caseworker).get("hours/", helper=str(desk.helper.pk)))) == 1


def test_only_verified_hours_and_one_at_a_time(desk: Desk) -> None:
    HourClaim.objects.update(state="rejected")
    assert_problem(desk.ask(), 422, "no_hours", "/from_date")
    HourClaim.objects.update(state="adjusted")
    assert desk.ask().status_code == 201
    assert_problem(desk.ask(), 409, "certificate_open")


def test_somebody_elses_are_not_to_be_had(desk: Desk) -> None:
    other = factories.user("other-helper", role="helper", name="别人")
    mine = factories.helper(user=other, name="别人")
    desk.ask()
    assert results(Caller(other).get("certificates/")) == []
    assert_problem(desk.ask(desk.volunteer, helper=str(mine.pk)), 400, "invalid")
    assert_problem(Caller(other).get(f"certificates/{desk.row().pk}/"), 404, "not_found")
