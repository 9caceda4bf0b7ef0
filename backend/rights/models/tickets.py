"""Tickets to what is closed (F22): a named person's leave to look at one family's data, for a purpose and some hours.

未成年人网络保护条例 36: whoever of the staff looks at a minor's data needs a responsible person's approval, and it is
recorded. A ticket opens and ends by its own times: no job has to have run.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Family, Person
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import granting, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class AccessTicketQuerySet(models.QuerySet["AccessTicket"]):
    """Tickets by who may see them, and those that open something now."""

    def visible_to(self, user: Viewer) -> AccessTicketQuerySet:
        """Those decided on in one's subtree, and one's own."""
        if not user.is_authenticated:
            return self.none()
        condition = in_subtree(user, "access_ticket.read", "office__path")
        if granting(user, "own.access_ticket.read"):
            condition |= Q(asked_by=user.pk)
        return self.filter(condition)

    def in_force(self, now: datetime) -> AccessTicketQuerySet:
        """Granted, begun and not over."""
        return self.filter(granted=True, from_at__lte=now, to_at__gt=now)


class AccessTicket(Record):
    """Leave to look at what one's role does not open: who asked, at what, why, for how long, and who said yes."""

    class Subject(models.TextChoices):
        NORMAL = "normal", _("identity and telephone")
        HEALTH = "health", _("health data")
        BANK = "bank", _("bank account")
        MINOR = "minor", _("data of a minor")

    class State(models.TextChoices):
        ASKED = "asked", _("to be decided")
        REFUSED = "refused", _("not granted")
        LAPSED = "lapsed", _("not decided in time")
        GRANTED = "granted", _("granted, not begun")
        OPEN = "open", _("opens now")
        OVER = "over", _("its time is over")

    number = models.CharField(max_length=40, unique=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_label = models.CharField(max_length=140)
    role = models.CharField(max_length=20)
    """The role in which it is asked for (decision D32)."""
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="access_tickets")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="access_tickets")
    """Only this one; none: whoever of the family the class is about."""
    subject = models.CharField(max_length=10, choices=Subject.choices)
    """The class of data that it opens."""
    purpose = models.CharField(max_length=20)
    """Code of the list access_purpose."""
    reason = EncryptedText()
    """In the asker's words."""
    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """Where it is decided: the family's township."""
    hours = models.PositiveSmallIntegerField()
    """How long, from `from_at` on; the approver may give less."""
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    """Excluded. Moves with the decision, and to the day it was given back."""
    granted = models.BooleanField(null=True)
    """None: not decided."""
    ruled_out = models.CharField(max_length=40, default="", blank=True)
    """Why the table left nothing to decide (reason code of D32)."""
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_label = models.CharField(max_length=140, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    refusal = EncryptedText(default="", blank=True)
    closed_at = models.DateTimeField(null=True)
    """Given back, or taken back, before its time was over."""
    reviewed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reviewed_label = models.CharField(max_length=140, default="", blank=True)
    reviewed_at = models.DateTimeField(null=True)
    review = models.CharField(max_length=12, default="", blank=True)
    """Code of the list access_review."""
    review_note = EncryptedText(default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = AccessTicketQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(decided_by=F("asked_by")), name="access_ticket_four_eyes"),
            models.CheckConstraint(condition=~Q(reviewed_by=F("asked_by")), name="access_ticket_reviewed_by_other"),
            models.CheckConstraint(
                condition=~Q(granted=True) | Q(decided_by__isnull=False), name="access_ticket_granted_by_somebody"
            ),
            models.CheckConstraint(condition=Q(to_at__gte=F("from_at")), name="access_ticket_times"),
        ]
        indexes = [
            models.Index(fields=["asked_by", "family", "id"], name="access_ticket_asker"),
            models.Index(fields=["office", "id"], name="access_ticket_office"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where it is decided, as a path."""
        return self.office.path

    @property
    def case_id(self) -> UUID | None:
        """It is about a family, not about a case."""
        return None

    def state(self, now: datetime) -> State:
        """Where it stands at that moment: read from what was decided and from the clock."""
        if self.granted is None:
            return self.State.ASKED if now < self.to_at else self.State.LAPSED
        if not self.granted:
            return self.State.REFUSED
        if now < self.from_at:
            return self.State.GRANTED
        return self.State.OPEN if now < self.to_at else self.State.OVER


class AccessUse(Record):
    """One look by a ticket. Only added."""

    ticket = models.ForeignKey(AccessTicket, on_delete=models.PROTECT, related_name="uses")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    field = models.CharField(max_length=20)
    used_at = models.DateTimeField()
