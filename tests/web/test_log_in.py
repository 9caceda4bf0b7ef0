"""The way in and out of the pages."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backend.administration import second_factors
from backend.administration.log_in import revoke_all
from backend.audit.models import Event
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.org.parameters import set_parameter
from tests import factories
from tests.api.caller import Caller
from tests.authenticators import App

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
TODAY, INBOX, LOG_IN, SECOND = "/", "/inbox/", "/log-in/", "/second-factor/"


@pytest.fixture
def user() -> User:
    return factories.user("zhang", role="caseworker", password=PASSWORD)


def log_in(client: Client, password: str = PASSWORD, **more: str) -> tuple[int, str]:
    """Status, and where it leads."""
    answer = client.post(LOG_IN, {"username": "zhang", "password": password, **more})
    return answer.status_code, answer.headers.get("Location", "")


@pytest.mark.usefixtures("user")
def test_to_where_one_was_going(client: Client) -> None:
    answer = client.get(INBOX + "?overdue=true")
    assert answer.status_code == 302
    form = client.get(answer.headers["Location"])
    assert 'value="/inbox/?overdue=true"' in form.content.decode()
    assert log_in(client, next="/inbox/?overdue=true") == (302, "/inbox/?overdue=true")
    assert client.get(INBOX).status_code == 200


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "javascript:alert(1)"])
def test_never_to_another_site(client: Client, target: str) -> None:
    assert log_in(client, next=target) == (302, TODAY)


@pytest.mark.usefixtures("user")
def test_a_wrong_password_says_so_and_keeps_the_name(client: Client) -> None:
    answer = client.post(LOG_IN, {"username": "zhang", "password": "wrong"})
    assert answer.status_code == 401
    assert 'value="zhang"' in answer.content.decode()
    assert client.get(INBOX).status_code == 302


@pytest.mark.usefixtures("user")
def test_too_many_failures_lock_the_account(client: Client) -> None:
    for _ in range(settings.LOGIN_FAILURES):
        assert log_in(client, "wrong")[0] == 401
    assert log_in(client)[0] == 401
    assert Event.objects.filter(action="login.locked").exists()


@pytest.mark.usefixtures("user")
def test_out_again(client: Client) -> None:
    log_in(client)
    assert client.post("/log-out/").status_code == 302
    assert client.get(INBOX).status_code == 302
    assert client.get("/log-out/").status_code == 405  # a link or a picture logs nobody out


def test_whoever_left_is_out_at_once(client: Client, user: User) -> None:
    log_in(client)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get(INBOX).status_code == 302


def test_logged_out_everywhere(client: Client, user: User) -> None:
    log_in(client)
    revoke_all(user=user, actor=SYSTEM, now=timezone.now(), reason="telephone lost")
    assert client.get(INBOX).status_code == 302


def test_the_second_factor_is_asked_for_before_anything_opens(client: Client, user: User) -> None:
    app = App(user)
    assert log_in(client) == (302, SECOND + "authenticate/")
    assert client.get(INBOX).status_code == 302
    wrong = client.post(SECOND + "authenticate/", {"code": app.wrong()})
    assert wrong.status_code == 200
    assert client.get(INBOX).status_code == 302
    assert client.post(SECOND + "authenticate/", {"code": app.code()}).status_code == 302
    assert client.get(INBOX).status_code == 200
    assert Event.objects.filter(action="login.succeeded").count() == 1


def test_wrong_codes_lock_the_account(client: Client, user: User) -> None:
    app = App(user)
    for _ in range(settings.LOGIN_FAILURES):
        log_in(client)
        client.post(SECOND + "authenticate/", {"code": app.wrong()})
    assert log_in(client)[0] == 401
    user.refresh_from_db()
    assert user.locked_until is not None


def test_a_role_that_must_have_one_sets_it_up_first(client: Client, user: User) -> None:
    set_parameter(key=second_factors.ROLES, value=["caseworker"], from_date=factories.LONG_AGO)
    log_in(client)
    answer = client.get(INBOX)
    assert (answer.status_code, answer.headers["Location"]) == (302, SECOND)
    assert client.get(SECOND).status_code == 200
    App(user)
    assert client.get(INBOX).status_code == 200


def test_who_loses_the_second_factor_is_out_at_once(client: Client, user: User) -> None:
    """The device may be in other hands: what it opened is closed, sessions and tokens alike."""
    app = App(user)
    log_in(client)
    client.post(SECOND + "authenticate/", {"code": app.code()})
    caller = Caller(user)
    assert (client.get(INBOX).status_code, caller.get("me/").status_code) == (200, 200)
    security = Caller(factories.user("sec", role="secadmin"))
    address = f"users/{user.pk}/reset-second-factor/"
    assert security.post(address, {"reason": "手机丢了"}).status_code == 204
    assert (client.get(INBOX).status_code, caller.get("me/").status_code) == (302, 401)
    log_in(client)
    assert client.get(INBOX).status_code == 200
    assert security.post(address, {"reason": "再来一次"}).status_code == 204  # there was none: nobody is sent away
    assert client.get(INBOX).status_code == 200


def test_a_role_that_is_given_meanwhile_asks_for_a_second_factor(client: Client, user: User) -> None:
    set_parameter(key=second_factors.ROLES, value=["auditor"], from_date=factories.LONG_AGO)
    log_in(client)
    assert client.get(INBOX).status_code == 200
    factories.member(user, "auditor")
    assert client.get(INBOX).headers["Location"] == SECOND
    App(user)
    assert client.get(INBOX).status_code == 200
    second_factors.reset(user=user, actor=SYSTEM, now=timezone.now(), reason="手机丢了")
    assert client.get(INBOX).headers["Location"] == SECOND


@pytest.mark.usefixtures("user")
def test_an_own_password_comes_before_everything(client: Client) -> None:
    User.objects.update(must_change_password=True)
    log_in(client)
    assert client.get(INBOX).headers["Location"] == "/password/"
    refused = client.post("/password/", {"old": PASSWORD, "new": "short"})
    assert refused.status_code == 422
    assert client.post("/password/", {"old": PASSWORD, "new": "a much longer one 7"}).status_code == 302
    assert client.get(INBOX).status_code == 200


def test_nobody_signs_up_by_oneself(client: Client) -> None:
    assert client.get("/accounts/signup/").status_code == 404
    assert client.get("/signup/").status_code == 404


def test_language_and_text_size_are_remembered(client: Client) -> None:
    answer = client.post("/preferences/", {"language": "en", "next": LOG_IN})
    assert (answer.status_code, answer.headers["Location"]) == (302, LOG_IN)
    assert "<h1" in (page := client.get(LOG_IN).content.decode())
    assert "Log in</h1>" in page
    client.post("/preferences/", {"text_size": "largest", "next": LOG_IN})
    assert 'data-text-size="largest"' in client.get(LOG_IN).content.decode()
    assert client.post("/preferences/", {"language": "xx", "text_size": "huge", "next": LOG_IN}).status_code == 302


def test_every_page_forbids_what_comes_from_elsewhere(client: Client) -> None:
    policy = client.get(reverse("web:log_in")).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
