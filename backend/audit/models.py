"""History: events that can only be added, each sealed to the one before it by a trigger in the database."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from backend.audit.events import EventQuerySet
from backend.core.models import new_id


class Chain(models.Model):
    """The head of one chain of events: how many there are and the last one's digest. Written only by the trigger."""

    name = models.CharField(primary_key=True, max_length=80)
    length = models.BigIntegerField()
    previous = models.BinaryField(max_length=32, default=b"")
    """The digest before the head: the trigger hands it to the event in the statement that moves the head."""
    head = models.BinaryField(max_length=32)
    sealed = models.BooleanField(default=False)
    """Whether the newest seal knows this head."""

    class Meta:
        indexes = [models.Index(fields=["name"], condition=Q(sealed=False), name="chain_unsealed")]


class Seal(models.Model):
    """The heads that changed since the seal before, signed with a key that the database does not know.

    A superuser can rewrite a chain from its first event to its head; the seals made before still tell the old heads.
    mac = HMAC-SHA-256(key, previous || number || body), body = a line `chain length digest` per head.
    """

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    key = models.CharField(max_length=40)
    body = models.TextField()
    previous = models.BinaryField(max_length=32)
    mac = models.BinaryField(max_length=32)


class Event(models.Model):
    """Something that happened: who, in what role and unit, when, what, from what to what, why.

    `chain`: `case:<id>`, `family:<id>`, `<kind>:<id>` of another object or `system:<day>`. `seq` (1, 2, 3 …),
    `previous` and `digest` are set by the database: digest = SHA-256(previous || seq as 8 bytes || body), body = the
    canonical JSON of everything told here.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    chain = models.CharField(max_length=80)
    seq = models.BigIntegerField(default=0)
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=140)
    role = models.CharField(max_length=20, default="")
    unit_id = models.UUIDField(null=True)
    unit = models.CharField(max_length=120, default="")
    unit_path = models.CharField(max_length=200, default="", db_collation="C")
    """Where it happened: decides who may read it."""
    case_id = models.UUIDField(null=True)
    family_id = models.UUIDField(null=True)
    object_kind = models.CharField(max_length=40, default="")
    object_id = models.CharField(max_length=40, default="")
    object_label = models.CharField(max_length=200, default="")
    reason = models.CharField(max_length=1000, default="")
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, default="")
    body = models.TextField()
    previous = models.BinaryField(max_length=32, default=b"")
    digest = models.BinaryField(max_length=32, default=b"")

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="event_place")]
        indexes = [
            models.Index(fields=["case_id", "at", "id"], name="event_case"),
            models.Index(fields=["family_id", "at", "id"], name="event_family"),
            models.Index(fields=["actor_id", "at"], name="event_actor"),
            models.Index(fields=["action", "at"], name="event_action"),
            models.Index(fields=["at", "id"], name="event_time"),
        ]
