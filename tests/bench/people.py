"""Who works at a place, and how their requests are authenticated."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from backend.org.models import Token, Unit, User
from backend.org.tokens import digest_of, new_secret
from tests import factories


def worker(name: str, role: str, unit: Unit) -> User:
    """Somebody who works there in this role."""
    return factories.user(name, role=role, unit=unit)


def token(user: User) -> str:
    """A bearer token of the user, for the length of a run."""
    plain = new_secret()
    Token.objects.create(user=user, digest=digest_of(plain), expires_at=timezone.now() + timedelta(days=1))
    return plain


def client(user: User) -> Client:
    """Requests of the user to the site in this very process: the whole way but for the network."""
    return Client(headers={"Authorization": f"Bearer {token(user)}"}, SERVER_NAME="localhost")
