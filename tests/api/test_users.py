"""Users, memberships and deputies over HTTP: the security administrator's work."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.org.models import Deputy, Membership, User
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return factories.user("secadmin", role="secadmin")


def test_a_new_user_gets_a_one_time_password(admin: User) -> None:
    response = Caller(admin).post("users/", {"username": "wang", "name": "王经办", "email": "w@example.org"})
    assert response.status_code == 201, response.content
    password = response.json()["one_time_password"]
    user = User.objects.get(username="wang")
    assert user.check_password(password)
    assert user.must_change_password
    assert "password" not in Caller(admin).get(f"users/{user.pk}/").json()


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"username": "secadmin"}, 409, "username_taken", None),
        ({"username": "a b"}, 400, "invalid", "/username"),
        ({"username": ""}, 400, "invalid", "/username"),
        ({"username": "x" * 61}, 400, "invalid", "/username"),
        ({"email": "no"}, 400, "invalid", "/email"),
        ({"language": "klingon"}, 400, "invalid", "/language"),
        ({"is_superuser": True}, 400, "invalid", "/is_superuser"),
        ({"password": "x"}, 400, "invalid", "/password"),
    ],
)
def test_who_is_not_made(admin: User, change: dict[str, Any], status: int, code: str, pointer: str | None) -> None:
    response = Caller(admin).post("users/", {"username": "wang", "name": "王经办", **change})
    assert_problem(response, status, code, pointer)
    assert User.objects.count() == 1


def test_who_leaves_is_logged_out(admin: User) -> None:
    user = factories.user("caseworker", role="caseworker")
    caller = Caller(user)
    for reason in ({}, {"reason": " "}):
        refused = Caller(admin).patch(f"users/{user.pk}/", {"is_active": False, **reason})
        assert_problem(refused, 422, "reason_missing", "/reason")
    assert caller.get("me/").status_code == 200
    response = Caller(admin).patch(f"users/{user.pk}/", {"is_active": False, "reason": "离职"})
    assert (response.json()["is_active"], response.json()["version"]) == (False, 2)
    assert_problem(caller.get("me/"), 401, "not_authenticated")
    assert_problem(Caller(admin).patch(f"users/{user.pk}/", {"name": "x", "version": 1}), 409, "stale_version")


def test_a_forgotten_password_and_all_tokens(admin: User) -> None:
    user = factories.user("caseworker", role="caseworker", password="the-old-password")
    caller = Caller(user)
    fresh = Caller(admin).post(f"users/{user.pk}/reset-password/").json()["one_time_password"]
    user.refresh_from_db()
    assert user.check_password(fresh)
    assert_problem(caller.get("me/"), 401, "not_authenticated")
    Caller(user)
    assert Caller(admin).post(f"users/{user.pk}/revoke/", {"reason": "手机丢了"}).json() == {"revoked": 1}


def test_found_and_narrowed(admin: User) -> None:
    factories.user("wang", name="王经办", role="caseworker")
    factories.user("gone", name="赵离职", is_active=False)
    caller = Caller(admin)

    def found(**parameters: str) -> list[str]:
        return [row["username"] for row in results(caller.get("users/", ordering="username", **parameters))]

    assert found(q="王") == found(role="caseworker") == found(username="wang") == ["wang"]
    assert found(active="false") == ["gone"]
    assert found(unit=factories.TOWN) == ["secadmin", "wang"]


def test_a_caseworker_sees_colleagues_only() -> None:
    factories.user("far", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    factories.user("near", role="village")
    caller = Caller(factories.user("me", role="caseworker"))
    assert {row["username"] for row in results(caller.get("users/"))} == {"me", "near"}
    assert len(results(caller.get("memberships/"))) == 2
    assert_problem(caller.post("users/", {}), 403, "not_allowed")


def test_memberships_begin_and_end(admin: User) -> None:
    user = factories.user("wang")
    body = {"user": str(user.pk), "role": "village", "unit": str(factories.village().pk), "from_date": "2026-01-01"}
    caller = Caller(admin)
    response = caller.post("memberships/", body)
    assert response.status_code == 201, response.content
    assert (response.json()["user"]["name"], response.json()["role"]) == ("wang", "village")
    assert_problem(caller.post("memberships/", body), 409, "membership_overlaps")
    where = f"memberships/{response.json()['id']}/end/"
    assert_problem(caller.post(where, {"to_date": "2025-01-01", "reason": "x"}), 422, "invalid", "/to_date")
    assert caller.post(where, {"to_date": "2026-02-01", "reason": "调动"}).json()["to_date"] == "2026-02-01"
    assert results(caller.get("memberships/", user=str(user.pk), current="true")) == []
    assert len(results(caller.get("memberships/", user=str(user.pk), current="false"))) == 1


def test_the_three_administrations_stay_apart(admin: User) -> None:
    other = factories.user("sysadmin", role="sysadmin")
    today = timezone.localdate().isoformat()
    body = {"role": "auditadmin", "unit": str(factories.town().pk), "from_date": today}
    caller = Caller(admin)
    assert_problem(caller.post("memberships/", {**body, "user": str(other.pk)}), 409, "administrators_apart")
    assert_problem(caller.post("memberships/", {**body, "user": str(admin.pk)}), 403, "own_membership")
    assert_problem(
        caller.post("memberships/", {**body, "user": str(other.pk), "role": "king"}), 400, "invalid", "/role"
    )
    assert Membership.objects.count() == 2


def test_standing_in(admin: User) -> None:
    absent, deputy = factories.user("absent", role="caseworker"), factories.user("deputy", role="village")
    today = timezone.localdate()
    body = {"absent": str(absent.pk), "deputy": str(deputy.pk), "from_date": today.isoformat(), "reason": "休假"}
    caller = Caller(admin)
    response = caller.post("deputies/", body)
    assert response.status_code == 201, response.content
    held = Caller(deputy).get("me/").json()["memberships"]
    assert {each["on_behalf_of"] for each in held} == {"", "absent"}
    assert_problem(caller.post("deputies/", {**body, "deputy": str(absent.pk)}), 422, "deputy_is_another")
    assert_problem(caller.post("deputies/", {**body, "reason": ""}), 400, "invalid", "/reason")
    where = f"deputies/{response.json()['id']}/end/"
    assert caller.post(where, {"to_date": today.isoformat()}).status_code == 200
    assert Caller(deputy).get("me/").json()["memberships"][0]["on_behalf_of"] == ""
    assert len(results(caller.get("deputies/", current="false"))) == 1
    assert results(caller.get("deputies/", current="true", absent=str(absent.pk))) == []
    assert Deputy.objects.get().to_date == today
    tomorrow = (today + timedelta(days=1)).isoformat()
    assert_problem(caller.post("deputies/", {**body, "from_date": tomorrow, "to_date": "2020-01-01"}), 422, "invalid")


def test_a_supervisor_lets_colleagues_stand_in() -> None:
    absent, deputy = factories.user("absent", role="caseworker"), factories.user("deputy", role="village")
    factories.user("guest", role="helper")
    supervisor = factories.user("supervisor", role="supervisor")
    caller, today = Caller(supervisor), timezone.localdate().isoformat()
    names = {row["username"] for row in results(caller.get("users/", colleague="true"))}
    assert names == {"absent", "deputy", "supervisor"}
    body = {"absent": str(absent.pk), "deputy": str(deputy.pk), "from_date": today, "reason": "休假"}
    made = caller.post("deputies/", body)
    assert made.status_code == 201, made.content
    assert_problem(caller.post("deputies/", body), 409, "deputy_overlaps")
    assert_problem(caller.post("deputies/", {**body, "deputy": str(supervisor.pk)}), 403, "own_deputy")
    auditor = factories.user("auditor", role="auditor")
    refused = caller.post("deputies/", {**body, "absent": str(auditor.pk)})
    assert_problem(refused, 403, "not_a_colleague", "/absent")
    stranger = factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    assert_problem(caller.post("deputies/", {**body, "deputy": str(stranger.pk)}), 400, "invalid", "/deputy")
    where = f"deputies/{made.json()['id']}/end/"
    assert_problem(Caller(absent).post(where, {"to_date": today}), 403, "not_allowed")
    other = factories.user("other", role="supervisor", unit=factories.town(factories.OTHER_TOWN))
    assert_problem(Caller(other).post(where, {"to_date": today}), 404, "not_found")
    assert caller.post(where, {"to_date": today}).status_code == 200


def test_who_stands_in_for_the_security_administrator_appoints_nobody() -> None:
    """An administrator's duty is personal: so is the right to appoint everywhere."""
    secadmin, supervisor = factories.user("sec", role="secadmin"), factories.user("sup", role="supervisor")
    Deputy.objects.create(absent=secadmin, deputy=supervisor, from_date=factories.LONG_AGO, reason="休假")
    absent, stand_in = factories.user("absent", role="auditor"), factories.user("deputy", role="village")
    today = timezone.localdate().isoformat()
    body = {"absent": str(absent.pk), "deputy": str(stand_in.pk), "from_date": today, "reason": "休假"}
    assert_problem(Caller(supervisor).post("deputies/", body), 403, "not_a_colleague")


