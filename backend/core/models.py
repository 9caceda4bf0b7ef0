"""What every stored thing shares, and the answers remembered for repeated requests."""

from uuid import UUID

import uuid_utils.compat
from django.db import models
from django.utils import timezone

from backend.core.crypto import EncryptedText


def new_id() -> UUID:
    """A time-ordered id (UUID version 7, RFC 9562): rows made later sort later."""
    return uuid_utils.compat.uuid7()


class Record(models.Model):
    """A stored thing: an id that is opaque to the outside and orders by time, and when it was made."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class Answer(models.Model):
    """The first answer to a request that carried an Idempotency-Key, given again when the request is repeated."""

    user_id = models.UUIDField()
    key = models.CharField(max_length=200)
    fingerprint = models.BinaryField(max_length=32)
    """SHA-256 of method, path and body: the same key with another request is refused."""
    status = models.SmallIntegerField(null=True)
    """Null while the first request is not answered."""
    body = EncryptedText(default="")
    """The answer may hold names and more."""
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "key"], name="answer_once")]
        indexes = [models.Index(fields=["created_at"], name="answer_age")]


class JobDone(models.Model):
    """A queued job whose effect has been committed: written in the same transaction, so that it happens once.

    A worker that dies right after its commit leaves its job unfinished in the queue; it is then taken up again.
    """

    job_id = models.BigIntegerField(primary_key=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="job_done_age")]


class JobFailure(models.Model):
    """The last failure of a queued job: when, and what kind of error; neither its message nor the job's arguments, for
    both may name a family."""

    job_id = models.BigIntegerField(primary_key=True)
    error = models.CharField(max_length=120)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["at"], name="job_failure_age")]


class ScheduleRun(models.Model):
    """When a scheduled job last came to its end: what does not run tells nobody, so somebody has to look."""

    name = models.CharField(primary_key=True, max_length=80)
    first_at = models.DateTimeField()
    """Since when it is known: before that nothing can have been missed."""
    at = models.DateTimeField()
