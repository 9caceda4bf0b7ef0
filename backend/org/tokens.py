"""Bearer tokens: opaque to whoever carries them, stored only as a digest."""

import hashlib
import secrets
from datetime import datetime, timedelta

from psycopg import sql

from backend.core import prepared
from backend.org.models import Token, User

BYTES = 32
KEPT = timedelta(days=90)
"""How long a token that ended is kept, for questions about who had one."""


_USER = tuple(field.attname for field in User._meta.concrete_fields if field.name != "password")
_HOLDER = (
    sql.SQL(
        "SELECT {} FROM org_token token JOIN org_user holder ON holder.id = token.user_id"
        " WHERE token.digest = %s AND token.revoked_at IS NULL AND token.expires_at > %s AND holder.is_active"
    )
    .format(sql.SQL(", ").join(sql.Identifier("holder", name) for name in _USER))
    .as_string()
)
"""Asked by every request: as SQL, which Django would build anew each time. The password's hash stays where it is."""


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
    row = prepared.execute(_HOLDER, [digest_of(plain), now]).fetchone()
    return prepared.stored(User, _USER, row) if row else None


def purge(*, now: datetime) -> int:
    """Forget tokens that expired long ago (history still tells of them): how many."""
    count, _by_model = Token.objects.filter(expires_at__lt=now - KEPT).delete()
    return count
