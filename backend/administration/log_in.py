"""Log-in with a name and a password, and the tokens that come of it.

After so many failures an account is locked for a while (GB/T 22239-2019: limited attempts; the numbers are settings).
Unknown names, wrong passwords and locked accounts get the same answer after the same work.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext_lazy as _

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


class Issued(NamedTuple):
    """A new token and the text to hand out, which is stored nowhere."""

    token: Token
    plain: str


def log_in(*, username: str, password: str, now: datetime, address: str = "") -> Issued | None:
    """A token for the user, or None. See `authenticate`: the door commits in both cases, then raises LogInRefused."""
    user = authenticate(username=username, password=password, now=now, address=address)
    if user is None:
        return None
    return _issue(user, label="", expires_at=now + timedelta(hours=settings.TOKEN_HOURS))


def authenticate(*, username: str, password: str, now: datetime, address: str = "") -> User | None:
    """The user who has this name and password, or None: then a failure is stored, so the door must commit, not raise.

    The account's row is locked meanwhile: guesses sent at once count one after another.
    """
    user = User.objects.select_for_update(of=("self",)).filter(username=username).first()
    if user is None or not user.is_active or _is_locked(user, now):
        make_password(password)  # as slow as a check
        record(action="login.failed", actor=SYSTEM, now=now, object=user, data={"address": address})
        return None
    if not user.check_password(password):
        _count_failure(user, now, address)
        return None
    user.failures, user.locked_until, user.last_login = 0, None, now
    user.save(update_fields=["failures", "locked_until", "last_login"])
    record(action="login.succeeded", actor=actor_of(user), now=now, object=user, data={"address": address})
    return user


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
    """Revoke every token of the user: how many were in force."""
    tokens = user.tokens.filter(revoked_at__isnull=True, expires_at__gt=now).select_related("user")
    return revoke(tokens=tokens, actor=actor, now=now, reason=reason)


def _issue(user: User, *, label: str, expires_at: datetime) -> Issued:
    plain = new_secret()
    return Issued(Token.objects.create(user=user, digest=digest_of(plain), label=label, expires_at=expires_at), plain)


def _is_locked(user: User, now: datetime) -> bool:
    return user.locked_until is not None and user.locked_until > now


def _count_failure(user: User, now: datetime, address: str) -> None:
    user.failures += 1
    data = {"address": address, "failures": user.failures}
    record(action="login.failed", actor=SYSTEM, now=now, object=user, data=data)
    if user.failures >= settings.LOGIN_FAILURES:
        user.failures, user.locked_until = 0, now + timedelta(minutes=settings.LOGIN_LOCK_MINUTES)
        record(action="login.locked", actor=SYSTEM, now=now, object=user, data={"until": user.locked_until})
    user.save(update_fields=["failures", "locked_until"])
