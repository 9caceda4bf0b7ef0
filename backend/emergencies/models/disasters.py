"""A disaster of a place (E30): one list of its families, each reached or not, and the figures of every hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.cases.models import Family
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.emergencies.models.incidents import Incident
from backend.org.access import in_line, in_subtree
from backend.org.models import Unit

if TYPE_CHECKING:
    from backend.org.access import Viewer


class DisasterQuerySet(models.QuerySet["Disaster"]):
    """Disasters by who may know of their rolls."""

    def visible_to(self, user: Viewer) -> DisasterQuerySet:
        """Those of one's subtree, and those of the units above it: a village ticks its part of the town's roll."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(in_line(user, "disaster.read", "unit__path"))


class Disaster(Record):
    """Declared for a unit by a supervisor, ended by a named person."""

    class End(models.TextChoices):
        OVER = "over", pgettext_lazy("disaster", "over")
        MISTAKE = "mistake", _("declared by mistake")

    number = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20)
    """A code of the list disaster_kind."""
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    """When it is expected to be over; past that the supervisor is reminded, nothing ends by itself."""
    instance_id = models.UUIDField(null=True)
    """The run of the process that conducts it."""
    declared_label = models.CharField(max_length=140)
    ended_at = models.DateTimeField(null=True)
    ended_label = models.CharField(max_length=140, default="", blank=True)
    outcome = models.CharField(max_length=10, choices=End.choices, default="", blank=True)
    remark = EncryptedText(default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = DisasterQuerySet.as_manager()

    class Meta:
        constraints = [
            # One roll at a time: two lists of the same families would say different things.
            models.UniqueConstraint(fields=["unit"], condition=Q(ended_at__isnull=True), name="disaster_one_open"),
            models.CheckConstraint(condition=Q(until_at__gt=F("from_at")), name="disaster_times"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where, as a path."""
        return self.unit.path


class RollEntryQuerySet(models.QuerySet["RollEntry"]):
    """Families of a roll by who may know of them."""

    def visible_to(self, user: Viewer) -> RollEntryQuerySet:
        """Families of one's subtree."""
        return self.filter(in_subtree(user, "disaster.read", "family__unit__path"))


class RollEntry(Record):
    """One family in a disaster's roll."""

    class State(models.TextChoices):
        UNKNOWN = "unknown", _("not asked yet")
        REACHED = "reached", _("reached")
        NOT_REACHED = "not_reached", pgettext_lazy("disaster", "not reached")
        NEEDS_HELP = "needs_help", _("needs help")

    disaster = models.ForeignKey(Disaster, on_delete=models.PROTECT, related_name="entries")
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="+")
    tier = models.CharField(max_length=1)
    """The risk tier when the roll was made; D where the family had none."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNKNOWN)
    ticked_at = models.DateTimeField(null=True)
    ticked_label = models.CharField(max_length=140, default="", blank=True)
    note = EncryptedText(default="", blank=True)
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT, related_name="+")
    """The emergency that the need for help became."""
    version = models.PositiveIntegerField(default=1)

    objects = RollEntryQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["disaster", "family"], name="roll_family_once")]
        indexes = [models.Index(fields=["disaster", "tier", "id"], name="roll_by_tier")]

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.family.unit.path


FOUND = [choice for choice in RollEntry.State.choices if choice[0] != RollEntry.State.UNKNOWN]
"""What somebody can tick."""


class RollCount(Record):
    """How a roll stood at an hour: what is reported."""

    disaster = models.ForeignKey(Disaster, on_delete=models.PROTECT, related_name="counts")
    at = models.DateTimeField()
    families = models.PositiveIntegerField()
    reached = models.PositiveIntegerField()
    not_reached = models.PositiveIntegerField()
    needs_help = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["disaster", "at"], name="roll_count_once")]
