"""Suspensions: days on which a helper may neither see nor visit a family, though the spell goes on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from backend.core.models import Record
from backend.helpers.models.pairings import Pairing
from backend.org.access import in_subtree

if TYPE_CHECKING:
    from backend.org.access import Viewer

CHECK_EXPIRED = "check_expired"
"""The reason that dates give by themselves: it is lifted by a new check and by nobody's word."""


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    """Suspensions by day and by who may see them."""

    def on(self, day: date) -> SuspensionQuerySet:
        """Those in force on that day."""
        return self.filter(Q(to_date__isnull=True) | Q(to_date__gt=day), from_date__lte=day)

    def visible_to(self, user: Viewer) -> SuspensionQuerySet:
        """Those of families in one's subtree; a helper reads only that there is one, with the own pairing."""
        return self.filter(in_subtree(user, "pairing.read", "pairing__case__unit_path"))


class Suspension(Record):
    """A pairing is suspended from a day (included) to a day (excluded), with a code for why at both ends.

    Rows are added and get an end once; they are never deleted.
    """

    pairing = models.ForeignKey(Pairing, on_delete=models.PROTECT, related_name="suspensions")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=40)
    """Code list `suspension_reason`."""
    end_reason = models.CharField(max_length=40, default="", blank=True)
    """Code list `suspension_end_reason`."""
    decided_by_label = models.CharField(max_length=120, default="", blank=True)
    lifted_by_label = models.CharField(max_length=120, default="", blank=True)

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="suspension_dates"
            ),
            # One at a time for the same reason, whatever two requests do at the same moment.
            ExclusionConstraint(
                name="suspension_no_overlap",
                expressions=[
                    ("pairing", RangeOperators.EQUAL),
                    ("reason", RangeOperators.EQUAL),
                    (Func(F("from_date"), F("to_date"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.pairing.case.unit_path
