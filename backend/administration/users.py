"""Users: made, changed, given passwords."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from backend.administration import second_factors
from backend.administration.log_in import revoke_all
from backend.audit.history import record
from backend.core.errors import Conflict, DomainError, FieldProblem, Invalid, StaleVersion
from backend.org.access import Actor, actor_of
from backend.org.models import User

CHANGEABLE = ("name", "email", "language", "is_active")


class UserNameTaken(Conflict):
    """Somebody has this user name already, perhaps somebody who left: names are never given twice."""

    code = "username_taken"
    message = _("This user name is taken.")


class NoReason(Invalid):
    """Who is shut out may ask why: history has to tell."""

    code = "reason_missing"
    message = _("Say why.")


class WrongPassword(DomainError):
    """The old password is wrong."""

    code = "wrong_password"
    message = _("The old password is wrong.")


def one_time_password() -> str:
    """A password to hand over by voice: easy to read out, changed at the first log-in (80 random bits)."""
    return "-".join(secrets.token_hex(2) for _ in range(5))


def create_user(
    *,
    username: str,
    name: str,
    password: str | None,
    actor: Actor,
    now: datetime,
    email: str = "",
    language: str = "zh-hans",
    is_demo: bool = False,
    must_change_password: bool = True,
) -> User:
    """A new user, who can do nothing until a membership says so. Raises UserNameTaken and Invalid (a weak password)."""
    if User.objects.filter(username=username).exists():
        raise UserNameTaken
    user = User(
        username=username,
        name=name,
        email=email,
        language=language,
        is_demo=is_demo,
        must_change_password=must_change_password,
        created_at=now,
    )
    if password is not None:
        _check_strength(password, user)
    user.set_password(password)
    user.save(force_insert=True)
    record(action="user.created", actor=actor, now=now, object=user, data={"username": username, "name": name})
    return user


def update_user(
    *, user: User, changes: Mapping[str, Any], actor: Actor, now: datetime, version: int | None = None, reason: str = ""
) -> User:
    """Change name, email, language or whether the user may log in; who may not any more loses all tokens.

    Raises StaleVersion when `version` is not the stored one, NoReason when somebody is shut out without one, ValueError
    for another field.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if version is not None and version != user.version:
        raise StaleVersion
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"not changed here: {sorted(unknown)}")
    before = {key: getattr(user, key) for key, new in changes.items() if getattr(user, key) != new}
    if not before:
        return user
    if before.get("is_active") and not reason.strip():
        raise NoReason(problems=[FieldProblem("/reason", "required", NoReason.message)])
    for key in before:
        setattr(user, key, changes[key])
    user.version += 1
    user.save(update_fields=[*before, "version"])
    data = {"from": before, "to": {key: changes[key] for key in before}}
    record(action="user.updated", actor=actor, now=now, object=user, data=data, reason=reason)
    if not user.is_active:
        revoke_all(user=user, actor=actor, now=now, reason=reason)
    return user


def change_password(*, user: User, old: str, new: str, now: datetime) -> None:
    """The user's own change; all tokens end. Raises WrongPassword and Invalid (a weak password)."""
    if not user.check_password(old):
        raise WrongPassword
    _check_strength(new, user)
    _set_password(user, new, must_change=False, actor=actor_of(user), now=now, action="password.changed")


def reset_password(*, user: User, actor: Actor, now: datetime) -> str:
    """A one-time password in place of the forgotten one, returned once; the lock-out and all tokens end."""
    fresh = one_time_password()
    _set_password(user, fresh, must_change=True, actor=actor, now=now, action="password.reset")
    return fresh


def reset_second_factor(*, user: User, actor: Actor, now: datetime, reason: str) -> int:
    """Take a lost second factor away; the sessions and tokens that it opened end. Returns how many there were."""
    count = second_factors.reset(user=user, actor=actor, now=now, reason=reason)
    if count:
        revoke_all(user=user, actor=actor, now=now, reason=reason)
    return count


def _set_password(user: User, password: str, *, must_change: bool, actor: Actor, now: datetime, action: str) -> None:
    user.set_password(password)
    user.must_change_password, user.failures, user.locked_until = must_change, 0, None
    user.save(update_fields=["password", "must_change_password", "failures", "locked_until"])
    record(action=action, actor=actor, now=now, object=user)
    revoke_all(user=user, actor=actor, now=now, reason="")


def _check_strength(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        problems = [
            FieldProblem("/password", found.code or "weak", " ".join(found.messages)) for found in error.error_list
        ]
        raise Invalid(problems=problems) from error
