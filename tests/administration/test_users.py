"""Users are made and changed by verbs that tell history."""

from datetime import datetime

import pytest

from backend.administration.users import UserNameTaken, WrongPassword, change_password, create_user, update_user
from backend.audit.models import Event
from backend.core.errors import Invalid, StaleVersion
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_new_user_is_told_without_the_password(now: datetime) -> None:
    user = create_user(username="wang", name="王五", password="quite a long one", actor=factories.actor(), now=now)
    assert user.check_password("quite a long one")
    event = Event.objects.get()
    assert (event.action, event.object_label, event.data) == (
        "user.created",
        "王五",
        {"username": "wang", "name": "王五"},
    )
    assert "quite" not in event.body


def test_a_name_is_given_once(now: datetime) -> None:
    factories.user("wang")
    with pytest.raises(UserNameTaken):
        create_user(username="wang", name="王五", password=None, actor=factories.actor(), now=now)


@pytest.mark.parametrize("password", ["short", "password123", "1234567890123"])
def test_weak_passwords_are_refused(password: str, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        create_user(username="wang", name="王五", password=password, actor=factories.actor(), now=now)
    assert {problem.pointer for problem in refused.value.problems} == {"/password"}


def test_a_change_tells_from_what_to_what(now: datetime) -> None:
    user = factories.user("wang", name="王五")
    changed = update_user(
        user=user, changes={"name": "王武", "language": "zh-hans"}, actor=factories.actor(), now=now, version=1
    )
    assert (changed.name, changed.version) == ("王武", 2)
    assert Event.objects.get().data == {"from": {"name": "王五"}, "to": {"name": "王武"}}
    with pytest.raises(StaleVersion):
        update_user(user=user, changes={"name": "王五"}, actor=factories.actor(), now=now, version=1)
    update_user(user=user, changes={"name": "王武"}, actor=factories.actor(), now=now)
    assert Event.objects.count() == 1
    with pytest.raises(ValueError, match="password"):
        update_user(user=user, changes={"password": "x"}, actor=factories.actor(), now=now)


def test_changing_the_password_needs_the_old_one(now: datetime) -> None:
    user = factories.user("wang", password="correct horse battery")
    with pytest.raises(WrongPassword):
        change_password(user=user, old="wrong", new="another long one", now=now)
    with pytest.raises(Invalid):
        change_password(user=user, old="correct horse battery", new="short", now=now)
