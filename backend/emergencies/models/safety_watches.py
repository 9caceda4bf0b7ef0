"""A refusal by somebody whose capacity is in doubt (E27): who was heard, who signed, the few visits, the reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class SafetyWatchQuerySet(models.QuerySet["SafetyWatch"]):
    """Watches by who may know of them."""

    def visible_to(self, user: Viewer) -> SafetyWatchQuerySet:
        """Those of families in one's subtree."""
        return self.filter(in_subtree(user, "safety_watch.read", "case__unit_path"))


class SafetyWatch(Record):
    """A refusal is doubted until somebody has decided; then the person is looked after, or the refusal stands."""

    class State(models.TextChoices):
        DOUBTED = "doubted", _("relatives are heard")
        WATCHED = "watched", _("looked after")
        ENDED = "ended", _("ended")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    instance_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DOUBTED)
    doubted_because = EncryptedText()
    """What made somebody doubt it: never a diagnosis, what was seen."""
    begun_label = models.CharField(max_length=140)
    ground = models.CharField(max_length=12, default="", blank=True)
    """diagnosis, certificate, observed; `none`: the person understands, the refusal counts."""
    relative = EncryptedText(default="", blank=True)
    """Guardian or near relative: name and how related."""
    relative_says = models.CharField(max_length=12, default="", blank=True)
    witnesses = EncryptedText(default="", blank=True)
    """Two, of whom neither decides."""
    heard_label = models.CharField(max_length=140, default="", blank=True)
    named = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Who decided, and looks at it every month."""
    review_on = models.DateField(null=True)
    outcome = models.CharField(max_length=16, default="", blank=True)
    ended_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = SafetyWatchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(ended_at__isnull=True), name="safety_watch_one_open")
        ]

    def __str__(self) -> str:
        return self.case.number

    @property
    def family_id(self) -> UUID:
        """Whom it is about."""
        found: UUID = self.case.family_id
        return found

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path


class SafetyCheck(Record):
    """One look whether the person is safe: nothing else is asked."""

    watch = models.ForeignKey(SafetyWatch, on_delete=models.PROTECT, related_name="checks")
    at = models.DateTimeField()
    found = models.CharField(max_length=10)
    """safe, danger, not_met."""
    label = models.CharField(max_length=140)
    note = EncryptedText(default="", blank=True)
