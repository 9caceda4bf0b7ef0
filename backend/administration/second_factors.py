"""Second factors: an authenticator app's code (TOTP), a passkey, recovery codes. django-allauth keeps and checks them.

Which roles must have one is the parameter `login.second_factor_roles` (GB/T 22239-2019, level 3: two kinds of proof for
administrators); anybody may have one. What was set up, lost and guessed wrongly is history; wrong codes count towards
the lock-out like wrong passwords.
"""

from __future__ import annotations

import base64
from datetime import date, datetime
from typing import Any

from allauth.mfa import signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.dispatch import receiver
from django.utils import timezone

from backend.audit.history import record
from backend.core.crypto import decrypt, encrypt
from backend.org import parameters
from backend.org.access import Actor, actor_of, grants
from backend.org.models import User

ROLES = "login.second_factor_roles"
PROOFS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""Recovery codes stand in for one of these; alone they are no second factor."""


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """What allauth asks of us: secrets are stored like other sensitive fields, and the app shows our name."""

    def encrypt(self, text: str) -> str:
        """As a text column holds it."""
        return base64.b64encode(encrypt(text)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again."""
        return decrypt(base64.b64decode(encrypted_text))

    def get_totp_issuer(self) -> str:
        """The name under which an authenticator app lists the account."""
        return "Jieqin 结亲"

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail leaves the site: history tells it."""


def is_asked_of(user: User, *, day: date | None = None) -> bool:
    """Whether a role that the user holds must have a second factor."""
    asked = parameters.value(ROLES, day=day or timezone.localdate(), default=[])
    return any(grant.role in asked for grant in grants(user, day=day))


def is_set_up(user: User) -> bool:
    """Whether the user has one."""
    return bool(Authenticator.objects.filter(user=user, type__in=PROOFS).exists())


def passes(user: User, code: str) -> bool:
    """Whether the code is the one of this half minute, or a recovery code, which is then used up."""
    kept = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN).order_by("-type")
    return any(factor.wrap().validate_code(code) for factor in kept)


def reset(*, user: User, actor: Actor, now: datetime, reason: str) -> int:
    """Take all of them away, of somebody who lost the device: how many there were. See users.reset_second_factor."""
    count: int = Authenticator.objects.filter(user=user, type__in=PROOFS).count()
    Authenticator.objects.filter(user=user).delete()
    if count:
        record(action="second_factor.reset", actor=actor, now=now, object=user, data={}, reason=reason)
    return count


@receiver(signals.authenticator_added)
def _tell_added(user: User, authenticator: Authenticator, **_: Any) -> None:
    _tell("second_factor.added", user, authenticator)


@receiver(signals.authenticator_removed)
def _tell_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    _tell("second_factor.removed", user, authenticator)


def _tell(action: str, user: User, authenticator: Authenticator) -> None:
    if authenticator.type in PROOFS:
        data = {"kind": str(authenticator.type)}
        record(action=action, actor=actor_of(user), now=timezone.now(), object=user, data=data)