def test_own_days_away_are_left_to_who_does_the_same_work() -> None:
    me, colleague = factories.user("me", role="caseworker"), factories.user("colleague", role="caseworker")
    leaving = factories.user("leaving", role="caseworker", to_date=timezone.localdate() + timedelta(days=2))
    village, today = factories.user("village", role="village"), timezone.localdate()
    caller = Caller(me)
    assert {row["name"] for row in caller.get("deputies/own/colleagues/").json()} == {"colleague", "leaving"}
    body = {"deputy": str(colleague.pk), "from_date": today.isoformat(), "reason": "年休假"}
    body["to_date"] = (today + timedelta(days=5)).isoformat()
    made = caller.post("deputies/own/", body)
    assert made.status_code == 201, made.content
    assert {each["on_behalf_of"] for each in Caller(colleague).get("me/").json()["memberships"]} == {"", "me"}
    event = Event.objects.get(action="deputy.appointed")
    assert (event.actor, event.object_id, event.reason) == ("me", str(me.pk), "年休假")
    assert_problem(caller.post("deputies/own/", body), 409, "deputy_overlaps")
    assert_problem(caller.post("deputies/own/", {**body, "deputy": str(leaving.pk)}), 403, "not_the_same_work")
    for other in (me, village):
        refused = caller.post("deputies/own/", {**body, "deputy": str(other.pk)})
        assert_problem(refused, 400, "invalid", "/deputy")
    yesterday = (today - timedelta(days=1)).isoformat()
    for wrong in ({"to_date": yesterday}, {"from_date": yesterday}):
        assert_problem(caller.post("deputies/own/", {**body, **wrong}), 422, "invalid")
    back = {**body, "deputy": str(me.pk)}
    assert_problem(Caller(colleague).post("deputies/own/", back), 409, "stand_in_is_away", "/deputy")


