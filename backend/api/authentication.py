"""Who asks: a bearer token in the Authorization header (RFC 6750)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from backend.org.tokens import user_of

if TYPE_CHECKING:
    from rest_framework.request import Request

    from backend.org.models import User

SCHEME = "Bearer"


class BearerAuthentication(BaseAuthentication):
    """One statement finds the token with its user. Expired and revoked tokens, and users who left, are nobody."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        """The user and the token; None without a bearer header. Raises AuthenticationFailed."""
        scheme, _separator, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME.lower().encode():
            return None
        secret = token.strip().decode("latin-1")
        user = user_of(secret, now=timezone.now()) if secret else None
        if user is None:
            raise AuthenticationFailed(_("The token is unknown, expired or revoked."))
        return user, secret

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return f'{SCHEME} realm="jieqin"'
