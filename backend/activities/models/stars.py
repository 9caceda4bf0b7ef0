"""Stars: what a number of verified hours earns (table D25)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models

from backend.core.models import Record
from backend.helpers.models import Helper
from backend.org.access import granting, in_subtree

if TYPE_CHECKING:
    from backend.org.access import Viewer


class StarAwardQuerySet(models.QuerySet["StarAward"]):
    """Stars by who may see them and by day."""

    def visible_to(self, user: Viewer) -> StarAwardQuerySet:
        """Those of one's subtree; one's own."""
        condition = in_subtree(user, "hours.read", "helper__unit__path")
        if granting(user, "own.hours.read"):
            condition |= models.Q(helper__user_id=user.pk)
        return self.filter(condition)

    def on(self, day: date) -> StarAwardQuerySet:
        """Those announced for long enough that day, and not withdrawn by then."""
        lasting = models.Q(withdrawn_on__isnull=True) | models.Q(withdrawn_on__gt=day)
        return self.filter(lasting, holds_from__lte=day)


class StarAward(Record):
    """A volunteer reached a number of stars: announced at first, then it holds (at least five working days, S40)."""

    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="stars")
    stars = models.PositiveSmallIntegerField()
    half_hours = models.PositiveIntegerField()
    """What had been verified by then."""
    holds_from = models.DateField()
    withdrawn_on = models.DateField(null=True, blank=True)

    objects = StarAwardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["helper", "stars"], condition=models.Q(withdrawn_on__isnull=True), name="star_once"
            ),
        ]

    def __str__(self) -> str:
        return self.helper.name

    @property
    def unit_path(self) -> str:
        """Where the helper's register entry is kept, as a path."""
        return self.helper.unit.path
