"""Accounts and tokens from the command line."""

import io
import re
from datetime import date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from backend.administration.first_administrator import make_first_administrator
from backend.ops.startup import DemoInRealUse, refuse_demo_accounts
from backend.org.access import may
from backend.org.models import Membership, User
from backend.org.tokens import user_of
from tests import factories

pytestmark = pytest.mark.django_db


def printed(*command: str) -> str:
    """What a command prints."""
    output = io.StringIO()
    call_command(*command, stdout=output)
    return output.getvalue().strip()


def test_first_administrator_can_make_others_and_read_no_case(now: datetime) -> None:
    factories.town()
    password = make_first_administrator(username="admin", now=now)
    assert password is not None
    user = User.objects.get(username="admin")
    assert user.check_password(password)
    assert user.must_change_password
    assert not user.is_demo
    assert may(user, "user.write")
    assert may(user, "membership.write")
    assert not may(user, "case.read")
    assert Membership.objects.get(user=user).from_date == date(2026, 3, 2)


def test_there_is_only_one_first_administrator(now: datetime) -> None:
    factories.town()
    make_first_administrator(username="admin", now=now)
    assert make_first_administrator(username="other", now=now) is None
    assert printed("create_administrator", "--username", "other") == ""
    assert User.objects.count() == 1


def test_command_prints_the_password_once() -> None:
    factories.town()
    assert User.objects.count() == 0
    line = printed("create_administrator", "--username", "boss")
    password = re.search(r"[0-9a-f]{4}(-[0-9a-f]{4}){4}", line)
    assert password is not None
    assert User.objects.get(username="boss").check_password(password[0])


def test_reset_password_replaces_the_old_one() -> None:
    user = User.objects.create_user("li", name="李", password="the old password")
    password = printed("reset_password", "li")
    user.refresh_from_db()
    assert user.check_password(password)
    assert user.must_change_password
    assert not user.check_password("the old password")


def test_a_token_lets_in_until_it_expires(now: datetime) -> None:
    user = User.objects.create_user("robot", name="数据交换")
    token = printed("create_token", "robot", "--days", "2")
    made = user.tokens.get()
    assert user_of(token, now=made.created_at + timedelta(days=1)) == user
    assert user_of(token, now=made.created_at + timedelta(days=2, seconds=1)) is None
    assert token not in str(made.digest)


@pytest.mark.parametrize("arguments", [("nobody",), ("robot", "--days", "0"), ("robot", "--days", "400")])
def test_no_token_for_nobody_or_for_ever(arguments: tuple[str, ...]) -> None:
    User.objects.create_user("robot", name="数据交换")
    with pytest.raises(CommandError):
        printed("create_token", *arguments)


def test_real_use_is_refused_while_a_demo_account_can_log_in() -> None:
    User.objects.create_user("li", name="李")
    refuse_demo_accounts()
    demo = User.objects.create_user("caseworker", name="陈秀梅", is_demo=True)
    with pytest.raises(DemoInRealUse, match="caseworker"):
        refuse_demo_accounts()
    User.objects.filter(pk=demo.pk).update(is_active=False)
    refuse_demo_accounts()
