"""A token lets its user in until it expires or is revoked."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.administration.log_in import create_token, log_out, revoke_all
from backend.administration.users import change_password, reset_password, update_user
from backend.audit.models import Event
from backend.org.models import User
from backend.org.tokens import user_of
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return factories.user("zhang", role="caseworker", password="correct horse battery")


@pytest.fixture
def token(user: User, now: datetime) -> str:
    expires = now + timedelta(hours=1)
    return create_token(user=user, label="同步", expires_at=expires, actor=factories.actor(), now=now).plain


def test_one_statement_tells_whom_a_token_lets_in(user: User, token: str, now: datetime) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert user_of(token, now=now) == user
    assert len(queries) == 1
    assert user_of(token + "x", now=now) is None
    assert user_of("", now=now) is None


def test_a_token_expires(user: User, token: str, now: datetime) -> None:
    assert user_of(token, now=now + timedelta(minutes=59)) == user
    assert user_of(token, now=now + timedelta(hours=1)) is None


def test_a_revoked_token_is_nobody(token: str, now: datetime) -> None:
    assert log_out(plain=token, now=now)
    assert user_of(token, now=now) is None
    assert not log_out(plain=token, now=now)
    assert list(Event.objects.order_by("id").values_list("action", flat=True)) == ["token.created", "token.revoked"]


def test_the_history_never_tells_a_token(token: str) -> None:
    assert not Event.objects.filter(body__contains=token).exists()


def test_every_token_ends_when_the_password_changes(user: User, token: str, now: datetime) -> None:
    change_password(user=user, old="correct horse battery", new="a very different one", now=now)
    assert user_of(token, now=now) is None


def test_every_token_ends_when_the_password_is_reset(user: User, token: str, now: datetime) -> None:
    fresh = reset_password(user=user, actor=factories.actor(), now=now)
    assert user_of(token, now=now) is None
    user.refresh_from_db()
    assert user.check_password(fresh)
    assert user.must_change_password


def test_every_token_ends_when_the_user_leaves(user: User, token: str, now: datetime) -> None:
    update_user(user=user, changes={"is_active": False}, actor=factories.actor(), now=now, reason="调离")
    assert user_of(token, now=now) is None


def test_all_tokens_can_be_revoked(user: User, token: str, now: datetime) -> None:
    assert revoke_all(user=user, actor=factories.actor(), now=now, reason="手机丢失") == 1
    assert user_of(token, now=now) is None
