"""Whoever has a second factor needs it for a token; roles that must have one get none without."""

from datetime import datetime

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings

from backend.administration import second_factors
from backend.administration.log_in import SecondFactorMissing, SecondFactorNeeded, authenticate, log_in
from backend.audit.models import Event
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.org.parameters import set_parameter
from tests import factories
from tests.authenticators import App, recovery_code

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def user() -> User:
    return factories.user("zhang", role="secadmin", password=PASSWORD)


def test_the_code_goes_with_the_password(user: User, now: datetime) -> None:
    app = App(user)
    with pytest.raises(SecondFactorNeeded):
        log_in(username="zhang", password=PASSWORD, now=now)
    assert log_in(username="zhang", password=PASSWORD, now=now, otp=app.wrong()) is None
    assert log_in(username="zhang", password=PASSWORD, now=now, otp=app.code()) is not None


def test_a_code_works_once(user: User, now: datetime) -> None:
    app, code = App(user), recovery_code(user)
    assert log_in(username="zhang", password=PASSWORD, now=now, otp=code) is not None
    assert log_in(username="zhang", password=PASSWORD, now=now, otp=code) is None
    seen = app.code()
    assert log_in(username="zhang", password=PASSWORD, now=now, otp=seen) is not None
    assert log_in(username="zhang", password=PASSWORD, now=now, otp=seen) is None


def test_wrong_codes_lock_the_account_though_the_password_is_right(user: User, now: datetime) -> None:
    app = App(user)
    for _ in range(settings.LOGIN_FAILURES):
        assert authenticate(username="zhang", password=PASSWORD, now=now) is not None  # forgets no failure
        assert log_in(username="zhang", password=PASSWORD, now=now, otp=app.wrong()) is None
    assert log_in(username="zhang", password=PASSWORD, now=now, otp=app.code()) is None
    assert Event.objects.filter(action="login.locked").count() == 1


def test_a_role_that_must_have_one_gets_no_token_without(user: User, now: datetime) -> None:
    set_parameter(key=second_factors.ROLES, value=["secadmin"], from_date=now.date())
    other = factories.user("li", role="caseworker", password=PASSWORD)
    assert second_factors.is_asked_of(user, day=now.date())
    assert not second_factors.is_asked_of(other, day=now.date())
    with pytest.raises(SecondFactorMissing):
        log_in(username="zhang", password=PASSWORD, now=now)
    assert log_in(username="li", password=PASSWORD, now=now) is not None
    app = App(user)
    assert log_in(username="zhang", password=PASSWORD, now=now, otp=app.code()) is not None


def test_a_lost_device_is_taken_away_and_history_tells_it(user: User, now: datetime) -> None:
    App(user)
    recovery_code(user)
    assert second_factors.reset(user=user, actor=SYSTEM, now=now, reason="telephone lost") == 1
    assert not Authenticator.objects.exists()
    event = Event.objects.get(action="second_factor.reset")
    assert (event.object_label, event.reason) == ("zhang", "telephone lost")
    assert second_factors.reset(user=user, actor=SYSTEM, now=now, reason="again") == 0


def test_the_secret_is_stored_encrypted(user: User) -> None:
    app = App(user)
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data
    assert app.secret not in str(stored)
