"""Log-in with a name, a password and (whoever has one) a second factor, and the tokens that come of it.

After so many failures an account is locked for a while (GB/T 22239-2019: limited attempts; the numbers are settings).
Unknown names, wrong passwords and locked accounts get the same answer after the same work.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from backend.administration import second_factors
from backend.audit.history import record
from backend.core.errors import DomainError
from backend.org.access import SYSTEM, Actor, actor_of
from backend.org.models import Token, User
from backend.org.tokens import digest_of, new_secret, token_of


class LogInRefused(DomainError):
    """Name or password are wrong, or the account is locked. Raised by the door, after the failure was stored."""

    code = "log_in_refused"
    status = 401
    message = _("User name or password is wrong, or the account is locked after too many failures.")


class SecondFactorNeeded(DomainError):
    """The password is right, and the account has a second factor: its code goes with it."""

    code = "second_factor_needed"
    status = 401
    message = _("Send the code of your second factor along.")


class SecondFactorMissing(DomainError):
    """The user's role must have a second factor, and none is set up yet: that is done on the pages."""

    code = "second_factor_missing"
    status = 403
    message = _("Your role needs a second factor. Log in on the pages and set one up.")


class Issued(NamedTuple):
    """A new token and the text to hand out, which is stored nowhere."""

    token: Token
    plain: str


def log_in(*, username: str, password: str, now: datetime, address: str = "", otp: str = "") -> Issued | None:
    """A token for the user, or None. See `authenticate`: the door commits in both cases, then raises LogInRefused.

    Raises SecondFactorNeeded and SecondFactorMissing: nothing has happened then.
    """
    user = authenticate(username=username, password=password, now=now, address=address)
    if user is None:
        return None
    if second_factors.is_set_up(user):
        if not otp:
            raise SecondFactorNeeded
        if not second_factors.passes(user, otp):
            count_failure(user=user, now=now, address=address)
            return None
        let_in(user=user, now=now, address=address)
    elif second_factors.is_asked_of(user):
        raise SecondFactorMissing
    return _issue(user, label="", expires_at=now + timedelta(hours=settings.TOKEN_HOURS))


def authenticate(*, username: str, password: str, now: datetime, address: str = "") -> User | None:
    """The user who has this name and password, or None: then a failure is stored, so the door must commit, not raise.

    Whoever has a second factor is not in yet: the door asks for it, then calls `let_in` or `count_failure`. Earlier
    failures are forgotten by `let_in` only, so that knowing the password does not help to guess the code. The
    account's row is locked meanwhile: guesses sent at once count one after another.
    """
    user = User.objects.select_for_update(of=("self",)).filter(username=username).first()
    if user is None or not user.is_active or is_locked(user, now):
        make_password(password)  # as slow as a check
        record(action="login.failed", actor=SYSTEM, now=now, object=user, data={"address": address})
        return None
    if not user.check_password(password):
        count_failure(user=user, now=now, address=address)
        return None
    if not second_factors.is_set_up(user):
        let_in(user=user, now=now, address=address)
    return user


def let_in(*, user: User, now: datetime, address: str = "") -> None:
    """Every proof was right: failures are forgotten, and history knows."""
    user.failures, user.locked_until, user.last_login = 0, None, now
    user.save(update_fields=["failures", "locked_until", "last_login"])
    record(action="login.succeeded", actor=actor_of(user), now=now, object=user, data={"address": address})


def is_locked(user: User, now: datetime) -> bool:
    """Whether the account is locked after too many failures."""
    return user.locked_until is not None and user.locked_until > now


def count_failure(*, user: User, now: datetime, address: str = "") -> None:
    """One wrong password or code more; the last one allowed locks the account for a while."""
    user.failures += 1
    data = {"address": address, "failures": user.failures}
    record(action="login.failed", actor=SYSTEM, now=now, object=user, data=data)
    if user.failures >= settings.LOGIN_FAILURES:
        user.failures, user.locked_until = 0, now + timedelta(minutes=settings.LOGIN_LOCK_MINUTES)
        record(action="login.locked", actor=SYSTEM, now=now, object=user, data={"until": user.locked_until})
    user.save(update_fields=["failures", "locked_until"])


def log_out(*, plain: str, now: datetime) -> bool:
    """Revoke this token: whether there was one to revoke."""
    token = token_of(plain, now=now)
    if token is None:
        return False
    revoke(tokens=[token], actor=actor_of(token.user), now=now, reason="")
    return True


def create_token(*, user: User, label: str, expires_at: datetime, actor: Actor, now: datetime) -> Issued:
    """A token for a program, made by an administrator, with a label that tells what it is for."""
    issued = _issue(user, label=label, expires_at=expires_at)
    data = {"label": label, "expires_at": expires_at}
    record(action="token.created", actor=actor, now=now, object=user, data=data)
    return issued


def revoke(*, tokens: Iterable[Token], actor: Actor, now: datetime, reason: str) -> int:
    """Revoke these tokens, at once: how many were in force."""
    count = 0
    for token in tokens:
        if token.revoked_at is None:
            token.revoked_at = now
            token.save(update_fields=["revoked_at"])
            data = {"token": token.pk, "label": token.label}
            record(action="token.revoked", actor=actor, now=now, object=token.user, data=data, reason=reason)
            count += 1
    return count


def revoke_all(*, user: User, actor: Actor, now: datetime, reason: str) -> int:
    """Revoke every token of the user and end all sessions: how many tokens were in force."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    tokens = user.tokens.filter(revoked_at__isnull=True, expires_at__gt=now).select_related("user")
    return revoke(tokens=tokens, actor=actor, now=now, reason=reason)


def _issue(user: User, *, label: str, expires_at: datetime) -> Issued:
    plain = new_secret()
    return Issued(Token.objects.create(user=user, digest=digest_of(plain), label=label, expires_at=expires_at), plain)
