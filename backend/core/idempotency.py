"""Repeated requests: the key is claimed by the first statement of a command's transaction and answered by its last.

A command that fails is rolled back with its claim and may be tried again. Of two equal requests at the same moment the
second waits for the first one's end (not longer than lock_timeout, then psycopg's LockNotAvailable) and finds its
answer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from backend.core import prepared
from backend.core.crypto import decrypt
from backend.core.errors import DomainError
from backend.core.models import Answer

KEPT = timedelta(days=14)
"""A helper's telephone may be without network for seven days (domain.md E21) before it repeats what it sent."""

# The update locks the row and changes nothing, except that a claim committed without an answer is taken over.
_CLAIM = """
INSERT INTO core_answer AS answer (user_id, key, fingerprint, body, created_at) VALUES (%s, %s, %s, ''::bytea, %s)
ON CONFLICT (user_id, key) DO UPDATE SET
    fingerprint = CASE WHEN answer.status IS NULL THEN EXCLUDED.fingerprint ELSE answer.fingerprint END
RETURNING id, fingerprint, status, body
"""


class KeyReused(DomainError):
    """The Idempotency-Key was sent before with another request."""

    code = "idempotency_key_reused"
    status = 422
    message = _("This Idempotency-Key belongs to another request.")


@dataclass(frozen=True)
class Given:
    """An answer that was given before."""

    status: int
    body: str


@dataclass(frozen=True)
class Claim:
    """A claimed key: with the first answer when there was one, else the command is to be done now."""

    id: int
    answer: Given | None


def begin(*, user_id: UUID, key: str, fingerprint: bytes, now: datetime) -> Claim:
    """Claim the key for this request (`fingerprint`: SHA-256 of method, address and body). One statement.

    Raises KeyReused when the key was answered for another request.
    """
    id, known, status, body = prepared.execute(_CLAIM, [user_id, key, fingerprint, now]).fetchone()
    if bytes(known) != fingerprint:
        raise KeyReused
    return Claim(id=id, answer=None if status is None else Given(status=status, body=decrypt(body) if body else ""))


def finish(claim: Claim, *, status: int, body: str) -> None:
    """Keep the answer for repetitions. One statement, in the transaction of `begin`."""
    Answer.objects.filter(pk=claim.id).update(status=status, body=body)


def purge(*, now: datetime) -> int:
    """Forget answers older than a repetition can be: how many."""
    count, _by_model = Answer.objects.filter(created_at__lt=now - KEPT).delete()
    return count
