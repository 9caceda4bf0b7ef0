"""Requests and complaints (F21): what somebody complains about, objects to, or wants of the data kept about them.

Who complained is closed to whoever it is about. A complaint or an objection therefore hangs on no case: its events,
work items and instance are found under the office that looks into it, never in the case's history.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case, Family
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models import Helper
from backend.org.access import granting, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class GrievanceQuerySet(models.QuerySet["Grievance"]):
    """Requests and complaints by who may see them."""

    def visible_to(self, user: Viewer) -> GrievanceQuerySet:
        """Those looked into in one's subtree and those one took in oneself; never one that is about oneself."""
        if not user.is_authenticated:
            return self.none()
        condition = in_subtree(user, "grievance.read", "office__path")
        if granting(user, "own.grievance.read"):
            condition |= Q(registered_by_id=user.pk)
        return self.filter(condition).exclude(about_user=user.pk).exclude(about_helper__user=user.pk)

    def open(self) -> GrievanceQuerySet:
        """Those not answered yet."""
        return self.filter(closed_at__isnull=True)


def overdue(now: datetime) -> Q:
    """The one definition of an overdue request: its clock has run out, and nothing is decided."""
    return Q(decided_at__isnull=True, due_at__lt=now)


class Grievance(Record):
    """A complaint, an objection, or what a person asks for by right (PIPL art. 15, 44 to 49)."""

    class Kind(models.TextChoices):
        COMPLAINT = "complaint", _("complaint")
        OBJECTION = "objection", _("objection to a decision")
        SEE = "see", _("see what is kept")
        COPY = "copy", _("a copy of what is kept")
        CORRECT = "correct", _("correct what is kept")
        DELETE = "delete", _("delete what is kept")
        WITHDRAW = "withdraw", _("withdraw a consent")

    class Target(models.TextChoices):
        HELPER = "helper", _("a helper")
        OFFICER = "officer", _("somebody who works here")
        DECISION = "decision", _("a decision")
        DATA = "data", _("the data kept")

    class State(models.TextChoices):
        OPEN = "open", _("being looked into")
        PROPOSED = "proposed", _("to be confirmed by the supervisor")
        DECIDED = "decided", _("decided, to be told")
        CLOSED = "closed", _("answered")

    class Reply(models.TextChoices):
        LETTER = "letter", _("by letter")
        IN_PERSON = "in_person", _("in person")
        PHONE = "phone", _("by telephone")
        NONE = "none", _("nobody to answer (anonymous)")

    class Purpose(models.TextChoices):
        PHOTO = "photo", _("photographs")
        SHARING = "sharing", _("telling helpers and other offices")
        PAIRING = "pairing", _("a helper")
        CARE = "care", _("visits and help altogether")

    number = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    target = models.CharField(max_length=12, choices=Target.choices)
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default="", blank=True)
    """What the consent was for that is withdrawn."""
    about_family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="grievances")
    about_case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")
    about_helper = models.ForeignKey(Helper, null=True, on_delete=models.PROTECT, related_name="+")
    about_user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """The officer it is about, or who signed the decision: neither sees it nor looks into it."""
    text = EncryptedText()
    complainant = EncryptedText(default="", blank=True)
    """Name; empty when anonymous."""
    contact = EncryptedText(default="", blank=True)
    identity = models.CharField(max_length=20, default="", blank=True)
    """How the person's identity was checked (list grievance_identity)."""
    channel = models.CharField(max_length=20)
    """How it came in (list grievance_channel)."""
    reply_by = models.CharField(max_length=12, choices=Reply.choices)
    """How the person wants to be answered."""
    danger = models.BooleanField(default=False)
    """Violence or abuse: within hours, not days."""
    minor = models.BooleanField(default=False)
    """A child is concerned."""
    registered_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    registered_label = models.CharField(max_length=140)
    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """Where it is looked into: decides who sees it."""
    handler = models.CharField(max_length=20, default="", blank=True)
    """The role that looks into it (decision D31)."""
    clock = models.CharField(max_length=20, default="", blank=True)
    due_at = models.DateTimeField()
    notice_by = models.DateTimeField(null=True)
    """By when the person hears that it is looked into (信访工作条例 23: 15 days); none where nobody is to be told."""
    notified_on = models.DateField(null=True)
    notified_by = models.CharField(max_length=12, default="", blank=True)
    """One of Reply: how the person was told that it is looked into."""
    alarm = models.BooleanField(default=False)
    """Somebody is in danger: an emergency is raised beside it (decision D31)."""
    incident_id = models.UUIDField(null=True)
    """That emergency."""
    extended_at = models.DateTimeField(null=True)
    extension = EncryptedText(default="", blank=True)
    """Why more time was needed, as the person was told."""
    escalated_at = models.DateTimeField(null=True)
    holds_case = models.BooleanField(default=False)
    """Nothing is decided in the case until this is."""
    helper_was = models.CharField(max_length=10, default="", blank=True)
    """The helper's status before this suspended it; empty when it did not."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    decision = models.CharField(max_length=20, default="", blank=True)
    """upheld, partly_upheld, not_upheld, transferred, withdrawn."""
    measure = models.CharField(max_length=20, default="", blank=True)
    ban_reason = models.CharField(max_length=20, default="", blank=True)
    """Why the helper is not taken on again (list ban_reason)."""
    removal_asked_on = models.DateField(null=True)
    """When whoever published something was asked to take it down (E22)."""
    restricted = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    """Optional parts of the file that are no longer kept or used (E34)."""
    answer = EncryptedText(default="", blank=True)
    evidence = EncryptedText(default="", blank=True)
    kept_by_law = EncryptedText(default="", blank=True)
    """What has to be kept although deletion was asked for, and by which law (PIPL art. 47)."""
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_label = models.CharField(max_length=140, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    returned = EncryptedText(default="", blank=True)
    confirmed_label = models.CharField(max_length=140, default="", blank=True)
    replied_on = models.DateField(null=True)
    replied_by = models.CharField(max_length=12, default="", blank=True)
    """One of Reply, but for nobody."""
    satisfied = models.CharField(max_length=12, default="", blank=True)
    """yes, no, not_asked: what the person said to the answer."""
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = GrievanceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["office", "id"], name="grievance_office"),
            models.Index(fields=["registered_by", "id"], name="grievance_registered"),
            models.Index(
                fields=["about_case"], condition=Q(holds_case=True, closed_at__isnull=True), name="grievance_hold"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_sealed(self) -> bool:
        """Whether it stays out of the case's history: whoever it is about may read there."""
        return self.kind in {self.Kind.COMPLAINT, self.Kind.OBJECTION}

    @property
    def case_id(self) -> UUID | None:
        """The case whose history tells of it; none when it is sealed."""
        return None if self.is_sealed else self.about_case_id

    @property
    def family_id(self) -> UUID | None:
        """The same for the family."""
        return None if self.is_sealed else self.about_family_id

    @property
    def unit_path(self) -> str:
        """Where it is looked into, as a path."""
        return self.office.path

    @property
    def closed_to(self) -> UUID | None:
        """Whom it is about: neither sees nor does its work items."""
        return self.about_user_id or (self.about_helper.user_id if self.about_helper else None)

    def waits_for_notice(self, now: datetime) -> bool:
        """The person has not heard in time that it is looked into, and has no answer either."""
        untold = self.notified_on is None and self.decided_at is None
        return self.notice_by is not None and untold and self.notice_by < now

    def is_overdue(self, now: datetime) -> bool:
        """The same as `overdue` for one row in memory."""
        return self.decided_at is None and self.due_at < now
