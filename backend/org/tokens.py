"""Bearer tokens: opaque to whoever carries them, stored only as a digest."""

import hashlib
import secrets
from datetime import datetime, timedelta

from backend.org.models import Token, User

BYTES = 32
KEPT = timedelta(days=90)
"""How long a token that ended is kept, for questions about who had one."""


def new_secret() -> str:
    """A token to hand out: 256 random bits."""
    return secrets.token_urlsafe(BYTES)


def digest_of(plain: str) -> bytes:
    """What is stored of a token. No salt and no slow hash: nobody guesses 256 random bits."""
    return hashlib.sha256(plain.encode()).digest()


def token_of(plain: str, *, now: datetime) -> Token | None:
    """The token, with its user, when it is known, not expired, not revoked and its user is active. One statement."""
    found = Token.objects.filter(
        digest=digest_of(plain), revoked_at__isnull=True, expires_at__gt=now, user__is_active=True
    )
    return found.select_related("user").first()


def user_of(plain: str, *, now: datetime) -> User | None:
    """Whom the token lets in, or None. One statement."""
    token = token_of(plain, now=now)
    return token.user if token else None


def purge(*, now: datetime) -> int:
    """Forget tokens that expired long ago (history still tells of them): how many."""
    count, _by_model = Token.objects.filter(expires_at__lt=now - KEPT).delete()
    return count
