"""Logging in and out over HTTP: what the door adds to backend.administration.log_in."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from backend.api.throttling import FailedLogIns
from backend.audit.models import Event
from backend.org.models import Token, User
from tests import factories
from tests.api.caller import Caller, assert_problem

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"


@pytest.fixture(autouse=True)
def _nobody_failed_before() -> None:
    cache.clear()


@pytest.fixture
def user() -> User:
    return factories.user("zhang", role="caseworker", password=PASSWORD)


def log_in(**body: Any) -> Any:
    return Caller(None).post("auth/token/", body)


def test_a_token_that_opens_the_door(user: User) -> None:
    response = log_in(username="zhang", password=PASSWORD)
    assert response.status_code == 201
    token = response.json()["token"]
    expires = datetime.fromisoformat(response.json()["expires_at"])
    assert timedelta(hours=11) < expires - timezone.now() <= timedelta(hours=12)
    me = Caller(None).http.get("/api/me/", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["user"]["username"] == "zhang"
    assert token not in str(Token.objects.values())


def test_the_second_factor_may_be_given(user: User) -> None:
    assert log_in(username="zhang", password=PASSWORD, otp="").status_code == 201
    assert log_in(username="zhang", password=PASSWORD, otp="123456").status_code == 201


def test_logging_out_ends_this_token_only(user: User) -> None:
    one, other = Caller(user), Caller(user)
    assert one.http.delete("/api/auth/token/").status_code == 204
    assert_problem(one.get("me/"), 401, "not_authenticated")
    assert other.get("me/").status_code == 200
    assert Event.objects.filter(action="token.revoked").count() == 1


def test_wrong_ones_are_all_answered_alike(user: User) -> None:
    factories.user("left", password=PASSWORD, is_active=False)
    answers = [
        log_in(username="zhang", password="wrong"),
        log_in(username="nobody", password=PASSWORD),
        log_in(username="left", password=PASSWORD),
    ]
    assert len({response.content for response in answers}) == 1
    assert_problem(answers[0], 401, "log_in_refused")


@pytest.mark.parametrize("body", [{}, {"username": "zhang"}, {"username": 5, "password": []}])
def test_what_is_no_attempt(user: User, body: dict[str, Any]) -> None:
    assert_problem(log_in(**body), 400, "invalid", "/password")


@pytest.mark.django_db(transaction=True)
def test_failures_outlive_the_failed_request_and_lock_the_account(settings: Any) -> None:
    settings.LOGIN_FAILURES = 3
    user = factories.user("zhang", role="caseworker", password=PASSWORD)
    for _attempt in range(3):
        assert_problem(log_in(username="zhang", password="wrong"), 401, "log_in_refused")
    user.refresh_from_db()
    assert user.locked_until is not None
    assert_problem(log_in(username="zhang", password=PASSWORD), 401, "log_in_refused")
    assert Event.objects.filter(action="login.locked").count() == 1
    assert not connection.in_atomic_block


def test_an_address_that_fails_too_often_has_to_wait(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FailedLogIns, "rate", "3/min", raising=False)
    for _attempt in range(3):
        assert log_in(username="nobody", password="wrong").status_code == 401
    response = log_in(username="zhang", password=PASSWORD)
    assert_problem(response, 429, "throttled")
    assert 0 < int(response["Retry-After"]) <= 61


def test_a_whole_township_may_log_in_from_one_address(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FailedLogIns, "rate", "3/min", raising=False)
    assert {log_in(username="zhang", password=PASSWORD).status_code for _one in range(6)} == {201}


def test_a_forged_forwarding_header_makes_no_new_address(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FailedLogIns, "rate", "3/min", raising=False)
    http = Caller(None).http
    codes = [
        http.post(
            "/api/auth/token/",
            {"username": "nobody", "password": "wrong"},
            format="json",
            headers={"X-Forwarded-For": f"10.0.0.{place}"},
        ).status_code
        for place in range(4)
    ]
    assert codes[-1] == 429


def test_an_old_token_does_not_stand_in_the_way(user: User) -> None:
    caller = Caller(user)
    Token.objects.update(expires_at=timezone.now())
    assert caller.post("auth/token/", {"username": "zhang", "password": PASSWORD}).status_code == 201


def test_choosing_an_own_password(user: User) -> None:
    user.must_change_password = True
    user.save()
    caller = Caller(user)
    assert_problem(caller.get("cases/"), 403, "password_change_needed")
    body = {"old": PASSWORD, "new": "correct horse battery"}
    assert_problem(caller.post("me/password/", {**body, "old": "x"}), 422, "wrong_password")
    assert_problem(caller.post("me/password/", {**body, "new": "12345678"}), 422, "invalid")
    assert caller.post("me/password/", body).status_code == 204
    assert_problem(caller.get("me/"), 401, "not_authenticated")
    assert log_in(username="zhang", password=body["new"]).status_code == 201


def test_me(user: User) -> None:
    me = Caller(user).get("me/").json()
    assert me["user"]["name"] == "zhang"
    [held] = me["memberships"]
    assert (held["role"], held["unit"]["name"], held["on_behalf_of"]) == ("caseworker", "大黄堡镇", "")
    assert "case.start" in me["actions"]
    assert "user.write" not in me["actions"]
