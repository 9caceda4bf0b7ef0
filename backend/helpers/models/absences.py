"""Days on which a helper is not there, and who visits the helper's families on these days."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from backend.core.models import Record
from backend.helpers.models.helpers import Helper
from backend.helpers.models.pairings import Pairing
from backend.org.access import granting, grants, in_subtree
from backend.org.models import User

if TYPE_CHECKING:
    from backend.org.access import Viewer

REASONS = ("exams", "duty", "work", "travel", "family", "personal")
"""Code list `absence_reason`. Illness is `personal`: what nobody is asked nobody can tell (PIPL art. 28)."""


def _days() -> Func:
    return Func(F("from_date"), F("to_date"), function="daterange")


Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


def in_force(rows: Rows, day: date) -> Rows:
    """Rows that hold on that day: from a day (included) to a day (excluded, or open)."""
    return rows.filter(Q(to_date__isnull=True) | Q(to_date__gt=day), from_date__lte=day)


def meeting(rows: Rows, from_date: date, to_date: date | None) -> Rows:
    """Rows that hold on at least one day of the span; a row of no day holds on none."""
    found = rows.filter(Q(to_date__isnull=True) | Q(to_date__gt=from_date) & Q(to_date__gt=F("from_date")))
    return found if to_date is None else found.filter(from_date__lt=to_date)


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Absences by who may see them and by day. What was withdrawn never held."""

    def valid(self) -> AbsenceQuerySet:
        """Those that were not withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

    def on(self, day: date) -> AbsenceQuerySet:
        """Who is away on that day."""
        return in_force(self.valid(), day)

    def overlapping(self, from_date: date, to_date: date | None) -> AbsenceQuerySet:
        """Who is away on a day of the span."""
        return meeting(self.valid(), from_date, to_date)

    def visible_to(self, user: Viewer) -> AbsenceQuerySet:
        """Those of helpers kept in one's subtree or with families there; a liaison's own people; one's own."""
        here = StandIn.objects.filter(in_subtree(user, "absence.read", "pairing__case__unit_path"))
        condition = in_subtree(user, "absence.read", "helper__unit__path") | Q(pk__in=here.values("absence"))
        if granting(user, "own.absence.read"):
            partners = [grant.unit_id for grant in grants(user) if grant.role == "liaison"]
            condition |= Q(helper__partner_unit_id__in=partners) | Q(helper__user_id=user.pk)
        return self.filter(condition)


class Absence(Record):
    """A helper is away from a day (included) to a day (excluded; none: until further notice).

    Never deleted: what was entered by mistake is withdrawn. It costs the helper nothing and is counted nowhere (E4).
    """

    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="absences")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=20)
    """One of REASONS."""
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_by_label = models.CharField(max_length=120, default="", blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gt=F("from_date")), name="absence_dates"
            ),
            # Nobody is away twice on the same day, whatever two requests do at the same moment.
            ExclusionConstraint(
                name="absence_no_overlap",
                expressions=[("helper", RangeOperators.EQUAL), (_days(), RangeOperators.OVERLAPS)],
                condition=Q(withdrawn_at__isnull=True),
            ),
        ]

    @property
    def unit_path(self) -> str:
        """Where the helper's register entry is kept, as a path."""
        return self.helper.unit.path


class StandInQuerySet(models.QuerySet["StandIn"]):
    """Stand-ins by day."""

    def on(self, day: date) -> StandInQuerySet:
        """Those in force on that day."""
        return in_force(self, day)

    def overlapping(self, from_date: date, to_date: date | None) -> StandInQuerySet:
        """Those in force on a day of the span."""
        return meeting(self, from_date, to_date)

    def lasting(self) -> StandInQuerySet:
        """Those of at least one day: a row that ended where it began never was in force."""
        return self.filter(Q(to_date__isnull=True) | Q(to_date__gt=F("from_date")))


class StandIn(Record):
    """Who goes to a family while its helper is away, from a day (included) to a day (excluded).

    Without a helper it is the village worker. Another choice ends this row and makes the next one.
    """

    absence = models.ForeignKey(Absence, on_delete=models.PROTECT, related_name="stand_ins")
    pairing = models.ForeignKey(Pairing, on_delete=models.PROTECT, related_name="stand_ins")
    helper = models.ForeignKey(Helper, null=True, blank=True, on_delete=models.PROTECT, related_name="standing_in")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    chosen_by_label = models.CharField(max_length=120, default="", blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    """When somebody whom the family knows told it."""
    told_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    told_by_label = models.CharField(max_length=120, default="", blank=True)

    objects = StandInQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="stand_in_dates"
            ),
            ExclusionConstraint(
                name="stand_in_no_overlap",
                expressions=[("pairing", RangeOperators.EQUAL), (_days(), RangeOperators.OVERLAPS)],
            ),
        ]
        indexes = [models.Index(fields=["helper", "to_date"], name="stand_in_helper")]

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.pairing.case.unit_path