def test_who_is_back_earlier_ends_only_the_own_days() -> None:
    me, colleague = factories.user("me", role="caseworker"), factories.user("colleague", role="caseworker")
    today = timezone.localdate()
    end = today + timedelta(days=5)
    row = Deputy.objects.create(absent=me, deputy=colleague, from_date=today, to_date=end, reason="年休假")
    where = f"deputies/own/{row.pk}/end/"
    assert [each["id"] for each in results(Caller(me).get("deputies/own/"))] == [str(row.pk)]
    assert results(Caller(colleague).get("deputies/own/")) == []
    assert_problem(Caller(colleague).post(where, {"to_date": today.isoformat()}), 404, "not_found")
    for wrong in (-1, 6):
        day = (today + timedelta(days=wrong)).isoformat()
        assert_problem(Caller(me).post(where, {"to_date": day}), 422, "invalid", "/to_date")
    assert Caller(me).post(where, {"to_date": today.isoformat()}).status_code == 200
    row.refresh_from_db()
    assert row.to_date == today


def test_who_also_works_elsewhere_leaves_nothing_to_who_does_not() -> None:
    """By oneself nobody's rights are widened: not to another place, not to an auditor's."""
    colleague, today = factories.user("colleague", role="caseworker"), timezone.localdate()
    body = {"deputy": str(colleague.pk), "from_date": today.isoformat(), "reason": "假"}
    body["to_date"] = (today + timedelta(days=1)).isoformat()
    both, auditor = factories.user("both", role="caseworker"), factories.user("auditor", role="caseworker")
    factories.member(both, "caseworker", factories.town(factories.OTHER_TOWN))
    factories.member(auditor, "auditor")
    assert_problem(Caller(both).post("deputies/own/", body), 403, "not_the_same_work", "/deputy")
    assert_problem(Caller(auditor).post("deputies/own/", body), 403, "not_a_colleague")
