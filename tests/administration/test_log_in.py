"""Name and password give a token; failures are counted, lock the account for a while, and tell a stranger nothing."""

from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password

from backend.administration.log_in import authenticate, log_in
from backend.audit.models import Event
from backend.org.models import Token, User
from tests import factories

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def user() -> User:
    return factories.user("zhang", role="caseworker", password=PASSWORD)


def fail(now: datetime, times: int = settings.LOGIN_FAILURES) -> None:
    for _ in range(times):
        assert log_in(username="zhang", password="wrong", now=now) is None


def told() -> list[str]:
    return list(Event.objects.order_by("id").values_list("action", flat=True))


def test_the_right_password_gives_a_token_that_is_stored_as_a_digest_only(user: User, now: datetime) -> None:
    issued = log_in(username="zhang", password=PASSWORD, now=now, address="203.0.113.7")
    assert issued is not None
    assert issued.token.user == user
    assert issued.token.expires_at == now + timedelta(hours=settings.TOKEN_HOURS)
    assert issued.plain.encode() not in bytes(Token.objects.get().digest)
    event = Event.objects.get()
    assert (event.action, event.object_label, event.data) == ("login.succeeded", "zhang", {"address": "203.0.113.7"})
    assert (event.actor_id, event.role) == (user.pk, "caseworker")


@pytest.mark.usefixtures("user")
def test_after_too_many_failures_even_the_right_password_is_refused_for_a_while(now: datetime) -> None:
    fail(now)
    assert told()[-1] == "login.locked"
    locked = now + timedelta(minutes=settings.LOGIN_LOCK_MINUTES)
    assert log_in(username="zhang", password=PASSWORD, now=locked - timedelta(microseconds=1)) is None
    assert log_in(username="zhang", password=PASSWORD, now=locked) is not None


def test_a_success_forgets_the_failures_before(user: User, now: datetime) -> None:
    fail(now, settings.LOGIN_FAILURES - 1)
    assert log_in(username="zhang", password=PASSWORD, now=now) is not None
    fail(now, settings.LOGIN_FAILURES - 1)
    user.refresh_from_db()
    assert user.locked_until is None
    assert log_in(username="zhang", password=PASSWORD, now=now) is not None


def test_who_left_does_not_get_in(user: User, now: datetime) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert authenticate(username="zhang", password=PASSWORD, now=now) is None
    assert told() == ["login.failed"]


def test_an_unknown_name_is_told_without_the_typed_text(now: datetime) -> None:
    assert log_in(username="my-password-by-mistake", password="x", now=now, address="203.0.113.7") is None
    event = Event.objects.get()
    assert (event.action, event.data, event.chain) == ("login.failed", {"address": "203.0.113.7"}, "system:2026-03-02")
    assert "mistake" not in event.body


@pytest.mark.usefixtures("user")
def test_an_unknown_name_and_a_locked_account_take_as_long_as_a_wrong_password(now: datetime, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]  # the slow one, as in production
    User.objects.filter(username="zhang").update(password=make_password(PASSWORD))

    def seconds(username: str, at: datetime) -> float:
        begun = perf_counter()
        assert log_in(username=username, password="wrong", now=at) is None
        return perf_counter() - begun

    wrong = min(seconds("zhang", now) for _ in range(2))
    fail(now)
    unknown = min(seconds("nobody", now) for _ in range(2))
    locked = min(seconds("zhang", now) for _ in range(2))
    # Without the hash an answer takes about 2 ms instead of some 60.
    assert unknown > wrong / 3
    assert locked > wrong / 3
