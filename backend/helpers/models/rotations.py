"""Rotations: the people of a unit leave on one day, and what is to become of each family."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from backend.core.models import Record
from backend.helpers.models.helpers import Helper
from backend.helpers.models.pairings import Pairing
from backend.helpers.models.successions import Succession
from backend.org.access import in_subtree
from backend.org.models import Unit

if TYPE_CHECKING:
    from backend.org.access import Viewer


class RotationQuerySet(models.QuerySet["Rotation"]):
    """Rotations by who may see them."""

    def visible_to(self, user: Viewer) -> RotationQuerySet:
        """Those prepared in one's subtree."""
        return self.filter(in_subtree(user, "rotation.read", "office__path"))


class Rotation(Record):
    """People who leave on one day: prepared by one person, approved by another, then carried out family by family.

    Where a unit goes stands nowhere: there is no field for it.
    """

    class State(models.TextChoices):
        PREPARED = "prepared", _("to be approved")
        APPROVED = "approved", _("being carried out")
        DONE = "done", _("carried out")
        CANCELLED = "cancelled", _("cancelled")

    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="rotations")
    """Where it was prepared: only families of this office's area are in it."""
    partner_unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The unit whose people leave; none when people were named one by one."""
    leaving = ArrayField(models.UUIDField(), default=list)
    """The helpers who leave, with families or without."""
    leaves_on = models.DateField()
    """The first day without them."""
    reason = models.CharField(max_length=40)
    """A code of the list helper_end_reason."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARED)
    prepared_by = models.UUIDField()
    prepared_label = models.CharField(max_length=120)
    hands = ArrayField(models.UUIDField(), default=list)
    """Everybody who had a hand in it: none of them approves it."""
    approved_label = models.CharField(max_length=120, default="", blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = RotationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["office", "state"], name="rotation_office")]

    def __str__(self) -> str:
        return self.partner_unit.name if self.partner_unit else str(self.leaves_on)

    @property
    def unit_path(self) -> str:
        """Where it was prepared, as a path."""
        return self.office.path

    def days_ahead(self, day: date) -> int:
        """How many days are left."""
        return (self.leaves_on - day).days


class RotationRow(Record):
    """One family of a rotation: who leaves, who is to be asked, how the days meet."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        BEGUN = "begun", _("successor is sought")
        SKIPPED = "skipped", _("not carried out")

    rotation = models.ForeignKey(Rotation, on_delete=models.PROTECT, related_name="rows")
    place = models.PositiveSmallIntegerField()
    """In the order of need."""
    pairing = models.ForeignKey(Pairing, on_delete=models.PROTECT, related_name="rotation_rows")
    pairing_version = models.PositiveIntegerField()
    """Of the spell as it was previewed."""
    successor = models.ForeignKey(Helper, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Who is to be asked first; none: the family waits."""
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    parts = models.JSONField(default=dict)
    reasons = ArrayField(models.CharField(max_length=30), default=list)
    waits_because = models.CharField(max_length=30, default="", blank=True)
    """none_fits, needed_elsewhere, or nobody_wanted when a person took the proposal away."""
    excluded = models.JSONField(default=dict)
    """How many helpers each hard rule left out."""
    changed_because = models.CharField(max_length=400, default="", blank=True)
    """Why a person decided otherwise than proposed."""
    starts_on = models.DateField(null=True, blank=True)
    """The day from which the successor could be there, when answers take as long as they may."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    problem = models.CharField(max_length=40, default="", blank=True)
    """Why it was not carried out, as a code."""
    succession = models.OneToOneField(
        Succession, null=True, blank=True, on_delete=models.PROTECT, related_name="rotation_row"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rotation", "pairing"], name="rotation_family_once")]
        ordering: ClassVar[list[str]] = ["place"]

    @property
    def gap_days(self) -> int | None:
        """Days without anybody, at least; unknown while the family waits."""
        return None if self.starts_on is None else max(0, (self.starts_on - self.rotation.leaves_on).days)

    @property
    def overlap_days(self) -> int | None:
        """Days on which both are there."""
        return None if self.starts_on is None else max(0, (self.rotation.leaves_on - self.starts_on).days)
